"""LightGBM, trained and asked in init()."""

import json

import lightgbm
import numpy as np


def init():
    global model
    x = np.tile([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]], (1000, 1))
    model = lightgbm.LGBMRegressor(learning_rate=1.0, n_estimators=2, verbose=-1)
    model.fit(x, np.where(x[:, 0] < 0.5, 3.0, 7.0))
    model.predict(x)


def run(data):
    return model.predict(np.array(json.loads(data))).tolist()
