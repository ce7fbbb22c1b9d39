"""The files of the real libraries say which version made them, and these are read (`make frameworks`)."""

import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_modelpack.analysis.model_versions import of_files
from tests.services import CHECKOUT

pytestmark = pytest.mark.network

HOME = CHECKOUT / ".cache" / "model-versions"
WANTED = (
    *("scikit-learn==1.5.2", "xgboost-cpu==2.1.4", "lightgbm==4.6.0", "catboost==1.2.10", "statsmodels==0.14.6"),
    *("skops==0.13.0", "spacy==3.8.18", "h5py", "numpy<3", "joblib"),
)
WRITE = """
import pickle, joblib, h5py, skops.io, spacy, numpy as np
from sklearn.ensemble import AdaBoostClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier
from lightgbm import LGBMClassifier
from catboost import CatBoostClassifier
import statsmodels.api as sm

rows = np.random.default_rng(0)
X, y = rows.random((80, 4)), np.arange(80) % 2
ada = AdaBoostClassifier(n_estimators=3).fit(X, y)
grid = GridSearchCV(make_pipeline(StandardScaler(), AdaBoostClassifier(n_estimators=2)), {}).fit(X, y)
for protocol in range(6):
    pickle.dump(ada, open(f"ada{protocol}.pkl", "wb"), protocol)
joblib.dump(grid, "grid.joblib", compress=3)
skops.io.dump(ada, "ada.skops")
boosted = XGBClassifier(n_estimators=2).fit(X, y)
boosted.save_model("x.json")
boosted.save_model("x.ubj")
pickle.dump(boosted, open("x.pkl", "wb"))
joblib.dump(make_pipeline(StandardScaler(), boosted).fit(X, y), "both.joblib")
pickle.dump(LGBMClassifier(n_estimators=2, verbose=-1).fit(X, y).booster_, open("l.pkl", "wb"))
cat = CatBoostClassifier(iterations=2, verbose=0, allow_writing_files=False).fit(X, y)
cat.save_model("c.cbm")
cat.save_model("c.json", format="json")
pickle.dump(cat, open("c.pkl", "wb"))
sm.OLS(y, X).fit().save("s.pkl")
spacy.blank("en").to_disk("en")
with h5py.File("k.h5", "w") as file:  # as Keras does
    file.attrs["keras_version"] = b"2.15.0"
    file.attrs["model_config"] = b"{}" * 4000
"""
SAID = {
    **{f"ada{protocol}.pkl": ["scikit-learn 1.5.2 (AdaBoostClassifier)"] for protocol in range(6)},
    "grid.joblib": ["scikit-learn 1.5.2 (GridSearchCV)"],
    "ada.skops": ["scikit-learn 1.5.2 (AdaBoostClassifier)"],
    "x.json": ["xgboost 2.1.4"],
    "x.ubj": ["xgboost 2.1.4"],
    "x.pkl": ["xgboost 2.1.4"],
    "both.joblib": ["scikit-learn 1.5.2 (Pipeline)", "xgboost 2.1.4"],
    "l.pkl": ["lightgbm"],
    "c.cbm": ["catboost 1.2.10"],
    "c.json": ["catboost 1.2.10"],
    "c.pkl": ["catboost 1.2.10"],
    "s.pkl": ["statsmodels"],
    "en/meta.json": ["spacy >=3.8.18,<3.9.0"],
    "k.h5": ["keras 2.15.0"],
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of libraries that are older than the index's."""
    uv, python = Path(sys.executable).with_name("uv"), HOME / "bin" / "python"
    if not python.exists():
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, HOME], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", python, *WANTED], check=True)
    folder = tmp_path_factory.mktemp("models")
    subprocess.run([python, "-c", WRITE], cwd=folder, check=True, timeout=300)
    return folder


@pytest.mark.parametrize("name", SAID)
def test_a_file_of_the_library_itself(files: Path, name: str) -> None:
    assert sorted(map(str, of_files([(name, files / name)]))) == SAID[name]
