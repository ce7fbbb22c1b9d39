"""Processes: replaced when they die, drained when asked to stop."""

import json
import os
import re
import signal
import threading
import time

import pytest

from tests.benchmarks.scoring_servers import free_port
from tests.scoring.service import eventually, gone, running

PID = """
    import os, time
    loaded = []
    def init():
        loaded.append(os.getpid())
    def run(data):
        time.sleep(float(data or 0))
        if data == "9e-9":
            os._exit(9)
        return [os.getpid(), loaded]
"""


def test_the_model_is_loaded_once_and_shared(tmp_path):
    with running(tmp_path, PID, WORKER_COUNT="2") as service:
        seen = {tuple(map(str, service.score("").json)) for _ in range(20)}
        assert {loaded for _, loaded in seen} == {str([service.process.pid])}
        assert len(service.workers(2)) == 2


def test_each_worker_loads_for_itself_when_told_so(tmp_path):
    with running(tmp_path, PID, WORKER_PRELOAD="false") as service:
        pid, loaded = service.score("").json
        assert loaded == [pid]


@pytest.mark.parametrize("preload", ["true", "false"])
def test_a_killed_worker_is_replaced_within_a_second(tmp_path, preload):
    with running(tmp_path, PID, WORKER_PRELOAD=preload) as service:
        for _ in range(3):
            pid = service.score("").json[0]
            began = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            assert service.score("").json[0] != pid
            assert time.monotonic() - began < 1
        service.wait_for(r"was killed \(signal 9\)", times=3)


def test_a_worker_that_exits_inside_a_call_takes_only_that_call_with_it(tmp_path):
    with running(tmp_path, PID) as service:
        with pytest.raises(ConnectionError):
            service.score("9e-9")
        service.wait_for("ended with exit code 9; another one takes its place")
        assert service.score("").status == 200


def test_sigterm_answers_what_is_in_flight(tmp_path):
    with running(tmp_path, PID) as service:
        client, queued = service.client(), service.client()
        client.request("POST", "/score", "0.5")
        queued.request("POST", "/score", "0.1")
        assert service.ask("GET", "/").status == 200  # both have been read by now
        service.process.send_signal(signal.SIGTERM)
        for waiting in (client, queued):
            answer = waiting.getresponse()
            assert answer.status == 200
            assert answer.headers["connection"] == "close"
        assert service.exit_code() == 0
        assert "Stopped." in service.log


def test_sigterm_under_load_fails_no_request(tmp_path):
    with running(tmp_path, "def init(): ...\ndef run(d): return d", WORKER_COUNT="2") as service:
        port, failures, answers = service.port, [], []
        halt = threading.Event()

        def load() -> None:
            while not halt.is_set():
                try:
                    answers.append(service.score("x").status)
                except ConnectionRefusedError:
                    return  # it has gone, and says so before anything was sent
                except OSError as error:
                    failures.append(repr(error))

        threads = [threading.Thread(target=load) for _ in range(8)]
        for thread in threads:
            thread.start()
        eventually(lambda: len(answers) > 50)
        began = time.monotonic()
        assert service.stop() == 0
        took = time.monotonic() - began
        halt.set()
        for thread in threads:
            thread.join()
        assert port
        assert failures == []
        assert set(answers) == {200}
        assert took < 5


def test_a_stalled_upload_does_not_hold_the_drain(tmp_path):
    with running(tmp_path, PID) as service, service.connect() as stalled:
        stalled.sendall(b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nsome")
        assert service.ask("GET", "/").status == 200
        began = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - began < 4


def test_a_call_that_outlasts_the_drain_is_cut(tmp_path):
    with running(tmp_path, PID, MODELPACK_DRAIN_SECONDS="0.5") as service:
        client = service.client()
        client.request("POST", "/score", "30")
        assert service.ask("GET", "/").status == 200
        began = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - began < 5


def test_workers_do_not_outlive_their_parent(tmp_path):
    with running(tmp_path, PID, WORKER_COUNT="2") as service:
        workers = service.workers(2)
        service.process.kill()
        for pid in workers:
            eventually(lambda pid=pid: gone(pid))


def test_workers_differ_in_chance(tmp_path):
    script = """
        import os, random
        import numpy as np
        def init(): ...
        def run(data):
            return [os.getpid(), random.random(), float(np.random.random())]
    """
    with running(tmp_path, script, WORKER_COUNT="2") as service:
        drawn: dict[int, list[float]] = {}
        end = time.monotonic() + 20
        while len(drawn) < 2 and time.monotonic() < end:
            pid, *numbers = service.score("").json
            drawn.setdefault(pid, numbers)
        first, second = drawn.values()
        assert first[0] != second[0]
        assert first[1] != second[1]


def test_answers_are_not_held_back_for_acknowledgements(echo):
    # With Nagle's algorithm on, every answer after the first waits 40 ms on a kept connection.
    client = echo.client()
    times = []
    for _ in range(20):
        began = time.perf_counter()
        client.request("POST", "/score", json.dumps([1] * 500))
        client.getresponse().read()
        times.append(time.perf_counter() - began)
    assert sorted(times)[10] < 0.02


ONCE = """
    import os, pathlib, socket
    def init():
        global listener
        if not pathlib.Path("free").exists():
            listener = socket.create_server(("127.0.0.1", PORT))
    def run(data):
        return os.getpid()
"""


def test_a_worker_that_cannot_start_is_news_and_tried_ever_more_seldom(tmp_path):
    script = ONCE.replace("PORT", str(free_port()))
    with running(tmp_path, script, WORKER_COUNT="2", WORKER_PRELOAD="false") as service:
        assert service.ask("GET", "/ready").json == {"status": "ready"}
        said = service.wait_for(r"3 tries have failed, 1 of 2 workers are left")
        assert re.search(r"Worker [12] of 2 does not start: init\(\) raised OSError \(score.py, line 6\)", said)
        assert "needs WORKER_COUNT=1" in said
        ready = service.ask("GET", "/ready")
        assert ready.status == 200
        assert re.fullmatch(
            r"worker [12] of 2 cannot start, tried \d times: init\(\) raised OSError \(score.py, line 6\)",
            ready.json["troubles"][0],
        )
        assert [int(seconds) for seconds in re.findall(r"Tried again in (\d+) s", service.log)] == [1, 2, 4]
        assert service.score("").status == 200
        (tmp_path / "free").touch()  # the next try is the last
        eventually(lambda: "troubles" not in service.ask("GET", "/ready").json)


def test_a_worker_that_dies_in_init_is_tried_ever_more_seldom(tmp_path):
    script = "import os\ndef init(): os.kill(os.getpid(), 11)\ndef run(data): ..."
    with running(tmp_path, script, WORKER_PRELOAD="false", ready=False) as service:
        said = service.wait_for("3 tries have failed, 0 of 1 workers are left")
        assert "does not start: its process crashed with signal 11 (SIGSEGV)" in said
        assert "WORKER_COUNT" not in said  # there is no other that it could collide with
        ready = service.ask("GET", "/ready")
        assert (ready.status, ready.json["status"]) == (503, "starting")
        assert "tried 3 times: its process crashed" in ready.json["troubles"][0]
        assert service.stop() == 0
