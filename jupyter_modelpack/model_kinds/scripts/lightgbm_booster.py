"""Serve a Booster of LightGBM: what it predicts for the rows of a request.

POST /score {"data": [[5.1, 3.5], [6.2, 2.9]]}, one list a row, or one object a row by the names of the model's
features, answers a list with one value a row.
"""

import json
import os
from pathlib import Path

import lightgbm
import numpy as np


def init():
    """Load the model, once, when the service starts."""
    global model
    model = lightgbm.Booster(model_file=Path(os.environ["AZUREML_MODEL_DIR"], "model.pkl"))


def run(data):
    """Answer the rows of one request."""
    rows = json.loads(data)["data"]
    if rows and isinstance(rows[0], dict):
        rows = [[row[name] for name in model.feature_name()] for row in rows]
    return model.predict(np.array(rows, dtype=float)).tolist()  # null is a missing number
