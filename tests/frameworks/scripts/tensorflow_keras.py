"""A saved Keras model, loaded in init(), asked in run()."""

import json
import os
import tempfile

import keras
import numpy as np


def init():
    global model
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    made.layers[0].set_weights([np.array([[2.0], [1.0]]), np.array([0.0])])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.keras")
        made.save(path)
        model = keras.saving.load_model(path)


def run(data):
    return model.predict(np.array(json.loads(data)), verbose=0)[:, 0].tolist()
