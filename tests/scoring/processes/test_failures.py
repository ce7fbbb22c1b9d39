"""Scripts that fail while serving (azure-differences.md 7.5)."""

import time

import pytest

from tests.scoring.service import running

FAILS = """
    import json, os, sys, time
    def init(): ...
    def run(data):
        exec(data)
        return "done"
"""
FAILED = {"message": "An unexpected error occurred in scoring script. Check the logs for more info."}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    model = tmp_path_factory.mktemp("model")
    (model / "trained").mkdir()
    (model / "trained" / "model.pkl").write_bytes(b"x")
    with running(
        tmp_path_factory.mktemp("fails"), FAILS, SCORING_TIMEOUT_MS="500", AZUREML_MODEL_DIR=str(model)
    ) as service:
        yield service


@pytest.mark.parametrize("code", ["1/0", "sys.exit(4)", "raise KeyboardInterrupt", "json.loads('[' * 100000)"])
def test_an_exception_says_nothing_to_the_client_and_all_to_the_log(service, code):
    worker = service.workers()
    answer = service.score(code)
    assert (answer.status, answer.json) == (500, FAILED)
    assert answer.headers["x-ms-run-function-failed"] == "True"
    assert "x-ms-run-fn-exec-ms" not in answer.headers
    assert service.score("pass").json == "done"
    assert service.workers() == worker
    service.wait_for("score.py.*, line 5, in run")


def test_a_missing_model_file_is_explained(service):
    assert service.score("open(os.path.join(os.environ['AZUREML_MODEL_DIR'], 'model.pkl'))").status == 500
    line = service.wait_for("holds 'trained/model.pkl'")
    assert "Did you mean os.path.join(os.environ['AZUREML_MODEL_DIR'], 'trained/model.pkl')?" in line


@pytest.mark.parametrize(
    "code", ["time.sleep(60)", "while True: pass", "exec('try:\\n time.sleep(60)\\nexcept Exception: pass')"]
)
def test_a_call_that_takes_too_long_is_interrupted(service, code):
    worker = service.workers()
    began = time.monotonic()
    answer = service.score(code)
    assert time.monotonic() - began < 5
    assert (answer.status, answer.json) == (500, {"message": "Scoring timeout after 500 ms"})
    assert answer.headers["x-ms-run-function-failed"] == "True"
    assert service.score("pass").json == "done"
    assert service.workers() == worker


def test_liveness_answers_while_a_call_runs(service):
    busy = service.client()
    busy.request("POST", "/score", "time.sleep(0.4)")
    began = time.monotonic()
    assert service.ask("GET", "/").text == "Healthy"
    assert service.ask("GET", "/ready").status == 200
    assert time.monotonic() - began < 0.3
    assert busy.getresponse().read() == b'"done"'


def test_a_call_stuck_in_native_code_costs_its_worker_only(tmp_path):
    # A lock in C that no signal interrupts: what a hung library looks like.
    script = """
        import ctypes, time
        def init(): ...
        def run(data):
            if data == "hang":
                libc = ctypes.CDLL(None)
                lock = ctypes.create_string_buffer(64)
                libc.pthread_mutex_lock(lock)
                libc.pthread_mutex_lock(lock)
            return data
    """
    with running(tmp_path, script, SCORING_TIMEOUT_MS="200") as service:
        answer = service.score("hang")
        assert (answer.status, answer.json) == (500, {"message": "Scoring timeout after 200 ms"})
        service.wait_for("ended with exit code 1; another one takes its place")
        assert service.score("fine").json == "fine"


def test_a_call_that_never_gives_up_the_interpreter_lock_costs_its_worker_only(tmp_path):
    # Nothing of ours runs in that worker any more, not even what answers liveness.
    script = """
        import itertools
        def init(): ...
        def run(data):
            return sum(itertools.repeat(0, int(data)))
    """
    with running(tmp_path, script, SCORING_TIMEOUT_MS="200") as service:
        assert service.score("5").json == 0
        with pytest.raises(ConnectionError):
            service.score(str(10**13))
        service.wait_for('score.py", line 5 in run')
        service.wait_for("ended with exit code 1; another one takes its place")
        assert service.ask("GET", "/").status == 200
        assert service.score("6").json == 0


def test_async_calls_are_timed_too(tmp_path):
    script = """
        import asyncio
        def init(): ...
        async def run(data):
            await asyncio.sleep(float(data))
            return "done"
    """
    with running(tmp_path, script, SCORING_TIMEOUT_MS="200") as service:
        assert service.score("30").json == {"message": "Scoring timeout after 200 ms"}
        assert service.score("0").json == "done"
        assert service.score("x").json == FAILED


def test_an_async_run_that_blocks_costs_its_worker_only(tmp_path):
    script = """
        import time
        def init(): ...
        async def run(data):
            time.sleep(float(data))
            return "done"
    """
    with running(tmp_path, script, SCORING_TIMEOUT_MS="200") as service:
        assert service.score("0.1").json == "done"
        blocking, behind = service.client(), service.client()
        blocking.request("POST", "/score", "60")
        assert service.ask("GET", "/").status == 200
        behind.request("POST", "/score", "0")
        answer = blocking.getresponse()
        assert (answer.status, answer.read()) == (500, b'{"message": "Scoring timeout after 200 ms"}')
        assert behind.getresponse().status == 503
        service.wait_for("ended with exit code 1; another one takes its place")
        assert service.score("0").json == "done"


def test_a_full_queue_is_said_at_once(tmp_path):
    script = "import time\ndef init(): ...\ndef run(d):\n    time.sleep(float(d or 0))"
    with running(tmp_path, script, MODELPACK_QUEUE="2") as service:
        clients = [service.client() for _ in range(8)]
        for client in clients:
            client.request("POST", "/score", "0.4")
        answers = [client.getresponse() for client in clients]
        refused = [answer for answer in answers if answer.status == 503]
        assert sorted({answer.status for answer in answers}) == [200, 503]
        assert len(refused) >= 5
        assert all(answer.headers["retry-after"] for answer in refused)


def test_a_script_that_closes_stdout_keeps_serving(tmp_path):
    script = "import sys\ndef init(): ...\ndef run(d):\n    print(d)\n    sys.stdout.close()\n    return d"
    with running(tmp_path, script) as service:
        assert service.score("a").json == "a"
        assert service.score("b").status == 500  # its own stdout is closed, that is the script's affair
        service.wait_for("POST /score 500")
