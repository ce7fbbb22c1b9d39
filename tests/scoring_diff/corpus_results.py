"""What run() may return, raise and take (azure-differences.md 7.4, 7.5)."""

from tests.scoring_diff.case import Ask, Script, post

EVAL = """
import collections, dataclasses, datetime, decimal, enum, time, uuid
import numpy as np
import pandas as pd
class Colour(enum.Enum):
    RED = "red"
class Number(enum.IntEnum):
    ONE = 1
def init(): ...
def run(text): return eval(text)
"""


def _value(expression: str, *, exact: bool = False) -> Ask:
    return Ask(f"returns {expression}", expression, exact=exact)


VALUES = (
    _value("{'a': [1, 2.5, True, None, 'x']}", exact=True),
    _value("'é'", exact=True),
    _value("1e300"),
    _value("2**70"),
    _value("(1, 2)"),
    _value("'text'"),
    _value("'{\"x\": 1}'"),
    _value("None"),
    _value("[]"),
    _value("''"),
    _value("5"),
    _value("True"),
    _value("0.1 + 0.2"),
    _value("{1: 'a', None: 'b', True: 'c', 1.5: 'd'}"),
    _value("'\\ud800'"),
    _value("float('nan')"),
    _value("[float('inf'), -float('inf')]"),
    _value("np.float64(0.5)"),
    _value("np.float32(0.5)"),
    _value("np.int64(3)"),
    _value("np.array([[1, 2]])"),
    _value("pd.DataFrame({'a': [1], 'b': ['x']})"),
    _value("{3}"),
    _value("b'x'"),
    _value("(n for n in range(3))"),
    _value("datetime.datetime(2026, 1, 2)"),
    _value("Colour.RED"),
    _value("Number.ONE"),
    _value("decimal.Decimal('1.5')"),
    _value("uuid.UUID(int=0)"),
    _value("{(1, 2): 3}"),
    _value("object()"),
    _value("1j"),
)
ERRORS = (
    post("an exception", "1/0"),
    post("a KeyError", "{}['x']"),
    post("a syntax error", "("),
    post("a timeout", "time.sleep(30)"),
    post("sys.exit", "exit(3)"),
    post("after all that", "1"),
)
HEADERS = Script(
    "request_headers",
    "def init(): ...\n"
    "def run(x, request_headers, more=1):\n"
    "    h = request_headers\n"
    "    return [x, type(x).__name__, h['Content-Type'], h.get('X-Custom'), h.get('None', 7), 'X-Custom' in h]\n",
    (post("headers", "hi", X_Custom="v"), post("no such header", "hi")),
)
ASYNC = Script("async", "def init(): ...\nasync def run(data): return [data]\n", (post("async def", "x"),))
CORPUS = (Script("results", EVAL, VALUES + ERRORS, settings={"SCORING_TIMEOUT_MS": "1500"}), HEADERS, ASYNC)
