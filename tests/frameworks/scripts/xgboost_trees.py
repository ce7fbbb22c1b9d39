"""XGBoost, trained and asked in init()."""

import json

import numpy as np
import xgboost


def init():
    global model
    x = np.tile([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]], (1000, 1))
    model = xgboost.XGBRegressor(learning_rate=1.0, n_estimators=2, reg_lambda=0.0)
    model.fit(x, np.where(x[:, 0] < 0.5, 3.0, 7.0))
    model.predict(x)


def run(data):
    return model.predict(np.array(json.loads(data))).tolist()
