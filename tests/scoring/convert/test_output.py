"""What run() may return (azure-differences.md 7.4, 8)."""

import json

import pytest

from tests.scoring.service import running

RETURNS = """
    import collections, datetime, decimal, enum, pathlib, uuid
    import numpy as np

    Point = collections.namedtuple("Point", "x y")
    class Colour(enum.Enum):
        RED = "red"
    class Frame:
        "A DataFrame as far as the server can tell."
        columns = ["a"]
        def to_dict(self, orient):
            return [{"a": 1, "b": float("nan")}] if orient == "records" else {}
    Frame.__module__ = "pandas.core.frame"
    loop = []
    loop.append(loop)

    def init(): ...
    def run(expression):
        return eval(expression)
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("output"), RETURNS) as service:
        yield service


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        ("{'a': [1, 2.5, True, None, 'é']}", {"a": [1, 2.5, True, None, "é"]}),
        ("(1, 2)", [1, 2]),
        ("None", {}),
        ("'text'", "text"),
        ("'{\"x\": 1}'", '{"x": 1}'),
        ("5", 5),
        ("2**70", 2**70),
        ("{1: 'a', True: 'b', None: 'c', 1.5: 'd'}", {"1": "b", "null": "c", "1.5": "d"}),
        ("'\\ud800'", "\ud800"),
        ("float('nan')", None),
        ("[float('inf'), 2**70, float('nan')]", [None, 2**70, None]),
        ("np.array([[1, 2], [3, 4]])", [[1, 2], [3, 4]]),
        ("np.array([[1.5, float('nan')]])", [[1.5, None]]),
        ("np.arange(6).reshape(2, 3).T", [[0, 3], [1, 4], [2, 5]]),
        ("np.array(['a', None], dtype=object)", ["a", None]),
        ("np.array(['a', 'b'])", ["a", "b"]),
        (
            "{'v': np.float32(0.5), 'i': np.int64(3), 'b': np.bool_(True), 'f': np.float64(2.5)}",
            {"v": 0.5, "i": 3, "b": True, "f": 2.5},
        ),
        ("[np.array([1]), 2**70]", [[1], 2**70]),
        ("datetime.datetime(2026, 1, 2, 3, 4, 5)", "2026-01-02T03:04:05"),
        ("datetime.date(2026, 1, 2)", "2026-01-02"),
        ("b'bytes'", "bytes"),
        ("b'\\xff\\x00'", "/wA="),
        ("{3}", [3]),
        ("Point(1, 2)", [1, 2]),
        ("Colour.RED", "red"),
        ("decimal.Decimal('1.5')", 1.5),
        ("uuid.UUID(int=0)", "00000000-0000-0000-0000-000000000000"),
        ("pathlib.PurePosixPath('a/b')", "a/b"),
        ("Frame()", [{"a": 1, "b": None}]),
    ],
)
def test_values_serialise(service, returned, expected):
    answer = service.score(returned.encode())
    assert (answer.status, json.loads(answer.body)) == (200, expected)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("returned", ["object()", "loop", "1j", "lambda: 1"])
def test_values_without_a_json_form(service, returned):
    answer = service.score(returned.encode())
    assert answer.status == 500
    assert answer.json == {"message": "An unexpected internal error occurred. Check the logs for more info."}
    assert answer.headers["x-ms-run-function-failed"] == "False"
    service.wait_for("cannot be turned into JSON")


def test_json_text_is_quoted_with_a_hint(service):
    assert service.score("'[1]'").json == "[1]"
    service.wait_for("returned a string that already is JSON")


@pytest.mark.parametrize(("nan", "body"), [("literal", b"[NaN,Infinity,1.5]"), ("null", b"[null,null,1.5]")])
def test_nan_is_switchable(tmp_path, nan, body):
    script = "def init(): ...\ndef run(d): return [float('nan'), float('inf'), 1.5]"
    with running(tmp_path, script, MODELPACK_NAN=nan) as service:
        assert service.score("").body == body


def test_nan_may_be_an_error(tmp_path):
    script = "def init(): ...\ndef run(d): return eval(d)"
    with running(tmp_path, script, MODELPACK_NAN="error") as service:
        assert service.score("[float('nan')]").status == 500
        service.wait_for("MODELPACK_NAN=error")
        assert service.score("[1.5, 'NaN']").json == [1.5, "NaN"]


def test_a_server_that_serialises_arrays_imports_no_numpy_itself(tmp_path):
    script = "import sys\ndef init(): ...\ndef run(d): return sorted({'numpy', 'pandas'} & set(sys.modules))"
    with running(tmp_path, script) as service:
        assert service.score("").json == []


def test_async_run_is_awaited_and_calls_overlap(tmp_path):
    script = """
        import asyncio
        waiting = []
        def init(): ...
        async def run(data):
            # Ends only when two calls are inside at once.
            waiting.append(data)
            while len(waiting) < 2:
                await asyncio.sleep(0.005)
            return waiting
    """
    with running(tmp_path, script) as service:
        first, second = service.client(), service.client()
        first.request("POST", "/score", "1")
        second.request("POST", "/score", "2")
        assert json.loads(first.getresponse().read()) == json.loads(second.getresponse().read())


def test_async_run_behind_a_plain_decorator(tmp_path):
    script = """
        def plain(function):
            return lambda data: function(data)
        def init(): ...
        @plain
        async def run(data):
            return [data]
    """
    with running(tmp_path, script) as service:
        assert service.score("x").json == ["x"]
