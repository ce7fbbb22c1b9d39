"""Gradient boosting, on an OpenMP pool that init() starts."""

import json

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor


def init():
    global model
    x = np.tile([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]], (1000, 1))
    model = HistGradientBoostingRegressor(learning_rate=1.0, max_iter=2).fit(x, np.where(x[:, 0] < 0.5, 3.0, 7.0))
    model.predict(x)


def run(data):
    return model.predict(np.array(json.loads(data))).tolist()
