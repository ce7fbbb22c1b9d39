"""CatBoost, trained and asked in init()."""

import json

import catboost
import numpy as np


def init():
    global model
    x = np.tile([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]], (1000, 1))
    model = catboost.CatBoostRegressor(
        learning_rate=1.0, iterations=2, l2_leaf_reg=0.0, verbose=0, thread_count=4, allow_writing_files=False
    )
    model.fit(x, np.where(x[:, 0] < 0.5, 3.0, 7.0))
    model.predict(x, thread_count=4)


def run(data):
    return model.predict(np.array(json.loads(data)), thread_count=4).tolist()
