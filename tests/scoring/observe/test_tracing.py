"""OpenTelemetry, with the real SDK: spans of calls, and what the script adds below them."""

import json
import re

import pytest

from tests.scoring.service import running
from tests.scoring_diff.servers import environment
from tests.services import CHECKOUT

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
SCRIPT = """
    from opentelemetry import trace
    from opentelemetry.propagate import inject
    def init(): ...
    {word} run(data):
        with trace.get_tracer("mine").start_as_current_span("inner"):
            passed_on = {{}}
            inject(passed_on)
            if data == "fail":
                raise ValueError
            return passed_on
"""


@pytest.fixture(scope="module")
def path() -> str:
    """Where the SDK is found, beside our own code."""
    [packages] = (environment("otel").parent / "lib").glob("python*/site-packages")
    return f"{CHECKOUT}:{packages}"


def spans(log: str) -> list[dict]:
    """Read what the console exporter has written."""
    return [json.loads(text) for text in re.findall(r"^\{$.*?^\}$", log, re.MULTILINE | re.DOTALL)]


@pytest.mark.parametrize("word", ["def", "async def"])
def test_a_call_is_a_span_below_its_callers_and_above_the_scripts(tmp_path, path, word):
    settings = {"OTEL_TRACES_EXPORTER": "console", "SERVICE_NAME": "diabetes"}
    with running(tmp_path, SCRIPT.format(word=word), path=path, **settings) as service:
        passed_on = service.score("1", CALLER).json["traceparent"]
        assert service.score("fail", CALLER).status == 500
        service.ask("GET", "/")
        assert service.stop() == 0  # what waits is sent first
    found = spans(service.log)
    assert [span["name"] for span in found] == ["inner", "POST /score", "inner", "POST /score"]
    inner, outer, _, failed = found
    assert {span["context"]["trace_id"] for span in found} == {f"0x{TRACE}"}
    assert outer["parent_id"] == "0xb7ad6b7169203331"
    assert inner["parent_id"] == outer["context"]["span_id"]
    assert passed_on == f"00-{TRACE}-{inner['context']['span_id'][2:]}-01"
    assert outer["kind"] == "SpanKind.SERVER"
    assert outer["attributes"]["http.response.status_code"] == 200
    assert outer["attributes"]["modelpack.request_id"]
    assert outer["resource"]["attributes"]["service.name"] == "diabetes"
    assert (failed["attributes"]["http.response.status_code"], failed["status"]["status_code"]) == (500, "ERROR")


def test_without_the_package_one_line_says_so(tmp_path):
    with running(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1", WORKER_COUNT="1") as service:
        assert service.score([1]).json == [1]
        service.wait_for("OTEL_\\* asks for tracing, but this environment has no module 'opentelemetry")
        assert service.log.count("OTEL_") == 1


def test_without_the_variables_nothing_is_traced(tmp_path, path):
    script = "import sys\ndef init(): ...\ndef run(d): return 'opentelemetry' in sys.modules"
    for settings in (
        {},
        {"OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"},
    ):
        with running(tmp_path, script, path=path, **settings) as service:
            assert service.score("").json is False
