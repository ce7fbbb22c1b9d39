"""numpy, whose OpenBLAS has threads as soon as it is imported, and gives them back before a fork."""

import json

import numpy as np


def init():
    large = np.ones((600, 600))
    assert (large @ large).sum() == 600.0**3


def run(data):
    init()
    return (np.array(json.loads(data)) @ np.array([2.0, 1.0])).tolist()
