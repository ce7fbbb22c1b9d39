"""Several models behind one script, and the Open Inference Protocol v2."""

import pytest

from tests.scoring.service import running

SCRIPT = """
    import json
    def init():
        models["late"] = lambda data: ["late", data]
    def run(data):
        return json.loads(data)["data"]
    def double(data):
        return {"twice": [[2 * x for x in row] for row in json.loads(data)["rows"]], "name": "d"}
    async def later(data):
        return ["async", data]
    def refuse(data):
        raise ValueError
    models = {"double": double, "later": later, "refuse": refuse}
"""
TENSOR = {"name": "rows", "shape": [2, 2], "datatype": "FP64", "data": [1.5, 2, 3, 4]}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    (root / "azureml-models" / "ridge" / "3").mkdir(parents=True)
    with running(root, SCRIPT, AZUREML_MODEL_DIR="azureml-models/ridge/3") as service:
        yield service


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/score", {"data": 1}, 1),
        ("/score/ridge", {"data": 1}, 1),
        ("/score/double", {"rows": [[1]]}, {"twice": [[2]], "name": "d"}),
        ("/score/later", 1, ["async", "1"]),
        ("/score/late", 1, ["late", "1"]),
    ],
)
def test_models_have_paths(service, path, body, expected):
    answer = service.post(path, body)
    assert (answer.status, answer.json) == (200, expected)


@pytest.mark.parametrize("path", ["/score/none", "/score/double/x", "/v2/models/none/infer", "/v2/models", "/v3"])
def test_there_are_no_others(service, path):
    assert service.post(path, {}).status == 404


def test_a_dictionary_of_other_things_is_none_of_ours(tmp_path):
    script = "models = {'a': object()}\ndef init(): ...\ndef run(d): return 1"
    with running(tmp_path, script) as service:
        assert service.post("/score/a", 1).status == 404
        assert service.score("").json == 1
        assert service.ask("GET", "/v2/models/model").json["name"] == "model"


def test_health_and_metadata(service):
    assert service.ask("GET", "/v2").json["name"] == "modelpack"
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/ridge/ready", "/v2/models/double/ready"):
        assert service.ask("GET", path).status == 200
    about = service.ask("GET", "/v2/models/ridge").json
    assert (about["name"], about["versions"]) == ("ridge", ["3"])
    assert service.ask("GET", "/v2/models/ridge/infer").status == 405


@pytest.mark.parametrize("path", ["/v2/models/ridge/infer", "/v2/models/ridge/versions/3/infer"])
def test_one_tensor_is_the_data(service, path):
    answer = service.post(path, {"id": "7", "inputs": [TENSOR]})
    output = {"name": "predict", "datatype": "FP64", "shape": [2, 2], "data": [1.5, 2, 3, 4]}
    assert (answer.status, answer.json) == (200, {"model_name": "ridge", "outputs": [output], "id": "7"})


def test_a_dictionary_is_a_tensor_for_each_entry(service):
    nested = {**TENSOR, "data": [[1, 2], [3, 4]]}
    answer = service.post("/v2/models/double/infer", {"inputs": [nested]}).json
    assert answer["outputs"] == [
        {"name": "twice", "datatype": "INT64", "shape": [2, 2], "data": [2, 4, 6, 8]},
        {"name": "name", "datatype": "BYTES", "shape": [1], "data": ["d"]},
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{", "protocol version 2 was expected"),
        ({"data": 1}, "protocol version 2 was expected: KeyError: 'inputs'"),
        ({"inputs": []}, "at least one input"),
        ({"inputs": [{**TENSOR, "shape": [3, 2]}]}, "rows: the shape [3, 2] has 6 values, data has 4."),
        ({"inputs": [{**TENSOR, "shape": [-1]}]}, "rows: the shape [-1] cannot be used."),
        ({"inputs": [{**TENSOR, "shape": [2**40, 2**40]}]}, "cannot be used"),
        ({"inputs": [{**TENSOR, "shape": "x"}]}, "rows: the shape is a list of 64 lengths at most."),
        ({"inputs": [{**TENSOR, "shape": [], "data": 1}]}, "rows: data is a list of the tensor's values."),
    ],
)
def test_a_request_that_is_none_is_told_why(service, body, words):
    answer = service.post("/v2/models/ridge/infer", body)
    assert answer.status == 400
    assert words in answer.json["error"]


def test_an_error_of_the_script(service):
    answer = service.post("/v2/models/refuse/infer", {"inputs": [TENSOR]})
    assert answer.status == 500
    assert answer.json["error"].startswith("An unexpected error occurred")
    assert answer.headers["x-ms-run-function-failed"] == "True"


def test_tensors_for_declared_parameters(tmp_path):
    script = """
        import numpy as np
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
        def init(): ...
        @input_schema("rows", NumpyParameterType(np.array([[1.0, 2.0]])))
        def run(rows):
            return rows * 2
    """
    with running(tmp_path, script) as service:
        output = service.post("/v2/models/model/infer", {"inputs": [TENSOR]}).json["outputs"][0]
        assert (output["shape"], output["data"]) == ([2, 2], [3.0, 4.0, 6.0, 8.0])
