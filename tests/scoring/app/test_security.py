"""Keys, TLS, limits that a user sets."""

import http.client
import json
import os
import ssl
import subprocess

import pytest

from tests.scoring.service import Answer, running, serving_python
from tests.services import CHECKOUT


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def test_two_keys_of_the_environment(tmp_path):
    with running(tmp_path, MODELPACK_KEYS="first, second") as service:
        assert [service.score([1], bearer(key)).status for key in ("first", "second")] == [200, 200]
        for headers in ({}, bearer("third"), bearer(""), {"Authorization": "Basic first"}, {"Authorization": "first"}):
            refused = service.score([1], headers)
            assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert [service.ask("GET", path).status for path in ("/", "/ready", "/v2/health/live")] == [200, 200, 200]
        assert [service.ask("GET", path).status for path in ("/swagger.json", "/metrics", "/x")] == [401, 401, 401]
        assert "first" not in service.log


def test_keys_of_a_file_are_rotated_without_a_restart(tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("old\n")
    with running(tmp_path / "app", MODELPACK_KEYS_FILE=str(keys)) as service:
        assert service.score([1], bearer("old")).status == 200
        keys.write_text("old\nnew\n")
        assert [service.score([1], bearer(key)).status for key in ("old", "new")] == [200, 200]
        keys.write_text("new\n")
        assert [service.score([1], bearer(key)).status for key in ("old", "new")] == [401, 200]
        keys.unlink()  # what is gone by mistake locks nobody out, and lets nobody in
        assert [service.score([1], bearer(key)).status for key in ("old", "new")] == [401, 200]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"MODELPACK_KEYS": "a,b,c"}, "two keys at most"),
        ({"MODELPACK_KEYS_FILE": "none"}, "cannot be read, or holds no key"),
        ({"MODELPACK_TLS_CERT": "none.pem"}, "MODELPACK_TLS_CERT='none.pem'"),
    ],
)
def test_what_cannot_be_used_is_said_at_the_start(tmp_path, settings, words):
    with running(tmp_path, ready=False, **settings) as service:
        assert service.exit_code() == 3
        assert words in service.log


def certificate(folder, name):
    subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(["openssl", "req", "-x509", *key, *subject, *files], check=True, capture_output=True)


def test_tls_from_files_that_may_change(tmp_path):
    certificate(tmp_path, "first")
    files = {"MODELPACK_TLS_CERT": str(tmp_path / "cert.pem"), "MODELPACK_TLS_KEY": str(tmp_path / "key.pem")}
    with running(tmp_path / "app", **files) as service:
        assert "https://127.0.0.1" in service.log

        def score(name):
            context = ssl.create_default_context(cafile=tmp_path / "cert.pem")
            with service.connect() as plain, context.wrap_socket(plain, server_hostname=name) as secure:
                client = http.client.HTTPConnection("unused")
                client.sock = secure
                client.request("POST", "/score", "[1]")
                return Answer(client.getresponse()).json

        assert score("first") == [1]
        assert service.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        certificate(tmp_path, "second")
        service.wait_for("has been read again")
        assert score("second") == [1]
        (tmp_path / "cert.pem").write_text("broken")
        service.wait_for("the one before stays")
        environment = {**os.environ, **files, "MODELPACK_PORT": str(service.port), "PYTHONPATH": str(CHECKOUT)}
        check = [serving_python(), "-m", "jupyter_modelpack.scoring.healthcheck"]
        assert subprocess.run(check, env=environment, check=False).returncode == 0
        assert service.process.poll() is None


def test_header_limits_are_settable(tmp_path):
    with running(tmp_path, MODELPACK_MAX_HEADERS="10", MODELPACK_MAX_HEADER_SIZE="20000") as service:
        assert service.score([1], {"A": "b" * 15_000}).status == 200
        assert service.score([1], {"A": "b" * 21_000}).status == 431
        many = service.score([1], {f"A{number}": "b" for number in range(10)})
        assert (many.status, "More than 10 headers" in many.json["message"]) == (431, True)


def test_deep_json_is_refused_where_we_parse_it(tmp_path):
    script = """
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
        def init(): ...
        @input_schema("data", StandardPythonParameterType([1]))
        def run(data):
            return len(data)
    """
    with running(tmp_path, script) as service:
        deep = '{"data": ' + "[" * 100 + "]" * 100 + "}"
        refused = service.score(deep)
        assert (refused.status, refused.json["message"]) == (400, "The JSON is nested 101 deep; 100 is the limit.")
        assert service.score(deep.replace("[]", "1")).status == 200
        assert service.score({"data": ["[{" * 500, '"\\']}).json == 2
        assert service.score({"data": [[1]] * 1000}).json == 1000
        tensor = {"name": "data", "shape": [1], "datatype": "BYTES", "data": json.loads("[" * 200 + "]" * 200)}
        assert service.post("/v2/models/model/infer", {"inputs": [tensor]}).status == 400


def test_hostile_text_costs_moments(tmp_path):
    """400 KB of an unclosed string behind 120 brackets stopped a service for 303 seconds (E21)."""
    script = """
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
        def init(): ...
        @input_schema("data", StandardPythonParameterType(["x"]))
        def run(data):
            return len(data)
    """
    with running(tmp_path, script) as service:
        assert service.score('{"data": ' + "[]" * 60 + '"' + '\\"' * 200_000).status == 400
        honest = {"data": ["QUJD" * 500_000, *[[]] * 120]}
        assert service.score(honest).json == 121
        shape = {"inputs": [{"name": "data", "shape": [1] * 20_000, "datatype": "FP64", "data": [1]}]}
        refused = service.post("/v2/models/model/infer", shape)
        assert (refused.status, len(refused.body) < 3000) == (400, True)


def test_forms_with_endless_parts_are_refused(tmp_path):
    script = """
        from azureml.contrib.services.aml_request import rawhttp
        def init(): ...
        @rawhttp
        def run(request):
            return len(request.form) + len(request.files)
    """
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    one = '--x\r\nContent-Disposition: form-data; name="a%d"\r\n\r\nb\r\n'
    with running(tmp_path, script) as service:
        assert service.score("".join(one % n for n in range(1000)) + "--x--", form).json == 1000
        refused = service.score("".join(one % n for n in range(1001)) + "--x--", form)
        assert (refused.status, "more than 1000 parts" in refused.json["message"]) == (400, True)
        assert service.score("&" * 5000, {"Content-Type": "application/x-www-form-urlencoded"}).status == 400


def test_depth_and_digits_of_json_are_settable(tmp_path):
    script = """
        import json
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
        def init(): ...
        @input_schema("data", StandardPythonParameterType([1]))
        def declared(data):
            return len(data)
        def run(data):
            return json.loads(data) % 7
        models = {"declared": declared}
    """
    with running(tmp_path, script, MODELPACK_JSON_DEPTH="5", MODELPACK_JSON_DIGITS="1000") as service:
        refused = service.post("/score/declared", '{"data": [[[[[]]]]]}')
        assert (refused.status, refused.json["message"]) == (400, "The JSON is nested 6 deep; 5 is the limit.")
        assert service.post("/score/declared", '{"data": [[[[]]]]}').status == 200
        assert service.score("9" * 1000).status == 200
        assert service.score("9" * 1001).status == 500
        service.wait_for("Exceeds the limit \\(1000\\b")
