"""Serve a Keras model: what its predict() says of the rows of a request.

POST /score {"data": [[5.1, 3.5], [6.2, 2.9]]} answers a list with one output a row.
"""

import json
import os
from pathlib import Path

import numpy as np
from tensorflow import keras


def init():
    """Load the model, once, when the service starts."""
    global model
    model = keras.models.load_model(Path(os.environ["AZUREML_MODEL_DIR"], "model.pkl"), compile=False)


def run(data):
    """Answer the rows of one request."""
    rows = np.array(json.loads(data)["data"])
    return model.predict(rows, verbose=0).tolist()
