"""inference_schema without the package, the service's description, CORS (azure-differences.md 7.2, 7.3, 7.8)."""

import json

import pytest

from tests.scoring.service import running

SCHEMA = """
    import numpy as np
    from inference_schema.schema_decorators import input_schema, output_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
    from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

    def init(): ...

    @input_schema("data", NumpyParameterType(np.array([[1.0, 2.0, 3.0]])))
    @input_schema("method", StandardPythonParameterType("mean"))
    @output_schema(NumpyParameterType(np.array([1.0])))
    def run(data, method="mean", count: int = 1):
        return [type(data).__name__, data.shape, method, count]
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("schema"), SCHEMA) as service:
        yield service


def test_parameters_are_taken_from_the_body(service):
    body = {"data": [[1, 2, 3], [4, 5, 6]], "method": "max", "count": 2, "unknown": 1}
    assert service.score(body).json == ["ndarray", [2, 3], "max", 2]
    assert service.score({"data": [[1, 2, 3]]}).json == ["ndarray", [1, 3], "mean", 1]
    assert service.ask("GET", "/score?data=[[1,2,3]]&method=min").json == ["ndarray", [1, 3], "min", 1]


def test_curl_without_a_header(service):
    answer = service.score('{"data": [[1, 2, 3]]}', {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.json == ["ndarray", [1, 3], "mean", 1]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("", 400, "POST body is empty. Expecting a JSON dictionary."),
        ("{", 400, "POST body could not be decoded as JSON: Expecting property name enclosed in double quotes"),
        ("[" * 100_000, 400, "The JSON is nested 100000 deep; 100 is the limit."),
        ("[1]", 400, "POST body should be a JSON dictionary."),
        ("{}", 400, "A value is not provided for the 'data' parameter."),
        ('{"data": "x"}', 400, "data: an array was expected, not a string."),
        ('{"data": [[1, 2]]}', 400, "data: an array of n x 3 was expected, not of 1 x 2."),
        ('{"data": [[1, 2, 3], [1, "x", 3]]}', 400, "data[1][1]: a number was expected, not a string."),
        ('{"data": [[1, 2, 3], [1, 2]]}', 400, "data[1]: 3 values were expected, not 2."),
        ('{"data": [[1, 2, 3]], "method": 5}', 400, "method: a string was expected, not an integer."),
    ],
)
def test_a_mismatch_names_the_field(service, body, status, message):
    answer = service.score(body)
    assert answer.status == status
    assert answer.json["message"].startswith(message)
    assert answer.headers["x-ms-run-function-failed"] == "False"


def test_other_content_types(service):
    answer = service.score("{}", {"Content-Type": "text/csv"})
    assert (answer.status, answer.json) == (415, {"message": "Expects Content-Type to be application/json"})


def test_nan_in_the_input_is_read(service):
    assert service.score('{"data": [[NaN, 2, 3]]}').status == 200


@pytest.mark.parametrize(
    ("version", "key", "dialect", "where"),
    [
        ("", "swagger", "2.0", ("definitions",)),
        ("?version=2.0", "swagger", "2.0", ("definitions",)),
        ("?version=3", "openapi", "3.0.3", ("components", "schemas")),
        ("?version=3.1", "openapi", "3.1.0", ("components", "schemas")),
    ],
)
def test_the_description_comes_from_the_samples(service, version, key, dialect, where):
    document = service.ask("GET", f"/swagger.json{version}").json
    assert document[key] == dialect
    assert set(document["paths"]) == {"/", "/score", "/swagger.json"}
    schemas = document
    for step in where:
        schemas = schemas[step]
    number = {"type": "number", "format": "double"}
    rows = {"type": "array", "items": {"type": "array", "items": number}, "format": "numpy.ndarray"}
    assert schemas["ServiceInput"]["properties"] == {"data": rows, "method": {"type": "string"}}
    assert schemas["ServiceInput"]["example"] == {"data": [[1.0, 2.0, 3.0]], "method": "mean"}
    assert schemas["ServiceOutput"]["items"] == number
    reference = json.dumps(document["paths"])
    assert f"#/{'/'.join(where)}/ServiceInput" in reference


def test_plain_python_samples(tmp_path):
    script = """
        import datetime
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType as Plain

        def init(): ...

        @input_schema("when", Plain(datetime.datetime(2026, 1, 1)))
        @input_schema("inputs", Plain({"rows": Plain([1]), "scale": Plain(1.5)}))
        @input_schema("note", Plain("text"), optional=True)
        def run(when, inputs, note=None):
            return [when.year, inputs, note]
    """
    with running(tmp_path, script) as service:
        good = {"when": "2025-05-05T01:02:03", "inputs": {"rows": [1, 2], "scale": 2, "more": None}, "note": ""}
        assert service.score(good).json == [2025, good["inputs"], ""]
        bad = service.score({**good, "inputs": {"rows": 1, "scale": 1}})
        assert bad.json == {"message": "inputs.rows: an array was expected, not an integer."}
        late = service.score({**good, "when": "yesterday"})
        assert late.status == 400
        assert late.json["message"].startswith("when: datetime was expected")


def test_both_decorators_at_once_do_not_boot(tmp_path):
    script = SCHEMA.replace(
        '@input_schema("data"',
        'from azureml.contrib.services.aml_request import rawhttp\n    @rawhttp\n    @input_schema("data"',
    )
    with running(tmp_path, script, ready=False) as service:
        assert service.exit_code() == 3
        assert "cannot be decorated with both @rawhttp and @input_schema" in service.log.splitlines()[-1]


def test_a_description_of_the_users_own(tmp_path):
    (tmp_path / "swagger3.json").write_text('{"openapi": "mine"}')
    with running(tmp_path) as service:
        assert service.ask("GET", "/swagger.json?version=3").json == {"openapi": "mine"}
        assert service.ask("GET", "/swagger.json").json["swagger"] == "2.0"


@pytest.mark.parametrize(("allowed", "origin"), [("http://a, http://b", "http://b"), ("*", "http://anyone")])
def test_cors(tmp_path, allowed, origin):
    with running(tmp_path, AML_CORS_ORIGINS=allowed) as service:
        answer = service.score({}, {"Origin": origin})
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["vary"] == "Origin"
        asks = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "X-A"}
        preflight = service.ask("OPTIONS", "/score", headers=asks)
        assert preflight.status == 200
        assert preflight.headers["access-control-allow-methods"] == "GET, POST"
        assert preflight.headers["access-control-allow-headers"] == "X-A"
        if allowed != "*":
            assert "access-control-allow-origin" not in service.score({}, {"Origin": "http://evil"}).headers


def test_no_cors_unless_asked_for(echo):
    assert "access-control-allow-origin" not in echo.score({}, {"Origin": "http://a"}).headers
