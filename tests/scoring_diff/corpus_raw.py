"""`@rawhttp`, AMLRequest and AMLResponse (azure-differences.md 7.3, 7.4)."""

from urllib.parse import quote_plus

from tests.scoring_diff.case import Ask, Script, get, post
from tests.scoring_diff.corpus_http import FORM

IMPORTS = """
from {root}.aml_request import AMLRequest, rawhttp
from {root}.aml_response import AMLResponse
def init(): ...
"""
NEW, OLD = "azureml_inference_server_http.api", "azureml.contrib.services"

REQUEST = Script(
    "request",
    IMPORTS.format(root=OLD)
    + """
@rawhttp
def run(request):
    return {
        "method": request.method, "path": request.path, "full": request.full_path, "args": dict(request.args),
        "all": request.args.getlist("a"), "data": request.get_data(as_text=True), "type": request.content_type,
        "mimetype": request.mimetype, "is_json": request.is_json, "length": request.content_length,
        "custom": request.headers.get("x-custom"), "form": request.form.to_dict(),
        "files": {name: [file.filename, file.read().decode()] for name, file in request.files.items()},
    }
""",
    (
        get("raw GET", "/score?a=1&a=2&b=x+y", X_Custom="v"),
        get("raw GET without a query", "/score"),
        post("raw POST", '{"a": 1}'),
        post("raw text", "text", kind="text/plain; charset=utf-8"),
        post("raw form", "a=1&b=x+y&a=2", kind="application/x-www-form-urlencoded"),
        post(
            "raw files",
            '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n'
            '--b\r\nContent-Disposition: form-data; name="field"\r\n\r\nvalue\r\n--b--\r\n',
            kind="multipart/form-data; boundary=b",
        ),
        Ask("raw OPTIONS", method="OPTIONS"),
        Ask("raw PUT", "x", method="PUT"),
    ),
)
RESPONSE = Script(
    "response",
    IMPORTS.format(root=NEW)
    + """
import json
@rawhttp
def run(request):
    return eval(request.get_data(as_text=True))
""",
    tuple(
        post(f"answers {expression}", expression)
        for expression in (
            "AMLResponse('text', 200)",
            "AMLResponse('text', 201, {'Content-Type': 'text/plain', 'X-A': 'b'})",
            "AMLResponse({'a': [1, None]}, 200, json_str=True)",
            "AMLResponse(None, 200)",
            "AMLResponse(b'bytes', 200)",
            "AMLResponse('', 204)",
            "AMLResponse('no', 404)",
            "AMLResponse('no', 503)",
            "AMLResponse('no', 400, run_function_failed=True)",
            "AMLResponse('x', 200, {'X-A': '1,2'})",
            "AMLResponse({'a': 1, 'b': 2}, 200)",
            "AMLResponse([1, 2], 200)",
            "{'plain': 1}",
            "'text'",
            "None",
            "1/0",
            "request.get_json()",
        )
    ),
)
FLASK = Script(
    "Flask's request",
    IMPORTS.format(root=NEW)
    + """
@rawhttp
def run(request):
    return [eval(text) for text in request.args.getlist("ask")]
""",
    tuple(
        Ask(
            f"asks {expression}",
            "a=5&b=x",
            path=f"/score?a=1&a=x&n=2&ask={quote_plus(expression)}",
            headers={"Content-Type": FORM, "Cookie": "c=d; e=f", "X-Number": "7", "Host": "here:81"},
        )
        for expression in (
            "request.args.get('n', type=int)",
            "request.args.get('n', 0, float)",
            "request.args.get('none', default=3)",
            "request.args.get('b', 'no', type=int)",
            "request.args.getlist('a', type=int)",
            "request.form.get('a', type=int)",
            "request.values.get('n', type=int)",
            "request.headers.get('x-number', type=int)",
            "request.headers.get('x-none', default='no')",
            "request.headers.get('content-type', 'no', int)",
            "request.cookies.get('c')",
            "dict(request.cookies)",
            "request.scheme",
            "request.base_url",
            "request.host_url",
            "request.url_root",
            "request.url[:30]",
            "request.args['none']",
        )
    ),
)
READS = Script(
    "a stream",
    IMPORTS.format(root=NEW)
    + """
@rawhttp
def run(request):
    return [request.stream.read(3).decode(), request.stream.read().decode()]
""",
    (post("reads the stream", "[1, 2, 3]"),),
)
HIDDEN = Script(
    "a decorator that hides rawhttp",
    IMPORTS.format(root=OLD)
    + """
def timed(function):
    return lambda request: function(request)
@timed
@rawhttp
def run(request):
    return [request.method, request.get_data(as_text=True)]
""",
    (post("raw all the same", "x"),),
)
HELPER = Script(
    "rawhttp elsewhere",
    IMPORTS.format(root=NEW)
    + """
@rawhttp
def helper(request):
    return [request.method, request.get_data(as_text=True)]
def run(data):
    return helper(data)
""",
    (post("raw by a helper", "x"), get("raw by a helper, GET", "/score?a=1")),
)
CORPUS = (REQUEST, RESPONSE, FLASK, READS, HIDDEN, HELPER)
