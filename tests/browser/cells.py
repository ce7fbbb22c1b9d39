"""Cells that many notebooks of the tests have."""

LOAD = "%load_ext jupyter_modelpack"


SCRIPT = """import json

def init():
    print("the model is loaded")

def run(data):
    return [sum(row) for row in json.loads(data)["data"]]
"""
