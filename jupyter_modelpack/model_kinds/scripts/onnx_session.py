"""Serve an ONNX model: its first output for the rows of a request.

POST /score {"data": [[5.1, 3.5], [6.2, 2.9]]} answers a list with one value a row. A model with several inputs takes one
object a row, with a value by the name of each input.
"""

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime

TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}


def init():
    """Load the model, once, when the service starts."""
    global model
    model = onnxruntime.InferenceSession(Path(os.environ["AZUREML_MODEL_DIR"], "model.pkl"))


def run(data):
    """Answer the rows of one request."""
    rows = json.loads(data)["data"]
    inputs = model.get_inputs()
    if len(inputs) == 1 and not (rows and isinstance(rows[0], dict)):
        feed = {inputs[0].name: np.array(rows, dtype=TYPES[inputs[0].type])}
    else:
        feed = {one.name: np.array([_at_least_one(row[one.name]) for row in rows], TYPES[one.type]) for one in inputs}
    return np.asarray(model.run(None, feed)[0]).tolist()


def _at_least_one(value):
    return value if isinstance(value, list) else [value]
