"""Counting and logging for programs."""

import json
import os
import re
import signal

import pytest

from tests.scoring.figures import figures
from tests.scoring.service import eventually, running

SCRIPT = """
    import os
    def init(): ...
    def run(data, request_headers):
        if data == "fail":
            raise ValueError
        return [os.getpid(), request_headers.get("traceparent")]
"""
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_all_workers_count_and_a_dead_one_is_not_forgotten(tmp_path):
    with running(tmp_path, SCRIPT, WORKER_COUNT="2") as service:
        seen = {service.score("x").json[0] for _ in range(20)}
        assert service.score("fail").status == 500
        assert service.ask("GET", "/nothing").status == 404
        # A worker counts what it has answered, and the other one may be asked before it has.
        looks = []

        def settled() -> bool:
            found = figures(service)
            looks.append(found)
            answers = [found.get(f'modelpack_requests_total{{status="{status}"}}') for status in (200, 404, 500)]
            return answers == [20 + len(looks) - 1, 1, 1]  # looking is asking, too

        eventually(settled)
        before = looks[-1]
        assert before["modelpack_score_seconds_count"] == 21
        assert before['modelpack_score_seconds_bucket{le="+Inf"}'] == 21
        assert 0 < before["modelpack_score_seconds_sum"] < 21
        assert before["modelpack_run_failures_total"] == 1
        assert before["modelpack_calls_waiting"] == 0
        assert before["modelpack_workers"] == 2
        assert before["modelpack_load_seconds"] > 0
        assert before['modelpack_worker_resident_bytes{worker="1"}'] > 1e6
        os.kill(seen.pop(), signal.SIGKILL)
        service.wait_for("another one takes its place")
        service.score("x")
        after = figures(service)
        assert after["modelpack_score_seconds_count"] == 22
        eventually(lambda: figures(service)["modelpack_workers"] == 2)


def test_a_worker_that_does_not_come_back_is_none(tmp_path):
    script = """
        import os, pathlib
        def init(): assert not pathlib.Path("over").exists()
        def run(data): return os.getpid()
    """
    with running(tmp_path, script, WORKER_COUNT="2", WORKER_PRELOAD="false") as service:
        eventually(lambda: figures(service)["modelpack_workers"] == 2)
        (tmp_path / "over").touch()
        os.kill(service.score("x").json, signal.SIGKILL)
        service.wait_for("does not start")
        found = figures(service)
        assert found["modelpack_workers"] == 1
        assert sum(name.startswith("modelpack_worker_resident_bytes") for name in found) == 1


def test_batches_are_counted(tmp_path):
    with running(tmp_path, "def init(): ...\ndef run(d): ...\ndef run_batch(inputs): return inputs") as service:
        for _ in range(3):
            service.score("x")
        counted = figures(service)
        assert (counted["modelpack_batch_size_count"], counted["modelpack_batch_size_sum"]) == (3, 3)
        assert counted['modelpack_batch_size_bucket{le="1"}'] == counted['modelpack_batch_size_bucket{le="+Inf"}'] == 3


def test_metrics_can_be_switched_off(tmp_path):
    with running(tmp_path, SCRIPT, MODELPACK_METRICS="0") as service:
        assert service.ask("GET", "/metrics").status == 404
        assert service.score("x").status == 200


def test_logs_for_programs(tmp_path):
    with running(tmp_path, SCRIPT, MODELPACK_LOG="json", ready=False, MODELPACK_PORT_FILE=str(tmp_path / "port")) as (
        service
    ):
        service.wait_for("Listening on")
        service._port = int((tmp_path / "port").read_text())
        answer = service.score("x", {"traceparent": TRACE, "x-request-id": "mine"})
        assert answer.json[1] == TRACE
        call = json.loads(service.wait_for("POST /score"))
        assert call["level"] == "info"
        assert (call["method"], call["path"], call["status"]) == ("POST", "/score", 200)
        assert call["bytes"] == len(answer.body)
        assert call["x-request-id"] == "mine"
        assert call["trace_id"] == TRACE.split("-")[1]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", call["time"])
        service.score("fail")
        assert "ValueError" in json.loads(service.wait_for(r"run\(\) failed"))["message"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_metrics_are_read_only(echo, method):
    assert echo.ask(method, "/metrics").status == 405
