"""An index that init() fills and searches."""

import json

import faiss
import numpy as np

DIMENSIONS = 16


def points(rows):
    return np.repeat(np.array(rows, "float32")[:, :1], DIMENSIONS, axis=1)


def init():
    global index
    index = faiss.IndexFlatL2(DIMENSIONS)
    index.add(points([[float(number)] for number in range(20_000)]))
    index.search(points([[1.0]] * 1000), 3)


def run(data):
    return index.search(points(json.loads(data)), 1)[1][:, 0].tolist()
