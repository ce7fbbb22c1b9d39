"""Routes, methods, ids and headers (azure-differences.md 7.1, 7.2)."""

import re

import pytest

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_liveness(echo):
    answer = echo.ask("GET", "/")
    assert (answer.status, answer.text) == (200, "Healthy")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_readiness(echo):
    answer = echo.ask("GET", "/ready")
    assert (answer.status, answer.json) == (200, {"status": "ready"})


@pytest.mark.parametrize("path", ["/score", "/score/"])
def test_score_posts(echo, path):
    answer = echo.ask("POST", path, '{"data": [1, 2]}')
    assert (answer.status, answer.json) == (200, {"data": [1, 2]})


def test_score_gets_the_query_as_json(echo):
    assert echo.ask("GET", "/score?a=1&b=[1,2]&e=1&e=2&s=hello").json == {
        "a": 1,
        "b": [1, 2],
        "e": [1, 2],
        "s": "hello",
    }
    assert echo.ask("GET", "/score").json == {}


def test_options_of_score(echo):
    answer = echo.ask("OPTIONS", "/score")
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("PUT", "/score", "The method is not allowed for the requested URL."),
        ("DELETE", "/score", "The method is not allowed for the requested URL."),
        ("POST", "/", "The method is not allowed for the requested URL."),
        ("POST", "/swagger.json", "The method is not allowed for the requested URL."),
    ],
)
def test_other_methods(echo, method, path, message):
    answer = echo.ask(method, path)
    assert (answer.status, answer.json) == (405, {"message": message})
    assert answer.headers["allow"]


def test_head(echo):
    assert echo.ask("HEAD", "/").status == 200
    refused = echo.ask("HEAD", "/score")
    assert (refused.status, refused.body) == (405, b"")


def test_other_paths(echo):
    answer = echo.ask("GET", "/nothing-here")
    assert answer.status == 404
    assert answer.json["message"].startswith("The requested URL was not found on the server.")
    assert answer.headers["x-ms-run-function-failed"] == "False"
    assert UUID.fullmatch(answer.headers["x-ms-request-id"])


def test_swagger(echo):
    found = echo.ask("GET", "/swagger.json")
    assert found.json["swagger"] == "2.0"
    assert "/score" in found.json["paths"]
    assert echo.ask("GET", "/swagger.json?version=4").status == 404


def test_ids_nobody_sent(echo):
    headers = echo.score({}).headers
    assert UUID.fullmatch(headers["x-request-id"])
    assert headers["x-ms-request-id"] == headers["x-request-id"]
    assert "x-ms-client-request-id" not in headers


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"x-request-id": "A"}, {"x-request-id": "A", "x-ms-request-id": "A", "x-ms-client-request-id": None}),
        ({"x-ms-client-request-id": "C"}, {"x-ms-request-id": "C", "x-ms-client-request-id": "C"}),
        ({"x-ms-request-id": "M"}, {"x-ms-request-id": "M", "x-ms-client-request-id": "M"}),
        ({"TraceId": "T"}, {"TraceId": "T"}),
    ],
)
def test_ids_the_client_sent(echo, sent, expected):
    headers = echo.score({}, sent).headers
    assert {name: headers.get(name) for name in expected} == expected


@pytest.mark.parametrize("name", ["x-request-id", "x-ms-request-id", "x-ms-client-request-id"])
def test_long_ids(echo, name):
    answer = echo.score({}, {name: "i" * 101})
    assert answer.status == 431
    assert answer.json["message"].endswith("must not exceed 100 characters")
    assert echo.score({}, {name: "i" * 100}).status == 200


def test_headers_of_success(echo):
    headers = echo.score({}).headers
    assert headers["x-ms-run-function-failed"] == "False"
    assert float(headers["x-ms-run-fn-exec-ms"]) >= 0
    assert headers["x-ms-server-version"]
    assert headers["date"].endswith("GMT")


def test_one_connection_many_requests(echo):
    client = echo.client()
    for number in range(3):
        client.request("POST", "/score", f"[{number}]")
        assert client.getresponse().read() == b"[%d]" % number
    client.close()


def test_calls_are_logged_and_probes_are_not(echo):
    echo.ask("GET", "/ready")
    echo.score([1, 2, 3])
    line = echo.wait_for(r"POST /score 200 \d+\.\d{3}ms 7$")
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} I \[\d+\] modelpack - ", line)
    assert "GET /ready" not in echo.log
