"""Serve an XGBoost model of the scikit-learn interface: what its predict() says of the rows of a request.

POST /score {"data": [[5.1, 3.5], [6.2, 2.9]]}, one list a row, or one object a row by the names of the model's
features, answers a list with one value a row.
"""

import json
import os
from pathlib import Path

import numpy as np
import sklearn  # which the model's class is made of
import xgboost


def init():
    """Load the model, once, when the service starts."""
    global model, names
    model = xgboost.XGBClassifier()
    model.load_model(Path(os.environ["AZUREML_MODEL_DIR"], "model.pkl"))
    names = model.get_booster().feature_names


def run(data):
    """Answer the rows of one request."""
    rows = json.loads(data)["data"]
    if rows and isinstance(rows[0], dict):
        rows = [[row[name] for name in names] for row in rows]
    return model.predict(np.array(rows, dtype=float)).tolist()  # null is a missing number
