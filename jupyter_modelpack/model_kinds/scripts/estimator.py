"""Serve a fitted model: what its predict() says of the rows of a request.

POST /score {"data": [[5.1, 3.5], [6.2, 2.9]]}, one list a row, answers a list with one value a row.
"""

import json
import os
from pathlib import Path

import joblib
import numpy as np


def init():
    """Load the model, once, when the service starts."""
    global model
    model = joblib.load(Path(os.environ["AZUREML_MODEL_DIR"], "model.pkl"))


def run(data):
    """Answer the rows of one request."""
    rows = json.loads(data)["data"]
    table = np.array(rows)
    if table.dtype.kind in "OU":  # text among the numbers, or null: every value stays what it is
        table = np.array(rows, dtype=object)
        if not any(isinstance(value, str) for value in table.flat):
            table = table.astype(float)  # null is a missing number
    answer = model.predict(table)
    return np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer).tolist()
