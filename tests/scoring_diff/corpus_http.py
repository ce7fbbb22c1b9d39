"""Routes, methods, ids, CORS and bodies (azure-differences.md 7.1 to 7.3)."""

import gzip

from tests.scoring_diff.case import Ask, Script, get, post

ECHO = "def init(): ...\ndef run(data): return [type(data).__name__, data]\n"
FORM = "application/x-www-form-urlencoded"
MULTIPART = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'

ROUTES = (
    get("liveness", "/"),
    Ask("liveness by HEAD", method="HEAD", path="/"),
    Ask("liveness by OPTIONS", method="OPTIONS", path="/"),
    Ask("POST /", "x", path="/"),
    get("query", "/score?a=1&b=[1,2]&e=1&e=2&s=hello&n=null&q=%22x%22"),
    get("no query", "/score"),
    get("query that is no JSON", "/score?a={broken&b=1+2&c=%C3%A9"),
    get("empty value", "/score?a=&b"),
    Ask("OPTIONS /score", method="OPTIONS"),
    Ask("HEAD /score", method="HEAD"),
    Ask("PUT /score", "x", method="PUT"),
    Ask("DELETE /score", method="DELETE"),
    Ask("PATCH /score", "x", method="PATCH"),
    Ask("/score/", "x", path="/score/"),
    get("nowhere", "/nowhere"),
    get("ready", "/ready"),
    get("swagger", "/swagger.json"),
    get("swagger 2", "/swagger.json?version=2"),
    get("swagger 2.0", "/swagger.json?version=2.0"),
    get("swagger 3", "/swagger.json?version=3"),
    get("swagger 3.1", "/swagger.json?version=3.1"),
    get("swagger 4", "/swagger.json?version=4"),
    get("swagger x", "/swagger.json?version=x"),
    Ask("POST /swagger.json", "x", path="/swagger.json"),
)
IDS = (
    post("no id", "x"),
    post("x-request-id", "x", x_request_id="A"),
    post("x-ms-client-request-id", "x", x_ms_client_request_id="C"),
    post("x-ms-request-id", "x", x_ms_request_id="M"),
    post("both ids", "x", x_request_id="A", x_ms_client_request_id="C"),
    post("old and new id", "x", x_ms_request_id="M", x_ms_client_request_id="C"),
    post("TraceId", "x", TraceId="T"),
    post("101 characters", "x", x_request_id="i" * 101),
    post("101 characters of client id", "x", x_ms_client_request_id="i" * 101),
    post("100 characters", "x", x_request_id="i" * 100),
    get("id of a probe", "/", x_request_id="A"),
)
BODIES = (
    post("JSON", '{"a": [1, 2.5, null]}'),
    post("spaces and line ends", ' {"a":\r\n1}\n'),
    post("text", "hello", kind="text/plain"),
    post("no JSON", "{broken"),
    post("empty", ""),
    Ask("no content type", "[1]"),
    post("beyond ASCII", "é€𝄞".encode()),
    post("a charset", "é".encode(), kind="application/json; charset=latin-1"),
    post("no UTF-8", b"\xff\xfe"),
    post("half a character", b'["\xc3"]'),
    post("byte order mark", b"\xef\xbb\xbf{}"),
    post("gzip", gzip.compress(b"[1]", mtime=0), Content_Encoding="gzip"),
    post("curl -d", '{"data": [1e+5]}', kind=FORM),
    post("a form", "a=1&b=x", kind=FORM),
    post("multipart", MULTIPART, kind="multipart/form-data; boundary=b"),
    post("NUL", b"a\x00b"),
    post("1 MB", '"' + "x" * 1_000_000 + '"'),
    post("JSON, 5000 deep", "[" * 5000 + "]" * 5000),
)
CORS = Script(
    "cors",
    ECHO,
    (
        post("allowed origin", "x", Origin="http://a"),
        post("other origin", "x", Origin="http://c"),
        post("no origin", "x"),
        Ask(
            "preflight",
            method="OPTIONS",
            headers={
                "Origin": "http://b",
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "X-A",
            },
        ),
        Ask("preflight of another", method="OPTIONS", headers={"Origin": "http://c"}),
    ),
    settings={"AML_CORS_ORIGINS": "http://a, http://b"},
)
CORPUS = (Script("echo", ECHO, ROUTES + IDS + BODIES), CORS)
