"""What run() is given (azure-differences.md 7.3, 8)."""

import gzip
import json
import zlib

import pytest

from tests.scoring.service import running

REPR = """
    def init():
        pass
    def run(anything):
        return [type(anything).__name__, anything]
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("input"), REPR, MODELPACK_MAX_BODY="100000") as service:
        yield service


@pytest.mark.parametrize(
    ("kind", "body", "given"),
    [
        ("application/json", '{"a": 1}', '{"a": 1}'),
        ("text/plain", "hello", "hello"),
        ("application/octet-stream", "not json", "not json"),
        ("application/json", "", ""),
        ("application/json", "é€𝄞", "é€𝄞"),
        ("application/json; charset=latin-1", "é", "é"),
        ("application/json", "\ufeff{}", "{}"),
        # What curl -d sends without a header.
        ("application/x-www-form-urlencoded", '{"a": 1e+5}', '{"a": 1e+5}'),
        ("application/x-www-form-urlencoded", "%7B%22a%22%3A+1%7D", '{"a": 1}'),
        ("application/x-www-form-urlencoded", "data=[1,2]&name=x%20y", '{"data": [1, 2], "name": "x y"}'),
        ("application/x-www-form-urlencoded", "neither", "neither"),
    ],
)
def test_bodies_arrive_as_text(service, kind, body, given):
    answer = service.score(body.encode(), {"Content-Type": kind})
    assert (answer.status, answer.json) == (200, ["str", given])


def test_no_content_type(service):
    head = b"POST /score HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
    assert service.raw(head + b"[]").endswith(b'["str","[]"]')


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("x-gzip", gzip.compress)]
)
def test_packed_bodies_are_unpacked(service, coding, pack):
    answer = service.score(pack(b"[1, 2]"), {"Content-Encoding": coding})
    assert answer.json == ["str", "[1, 2]"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        (b"\xff\xfe", {}, 400, "Input cannot be decoded as UTF-8"),
        (b"nonsense", {"Content-Encoding": "gzip"}, 400, "cannot be unpacked"),
        (gzip.compress(b"x" * 50, mtime=0)[:-9], {"Content-Encoding": "gzip"}, 400, "ends too early"),
        (gzip.compress(b"0" * 10_000_000, mtime=0), {"Content-Encoding": "gzip"}, 413, "MODELPACK_MAX_BODY"),
        (b"[]", {"Content-Encoding": "br"}, 415, "not known here"),
        (b"0" * 100_001, {}, 413, "MODELPACK_MAX_BODY"),
    ],
)
def test_bodies_that_cannot_be_given(service, body, headers, status, words):
    answer = service.score(body, headers)
    assert answer.status == status
    assert words in answer.json["message"]
    assert service.score("still there").json == ["str", "still there"]


def test_the_parameter_may_have_any_name_and_headers_may_be_wanted(tmp_path):
    script = """
        def init(): ...
        def run(x, request_headers):
            return [x, request_headers["Content-Type"], request_headers["x-custom"], request_headers.get("no", 1)]
    """
    with running(tmp_path, script) as service:
        assert service.score("hi", {"X-Custom": "v"}).json == ["hi", "application/json", "v", 1]


def test_rawhttp(tmp_path):
    script = """
        from azureml.contrib.services.aml_request import AMLRequest, rawhttp
        from azureml.contrib.services.aml_response import AMLResponse

        def init(): ...

        @rawhttp
        def run(request):
            if request.method == "GET":
                return AMLResponse(request.full_path + str(request.args.getlist("a")), 200)
            if request.method == "POST":
                body = {"n": len(request.get_data(False)), "json": request.json}
                return AMLResponse(body, 201, {"X-A": "1,2"}, json_str=True)
            return AMLResponse("bad", 400, {"Content-Type": "text/plain"})
    """
    with running(tmp_path, script) as service:
        got = service.ask("GET", "/score?a=1&a=2")
        assert (got.status, got.text) == (200, "/score?a=1&a=2['1', '2']")
        assert got.headers["content-type"] == "text/html; charset=utf-8"
        posted = service.score(b"[1]")
        assert (posted.status, posted.json) == (201, {"n": 3, "json": [1]})
        assert posted.headers.get_all("x-a") == ["1", "2"]
        bad = service.ask("OPTIONS", "/score")
        assert (bad.status, bad.text, bad.headers["content-type"]) == (400, "bad", "text/plain")


def test_the_newer_import_names(tmp_path):
    script = """
        from azureml_inference_server_http.api.aml_request import rawhttp
        from azureml_inference_server_http.api.aml_response import AMLResponse

        def init(): ...

        @rawhttp
        def run(request):
            return AMLResponse(None, 500)
    """
    with running(tmp_path, script) as service:
        answer = service.score("{}")
        assert (answer.status, answer.json) == (500, {})
        assert answer.headers["x-ms-run-function-failed"] == "True"


def test_json_survives_the_round_trip(echo):
    value = {"text": 'é\n"\\', "numbers": [0, -1, 1e300, 0.1], "none": None, "nested": [[[]]]}
    assert echo.score(json.dumps(value)).json == value
