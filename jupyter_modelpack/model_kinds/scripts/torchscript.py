"""Serve a TorchScript model: its output for the rows of a request, as 32-bit numbers.

POST /score {"data": [[5.1, 3.5], [6.2, 2.9]]} answers a list with one output a row.
"""

import json
import os
from pathlib import Path

import torch


def init():
    """Load the model, once, when the service starts."""
    global model
    model = torch.jit.load(Path(os.environ["AZUREML_MODEL_DIR"], "model.pkl"), map_location="cpu").eval()


def run(data):
    """Answer the rows of one request."""
    rows = torch.tensor(json.loads(data)["data"], dtype=torch.float32)
    with torch.inference_mode():
        return model(rows).tolist()
