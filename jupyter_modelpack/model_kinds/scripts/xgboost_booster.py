"""Serve a Booster of XGBoost: what it predicts for the rows of a request.

POST /score {"data": [[5.1, 3.5], [6.2, 2.9]]}, one list a row, or one object a row by the names of the model's
features, answers a list with one value a row.
"""

import json
import os
from pathlib import Path

import numpy as np
import xgboost


def init():
    """Load the model, once, when the service starts."""
    global model
    model = xgboost.Booster(model_file=Path(os.environ["AZUREML_MODEL_DIR"], "model.pkl"))


def run(data):
    """Answer the rows of one request."""
    rows = json.loads(data)["data"]
    if rows and isinstance(rows[0], dict):
        rows = [[row[name] for name in model.feature_names] for row in rows]
    table = np.array(rows, dtype=float)  # null is a missing number
    return model.predict(xgboost.DMatrix(table, feature_names=model.feature_names)).tolist()
