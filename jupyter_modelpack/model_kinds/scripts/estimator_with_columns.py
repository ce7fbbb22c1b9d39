"""Serve a fitted model that knows its columns by name: what its predict() says of the rows of a request.

POST /score {"data": [{"age": 31, "city": "Porto"}]}, one object a row, or one list a row in the order of the
columns, answers a list with one value a row.
"""

import json
import os
from pathlib import Path

import joblib
import numpy as np
import pandas as pd


def init():
    """Load the model, once, when the service starts."""
    global model
    model = joblib.load(Path(os.environ["AZUREML_MODEL_DIR"], "model.pkl"))


def run(data):
    """Answer the rows of one request."""
    rows = json.loads(data)["data"]
    columns = getattr(model, "feature_names_in_", None)  # in the order that the model was fitted with
    named = bool(rows) and isinstance(rows[0], dict)
    frame = pd.DataFrame(rows, columns=None if named else columns)
    if columns is not None:
        frame = frame[list(columns)]
    answer = model.predict(frame.fillna(np.nan))
    return np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer).tolist()
