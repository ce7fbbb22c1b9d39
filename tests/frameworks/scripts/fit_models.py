"""Fit a small model of one library, as people do, and say what it answers: `python fit_models.py CASE`.

Writes the model's file and rows.json; prints the file's name and the answer as JSON.
"""

import json
import sys

import numpy as np

ROWS = np.random.default_rng(0).normal(size=(80, 3))
TARGETS = (ROWS[:, 0] + ROWS[:, 1] > 0).astype(int)


def frame():
    import pandas as pd

    return pd.DataFrame(ROWS, columns=["a", "b", "c"])


def records(table):
    return json.loads(table[:5].to_json(orient="records"))


def xgboost_classifier():
    import xgboost

    model = xgboost.XGBClassifier(n_estimators=5).fit(frame(), TARGETS)
    model.save_model("model.json")
    return "model.json", records(frame()), model.predict(frame()[:5])


def xgboost_regressor():
    import xgboost

    model = xgboost.XGBRegressor(n_estimators=5).fit(ROWS, TARGETS)
    model.save_model("model.ubj")
    return "model.ubj", ROWS[:5].tolist(), model.predict(ROWS[:5])


def xgboost_booster():
    import xgboost

    model = xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(ROWS, TARGETS), 5)
    model.save_model("model.json")
    return "model.json", ROWS[:5].tolist(), model.predict(xgboost.DMatrix(ROWS[:5]))


def xgboost_pickle():
    import joblib
    import xgboost

    model = xgboost.XGBRegressor(n_estimators=5).fit(frame(), TARGETS)
    joblib.dump(model, "model.pkl")
    return "model.pkl", records(frame()), model.predict(frame()[:5])


def lightgbm_booster():
    import lightgbm

    model = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(frame(), TARGETS), 5)
    model.save_model("model.txt")
    return "model.txt", records(frame()), model.predict(frame()[:5])


def lightgbm_pickle():
    import joblib
    import lightgbm

    model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(frame(), TARGETS)
    joblib.dump(model, "model.pkl")
    return "model.pkl", records(frame()), model.predict(frame()[:5])


def catboost_classifier():
    import catboost

    table = frame().assign(c=["u", "v"] * 40)
    model = catboost.CatBoostClassifier(iterations=5, verbose=0).fit(table, TARGETS, cat_features=["c"])
    model.save_model("model.cbm")
    return "model.cbm", records(table), model.predict(table[:5])


def onnx():
    from skl2onnx import to_onnx
    from sklearn.linear_model import Ridge

    model = Ridge().fit(ROWS, TARGETS)
    with open("model.onnx", "wb") as file:
        file.write(to_onnx(model, ROWS[:1].astype(np.float32)).SerializeToString())
    return "model.onnx", ROWS[:5].tolist(), model.predict(ROWS[:5]).reshape(-1, 1)


def skops():
    import skops.io
    from sklearn.linear_model import Ridge

    model = Ridge().fit(frame(), TARGETS)
    skops.io.dump(model, "model.skops")
    return "model.skops", records(frame()), model.predict(frame()[:5])


def statsmodels_formula():
    import statsmodels.formula.api as smf

    model = smf.ols("y ~ a + np.log(b * b)", data=frame().assign(y=TARGETS)).fit()
    model.save("model.pkl")
    return "model.pkl", records(frame()), model.predict(frame()[:5])


def imbalanced_pipeline():
    import joblib
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.pipeline import make_pipeline
    from sklearn.linear_model import Ridge

    model = make_pipeline(RandomOverSampler(random_state=0), Ridge()).fit(ROWS, TARGETS)
    joblib.dump(model, "model.joblib", compress=3)
    return "model.joblib", ROWS[:5].tolist(), model.predict(ROWS[:5])


def sklearn_columns():
    import joblib
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    cities = ["Porto", "Faro", np.nan, "Porto"] * 20
    table = pd.DataFrame({"age": [31, np.nan, 40, 25] * 20, "city": cities, "x": ROWS[:, 0]})
    columns = ColumnTransformer([("n", SimpleImputer(), ["age", "x"]), ("c", OneHotEncoder(), ["city"])])
    model = make_pipeline(columns, Ridge()).fit(table, TARGETS)
    joblib.dump(model, "model.pkl")
    return "model.pkl", records(table[["city", "x", "age"]]), model.predict(table[:5])


def torchscript():
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1)).eval()
    torch.jit.script(model).save("model.pt")
    with torch.inference_mode():
        return "model.pt", ROWS[:5].tolist(), model(torch.tensor(ROWS[:5], dtype=torch.float32)).numpy()


def keras():
    from tensorflow import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
    model.save("model.keras")
    return "model.keras", ROWS[:5].tolist(), model.predict(ROWS[:5], verbose=0)


file, rows, answer = globals()[sys.argv[1]]()
with open("rows.json", "w") as out:
    json.dump({"data": rows}, out)
print(json.dumps([file, np.asarray(answer).tolist()]))
