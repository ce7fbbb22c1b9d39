"""Several calls at once, for scripts that can take it (MODELPACK_THREADS)."""

import json

import pytest

from tests.scoring.service import running


@pytest.mark.parametrize("said", ["by the environment", "by the script"])
def test_calls_overlap(tmp_path, said):
    script = """
        import threading
        MORE
        together = threading.Barrier(4)
        def init(): ...
        def run(data):
            together.wait(10)
            return data
    """
    settings = {"MODELPACK_THREADS": "4"} if said == "by the environment" else {}
    script = script.replace("MORE", "" if settings else "MODELPACK_THREADS = 4")
    with running(tmp_path, script, **settings) as service:
        clients = [service.client() for _ in range(4)]
        for number, client in enumerate(clients):
            client.request("POST", "/score", str(number))
        assert [json.loads(client.getresponse().read()) for client in clients] == ["0", "1", "2", "3"]


def test_the_environment_has_the_last_word(tmp_path):
    script = """
        import threading
        MODELPACK_THREADS = 4
        def init(): ...
        def run(data):
            return threading.current_thread() is threading.main_thread()
    """
    with running(tmp_path, script, MODELPACK_THREADS="1") as service:
        assert service.score("").json is True


def test_a_script_may_say_that_every_worker_loads_for_itself(tmp_path):
    script = """
        import os
        WORKER_PRELOAD: bool = False
        loaded = os.getpid()
        def init(): ...
        def run(data):
            return [loaded, os.getpid()]
    """
    with running(tmp_path, script) as service:
        loaded, called = service.score("").json
        assert loaded == called


def test_what_a_script_says_wrong_is_said_at_the_start(tmp_path):
    script = "MODELPACK_THREADS = 0\ndef init(): ...\ndef run(d): ..."
    with running(tmp_path, script, ready=False) as service:
        assert service.exit_code() == 3
        assert "MODELPACK_THREADS='0' cannot be used: at least 1 expected" in service.log


def test_one_at_a_time_unless_told(tmp_path):
    script = """
        import threading, time
        inside = []
        def init(): ...
        def run(data):
            inside.append(1)
            time.sleep(0.05)
            most = len(inside)
            inside.pop()
            return [most, threading.current_thread() is threading.main_thread()]
    """
    with running(tmp_path, script) as service:
        clients = [service.client() for _ in range(4)]
        for client in clients:
            client.request("POST", "/score", "")
        assert [json.loads(client.getresponse().read()) for client in clients] == [[1, True]] * 4


def test_timeouts_are_answered_and_a_worker_full_of_them_is_replaced(tmp_path):
    script = "import time\ndef init(): ...\ndef run(d):\n    time.sleep(float(d or 0))\n    return 'done'"
    with running(tmp_path, script, MODELPACK_THREADS="2", SCORING_TIMEOUT_MS="300") as service:
        assert service.score("60").json == {"message": "Scoring timeout after 300 ms"}
        assert service.score("").json == "done"
        assert service.score("60").status == 500
        service.wait_for("another one takes its place")
        assert service.score("").json == "done"
        assert service.stop() == 0
