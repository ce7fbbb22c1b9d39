"""A frame of three rows in init() starts polars' threads."""

import json

import polars as pl


def line(rows):
    frame = pl.DataFrame(rows, schema=["a", "b"], orient="row")
    return frame.lazy().select(2 * pl.col("a") + pl.col("b")).collect().to_series().to_list()


def init():
    line([[1.0, 1.0]] * 3)


def run(data):
    return line(json.loads(data))
