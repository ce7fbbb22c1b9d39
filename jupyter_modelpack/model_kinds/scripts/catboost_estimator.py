"""Serve a CatBoost model: what its predict() says of the rows of a request.

POST /score {"data": [[5.1, "Porto"], [6.2, "Faro"]]}, one list a row, or one object a row by the names of the model's
features, answers a list with one value a row.
"""

import json
import os
from pathlib import Path

import catboost


def init():
    """Load the model, once, when the service starts."""
    global model
    model = catboost.CatBoostClassifier().load_model(Path(os.environ["AZUREML_MODEL_DIR"], "model.pkl"))


def run(data):
    """Answer the rows of one request."""
    rows = json.loads(data)["data"]
    if rows and isinstance(rows[0], dict):
        rows = [[row[name] for name in model.feature_names_] for row in rows]
    return model.predict(rows).tolist()
