"""inference_schema's decorators: the real package there, ours here (azure-differences.md 7.3, 7.8)."""

from tests.scoring_diff.case import Script, get, post

IMPORTS = """
import datetime
import numpy as np
import pandas as pd
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
def init(): ...
"""
ARRAYS = Script(
    "arrays",
    IMPORTS
    + """
@input_schema("data", NumpyParameterType(np.array([[1.0, 2.0, 3.0]])))
@input_schema("method", StandardPythonParameterType("mean"))
@output_schema(NumpyParameterType(np.array([1.0])))
def run(data, method="mean"):
    return [type(data).__name__, str(data.dtype), data.shape, method]
""",
    (
        post("array", '{"data": [[1, 2, 3], [4, 5, 6]], "method": "max"}'),
        post("a default", '{"data": [[1, 2, 3]]}'),
        post("unknown keys", '{"data": [[1, 2, 3]], "other": 1}'),
        get("array by GET", "/score?data=[[1,2,3]]&method=min"),
        post("schema: empty", ""),
        post("schema: broken", "{"),
        post("schema: a list", "[1]"),
        post("schema: nothing given", "{}"),
        post("schema: other type", "{}", kind="text/csv"),
        post("schema: a charset", '{"data": [[1, 2, 3]]}', kind="application/json; charset=utf-8"),
        post("schema: curl -d", '{"data": [[1, 2, 3]]}', kind="application/x-www-form-urlencoded"),
        post("array: too few columns", '{"data": [[1, 2]]}'),
        post("array: text in a cell", '{"data": [[1, "x", 3]]}'),
        post("array: no list", '{"data": "x"}'),
        post("array: number as text", '{"data": [["1", "2", "3"]]}'),
        post("method: a number", '{"data": [[1, 2, 3]], "method": 5}'),
        get("arrays described, 2.0", "/swagger.json"),
        get("arrays described, 3.0", "/swagger.json?version=3"),
        get("arrays described, 3.1", "/swagger.json?version=3.1"),
    ),
)
FRAMES = Script(
    "frames",
    IMPORTS
    + """
@input_schema("rows", PandasParameterType(pd.DataFrame({"age": [1], "name": ["x"], "score": [0.5]})))
@output_schema(StandardPythonParameterType([0.5]))
def run(rows):
    return [list(rows.columns), [str(kind) for kind in rows.dtypes][::2], rows.to_dict(orient="list")]
""",
    (
        post("frame", '{"rows": [{"age": 3, "name": "a", "score": 1.5}, {"age": 4, "name": "b", "score": 2}]}'),
        post("frame: other order", '{"rows": [{"score": 1.5, "age": 3, "name": "a"}]}'),
        post("frame: a column missing", '{"rows": [{"age": 3, "name": "a"}]}'),
        post("frame: a column too many", '{"rows": [{"age": 3, "name": "a", "score": 1, "more": 1}]}'),
        post("frame: text for a number", '{"rows": [{"age": "x", "name": "a", "score": 1}]}'),
        post("frame: no table", '{"rows": 5}'),
        get("frames described", "/swagger.json"),
    ),
)
NESTED = Script(
    "nested",
    IMPORTS
    + """
@input_schema("Inputs", StandardPythonParameterType(
    {"rows": NumpyParameterType(np.array([[1, 2]])), "note": StandardPythonParameterType("x")}))
@input_schema("when", StandardPythonParameterType(datetime.date(2026, 1, 1)))
@input_schema("GlobalParameters", StandardPythonParameterType(1.0))
@output_schema(StandardPythonParameterType({"Results": StandardPythonParameterType([1])}))
def run(Inputs, GlobalParameters, when=None):
    return [type(Inputs["rows"]).__name__, Inputs["note"], GlobalParameters, type(when).__name__]
""",
    (
        post("nested", '{"Inputs": {"rows": [[1, 2]], "note": "n"}, "GlobalParameters": 2.5, "when": "2025-01-02"}'),
        post("an integer for a float", '{"Inputs": {"rows": [[1, 2]], "note": "n"}, "GlobalParameters": 2}'),
        post("nested: wrong", '{"Inputs": {"rows": "x", "note": "n"}, "GlobalParameters": 1.5}'),
        get("nested described", "/swagger.json"),
    ),
)
PLAIN = Script(
    "plain",
    IMPORTS
    + """
@input_schema("text", StandardPythonParameterType("x"))
@input_schema("flag", StandardPythonParameterType(True))
@input_schema("items", StandardPythonParameterType([1, 2]))
@input_schema("many", StandardPythonParameterType({"a": 1, "b": [1.5]}))
@output_schema(StandardPythonParameterType({"a": 1}))
def run(text, flag, items, many):
    return [text, flag, items, many]
""",
    (
        post("plain values", '{"text": "t", "flag": false, "items": ["any"], "many": {"c": 1}}'),
        post("a text that is null", '{"text": null, "flag": true, "items": [], "many": {}}'),
        get("plain described, 2.0", "/swagger.json"),
        get("plain described, 3.0", "/swagger.json?version=3"),
    ),
)
HINTS = Script(
    "hints",
    """
def init(): ...
def run(data: list[float]) -> list[str]:
    return [type(data).__name__]
""",
    (post("hinted", "[1.5]"), get("hinted: described", "/swagger.json")),
)
CORPUS = (ARRAYS, FRAMES, NESTED, PLAIN, HINTS)
