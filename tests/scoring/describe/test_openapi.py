"""Descriptions of a service: from decorators, type hints or the packaged sample (azure-differences.md 7.8)."""

import json

import pytest

from tests.scoring.service import running

HINTS = """
    from __future__ import annotations
    import dataclasses, enum, json
    from typing import Annotated, Iterator, Literal, Optional, TypedDict
    class Colour(enum.Enum):
        RED = "red"
        BLUE = "blue"
    class Row(TypedDict):
        age: int
        weight: float | None
        colour: Colour
    @dataclasses.dataclass
    class Query:
        rows: list[Row]
        method: Literal["mean", "max"] = "mean"
        table: dict[str, list[bool]] = dataclasses.field(default_factory=dict)
    def init(): ...
    def run(data: Query) -> list[float]:
        return [type(data).__name__]
    def words(text: str) -> Iterator[str]:
        yield text
    def loose(data: "NoSuchName") -> None: ...
    models = {"words": words, "loose": loose}
"""
ODD = """
    from __future__ import annotations
    import dataclasses, enum
    class Odd(enum.Enum):
        THING = object()
    @dataclasses.dataclass
    class Nested:
        inner: NoSuchName
    @dataclasses.dataclass
    class Node:
        value: int
        left: Node | None
        middle: Node | None
        right: Node | None
    def init(): ...
    def run(data: Node) -> None: ...
    def nested(data: Nested) -> int: ...
    def odd(data: Odd) -> int: ...
    models = {"nested": nested, "odd": odd}
"""
ROW = {
    "type": "object",
    "properties": {
        "age": {"type": "integer", "format": "int64"},
        "weight": {"anyOf": [{"type": "number", "format": "double"}, {"type": "null"}]},
        "colour": {"enum": ["red", "blue"]},
    },
    "required": ["age", "colour", "weight"],
}
QUERY = {
    "type": "object",
    "properties": {
        "rows": {"type": "array", "items": ROW},
        "method": {"enum": ["mean", "max"]},
        "table": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "boolean"}}},
    },
    "required": ["rows"],
}
NUMBERS = {"type": "array", "items": {"type": "number", "format": "double"}}


@pytest.fixture(scope="module")
def hinted(tmp_path_factory):
    with running(tmp_path_factory.mktemp("hinted"), HINTS, MODELPACK_SAMPLE='{"rows": []}') as service:
        yield service


def schemas(service) -> dict:
    return service.ask("GET", "/openapi.json").json["components"]["schemas"]


def test_hints_describe_and_change_nothing(hinted):
    assert hinted.score({"rows": []}).json == ["str"]  # as Azure's server calls it
    assert schemas(hinted)["ServiceInput"] == {**QUERY, "example": {"rows": []}}
    assert schemas(hinted)["ServiceOutput"] == NUMBERS
    assert schemas(hinted)["WordsInput"] == {}
    assert schemas(hinted)["WordsOutput"] == {"type": "string"}
    assert schemas(hinted)["LooseInput"] == schemas(hinted)["LooseOutput"] == {}


def test_classes_that_cannot_be_described_or_have_no_end_stop_no_service(tmp_path):
    integer = {"type": "integer", "format": "int64"}
    again = {"anyOf": [{"type": "object"}, {"type": "null"}]}
    with running(tmp_path, ODD) as service:
        found = schemas(service)
        assert [found[name] for name in ("NestedInput", "OddInput")] == [{}, {}]
        assert [found[name] for name in ("NestedOutput", "OddOutput")] == [integer, integer]
        sides = {"left": again, "middle": again, "right": again}
        assert found["ServiceInput"]["properties"] == {"value": integer, **sides}


def test_the_old_dialect_knows_neither_unions_nor_null(hinted):
    document = hinted.ask("GET", "/swagger.json").json
    row = document["definitions"]["ServiceInput"]["properties"]["rows"]["items"]
    assert row["properties"]["weight"] == {"type": "number", "format": "double", "x-nullable": True}
    assert "anyOf" not in json.dumps(document)


def test_every_route_is_described_and_answers(hinted):
    document = hinted.ask("GET", "/openapi.json").json
    assert document["openapi"] == "3.1.0"
    models = ("model", "words", "loose")
    assert set(document["paths"]) == {
        *("/", "/ready", "/score", "/swagger.json", "/openapi.json", "/metrics"),
        *("/v2", "/v2/health/live", "/v2/health/ready"),
        *(f"/score/{model}" for model in models),
        *(f"/v2/models/{model}{verb}" for model in models for verb in ("", "/ready", "/infer")),
    }
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for path, item in document["paths"].items():
        for method in item:
            assert hinted.ask(method.upper(), path).status not in {404, 405}, path
    assert "security" not in json.dumps(document["paths"])
    assert document["security"] == []


def test_keys_are_described_where_they_are_asked_for(tmp_path):
    with running(tmp_path, MODELPACK_KEYS="abc") as service:
        document = service.ask("GET", "/openapi.json", headers={"Authorization": "Bearer abc"}).json
        assert document["security"] == [{"Bearer": []}]
        assert document["components"]["securitySchemes"]["Bearer"] == {"type": "http", "scheme": "bearer"}


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("", {"type": "object", "example": {}}),
        ("no json", {"type": "object", "example": {}}),
        (
            '{"data": [[1.5, 2.5]]}',
            {
                "type": "object",
                "required": ["data"],
                "properties": {"data": {"type": "array", "items": NUMBERS}},
                "example": {"data": [[1.5, 2.5]]},
            },
        ),
    ],
)
def test_a_packaged_sample_describes_what_nothing_else_does(tmp_path, sample, expected):
    with running(tmp_path, MODELPACK_SAMPLE=sample) as service:
        assert schemas(service)["ServiceInput"] == expected


def test_the_metadata_of_a_model_names_its_tensors(tmp_path):
    script = """
        import numpy as np
        from inference_schema.schema_decorators import input_schema, output_schema
        from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
        from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
        def init(): ...
        @input_schema("rows", NumpyParameterType(np.array([[1.0, 2.0, 3.0]])))
        @input_schema("method", StandardPythonParameterType("mean"))
        @output_schema(NumpyParameterType(np.array([1])))
        def run(rows, method): ...
        def plain(data) -> list[list[bool]]: ...
        def other(data: list[dict]): ...
        models = {"plain": plain, "other": other}
    """

    def tensors(service, model):
        found = service.ask("GET", f"/v2/models/{model}").json
        return found["inputs"], found["outputs"]

    with running(tmp_path, script) as service:
        assert tensors(service, "model") == (
            [
                {"name": "rows", "datatype": "FP64", "shape": [-1, 3]},
                {"name": "method", "datatype": "BYTES", "shape": [1]},
            ],
            [{"name": "predict", "datatype": "INT64", "shape": [-1]}],
        )
        assert tensors(service, "plain") == ([], [{"name": "predict", "datatype": "BOOL", "shape": [-1, -1]}])
        assert tensors(service, "other") == ([], [])
    with running(tmp_path / "sampled", MODELPACK_SAMPLE='{"data": [[1, 2]]}') as service:
        assert tensors(service, "model") == ([{"name": "data", "datatype": "INT64", "shape": [-1, -1]}], [])
