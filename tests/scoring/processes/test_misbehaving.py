"""Scripts that print without end, fork, leak, hang (threat-model.md T11); a worker killed under load."""

import http.client
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.scoring.service import ECHO, eventually, gone, read_all, running, serving_python
from tests.services import CHECKOUT

PRINTS = """
import os
def init(): ...
def run(data):
    for _ in range(int(data)):
        print("x" * 1048575)
    return os.getpid()
"""


def test_a_gigabyte_of_print_that_nobody_reads_stops_nothing_else(tmp_path):
    (tmp_path / "score.py").write_text(PRINTS)
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "AZUREML_ENTRY_SCRIPT": "score.py"}
    settings = {"MODELPACK_PORT": "0", "MODELPACK_PORT_FILE": str(tmp_path / "port")}
    command = [serving_python(), "-m", "jupyter_modelpack.scoring"]
    process = subprocess.Popen(command, cwd=tmp_path, env={**environment, **settings}, stdout=subprocess.PIPE)
    try:
        eventually((tmp_path / "port").exists)
        port = int((tmp_path / "port").read_text())

        def ask(method: str, path: str, body: str | None = None) -> int:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
            try:
                client.request(method, path, body)
                return client.getresponse().status
            finally:
                client.close()

        eventually(lambda: ask("GET", "/ready") == 200)
        printing = threading.Thread(target=ask, args=("POST", "/score", "1024"), daemon=True)
        printing.start()
        # Nobody reads: the script waits in its print, the service does not, though each of these is a line of the log.
        assert {ask("GET", "/nothing") for _ in range(1500)} == {404}
        assert printing.is_alive()
        read = [0, b""]

        def drain() -> None:
            while piece := os.read(process.stdout.fileno(), 1 << 20):
                read[0] += len(piece)
                read[1] += piece.replace(b"x", b"")

        threading.Thread(target=drain, daemon=True).start()
        printing.join(40)
        assert not printing.is_alive()
        eventually(lambda: read[0] >= 1 << 30)
        assert ask("POST", "/score", "0") == 200
        eventually(lambda: b"bytes of this log were lost: nobody read it." in read[1])
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_a_script_that_forks_answers_once_and_its_child_holds_no_connection(tmp_path):
    script = """
        import os, time
        def init(): ...
        def run(data):
            child = os.fork()
            if child == 0 and data == "stays":
                time.sleep(60)
            if child == 0 and data == "leaves":
                os._exit(0)
            return [child, os.getpid()]  # the child returns, too
    """
    with running(tmp_path, script) as service:
        [worker] = service.workers()
        for what in ("returns", "leaves"):
            child, pid = service.score(what).json
            assert pid == worker
            eventually(lambda child=child: gone(child) or "Z" in _state(child))
        with service.connect() as connection:
            head = b"POST /score HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nstays"
            connection.sendall(head)
            began = time.monotonic()
            assert read_all(connection).startswith(b"HTTP/1.1 200")  # to the end: the child does not hold it
            assert time.monotonic() - began < 10
        assert service.workers() == [worker]
        port = service.port
        assert service.stop() == 0
    with running(tmp_path / "next", ECHO, MODELPACK_PORT=str(port)) as service:  # nor the port
        assert service.score([1]).json == [1]


@pytest.mark.parametrize(
    ("kind", "threads"), [("def run", "1"), ("async def run", "1"), ("def run", "2"), ("def run_batch", "1")]
)
def test_a_child_that_returns_from_any_kind_of_call_ends_there(tmp_path, kind, threads):
    script = f"""
        import os
        def init(): ...
        def run(data): ...
        {kind}(data):
            child = os.fork()
            return [child for _ in data]
    """
    with running(tmp_path, script, MODELPACK_THREADS=threads) as service:
        [worker] = service.workers()
        for _ in range(3):
            [child] = service.score("x").json if kind != "def run_batch" else [service.score("x").json]
            assert child
            eventually(lambda child=child: gone(child) or "Z" in _state(child))
        assert service.workers() == [worker]


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_script_that_leaks_to_its_limit_gets_a_memory_error_and_no_more(tmp_path):
    script = """
        import os, resource
        kept = []
        def init(): ...
        def run(data):
            if data == "leak":
                if not kept:
                    resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
                while True:
                    kept.append(bytearray(2**26))
            kept.clear()
            return os.getpid()
    """
    with running(tmp_path, script) as service:
        worker = service.score("").json
        assert service.score("leak").status == 500
        service.wait_for("MemoryError")
        assert service.ask("GET", "/").status == 200
        assert service.score("").json == worker


def test_a_worker_killed_under_load_costs_its_own_calls_only(tmp_path):
    script = "import os, time\ndef init(): ...\ndef run(d):\n    time.sleep(0.005)\n    return os.getpid()"
    with running(tmp_path, script, WORKER_COUNT="2") as service:
        halt, failures, answers = threading.Event(), [], []

        def load() -> None:
            while not halt.is_set():
                try:
                    answers.append((time.monotonic(), service.score("1").json))
                except (OSError, http.client.HTTPException):
                    failures.append(time.monotonic())

        threads = [threading.Thread(target=load) for _ in range(16)]
        for thread in threads:
            thread.start()
        eventually(lambda: len({pid for _, pid in answers}) == 2)
        killed = answers[-1][1]
        at = time.monotonic()
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: len({pid for when, pid in answers if when > at} - {killed}) == 2, 5)
        back = min(when for when, pid in answers if when > at and pid not in {killed, *_before(answers, at)}) - at
        halt.set()
        for thread in threads:
            thread.join()
        print(f"{len(failures)} calls failed, the new worker answered after {back:.3f} s")
        assert len(failures) <= 16  # one a connection: those that were in the worker
        assert back < 1


def _before(answers, at) -> set[int]:
    return {pid for when, pid in answers if when <= at}


def test_the_only_worker_that_loads_for_itself_leaves_no_gap_in_liveness(tmp_path):
    script = """
        import os, time
        def init():
            time.sleep(1.5)
        def run(data):
            return os.getpid()
    """
    with running(tmp_path, script, WORKER_PRELOAD="false") as service:
        for _ in range(2):
            pid = service.score("").json
            os.kill(pid, signal.SIGKILL)
            service.wait_for("another one takes its place")
            asked, began = [], time.monotonic()
            assert service.ask("GET", "/").status == 200  # it waits for half a second, and no longer
            assert time.monotonic() - began < 1.4
            end = time.monotonic() + 10
            while service.ask("GET", "/ready").status == 503:
                began = time.monotonic()
                assert service.ask("GET", "/").status == 200
                asked.append(time.monotonic() - began)
                assert time.monotonic() < end
            assert len(asked) > 5
            assert max(asked) < 1.5
            assert service.score("").json != pid


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_worker_whose_script_leaks_all_files_is_replaced(tmp_path, workers):
    script = """
        import os, resource
        def init():
            resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
        def run(data):
            if data == "leak":
                try:
                    while True:
                        os.open("/dev/null", os.O_RDONLY)
                except OSError:
                    pass
            return os.getpid()
    """
    with running(tmp_path, script, WORKER_COUNT=workers) as service:
        kept = service.client()
        kept.request("POST", "/score", "leak")
        leaking = json.loads(kept.getresponse().read())
        # Who comes meanwhile is answered by another worker, or by the one that takes its place.
        eventually(lambda: service.score("").json != leaking and f"Worker {leaking} ended" in service.log)
        assert "The script holds 1" in service.wait_for("Does it close what it opens")
        for _ in range(5):
            assert service.score("").json != leaking
