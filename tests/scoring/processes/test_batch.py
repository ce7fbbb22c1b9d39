"""Several requests in one call: run_batch (issue "In use")."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from jupyter_modelpack.scoring.messages import Request
from jupyter_modelpack.scoring.run.batch_runner import BatchRunner
from jupyter_modelpack.scoring.settings import Settings
from tests.scoring.figures import figures
from tests.scoring.service import Service, eventually, running

BATCH = """
    import json, pathlib, time
    sizes = []
    def init(): ...
    def run(data):
        raise AssertionError("run_batch is there")
    def run_batch(inputs):
        sizes.append(len(inputs))
        numbers = [json.loads(text) for text in inputs]
        if -1 in numbers:
            pathlib.Path("busy").touch()
            while pathlib.Path("busy").exists():
                time.sleep(0.005)
        return [{"sum": 1 + number, "sizes": list(sizes)} for number in numbers]
"""


@contextmanager
def busy(service: Service, calls: int) -> Iterator[http.client.HTTPConnection]:
    """Keep the worker busy with one call, and end it when all that was sent meanwhile has been read."""
    client = service.client()
    client.request("POST", "/score", "-1")
    eventually((service.root / "busy").exists)
    yield client
    eventually(lambda: figures(service)["modelpack_calls_waiting"] == calls)
    (service.root / "busy").unlink()


def test_what_waits_together_is_called_together(tmp_path):
    with running(tmp_path, BATCH, MODELPACK_BATCH_SIZE="4") as service:
        clients = [service.client() for _ in range(8)]
        with busy(service, 9) as first:
            for number, client in enumerate(clients):
                client.request("POST", "/score", str(number))
        answers = [json.loads(client.getresponse().read()) for client in clients]
        assert json.loads(first.getresponse().read())["sum"] == 0
        assert [answer["sum"] for answer in answers] == list(range(1, 9))
        assert answers[-1]["sizes"] == [1, 4, 4]


def test_an_error_stays_with_the_request_that_caused_it(tmp_path):
    with running(tmp_path, BATCH) as service:
        clients = [service.client() for _ in range(4)]
        with busy(service, 5):
            for client, body in zip(clients, (b"1", b'"text"', b"\xff", b"4"), strict=True):
                client.request("POST", "/score", body)
        answers = [client.getresponse() for client in clients]
        assert [answer.status for answer in answers] == [200, 500, 400, 200]
        bodies = [json.loads(answer.read()) for answer in answers]
        assert (bodies[0]["sum"], bodies[3]["sum"]) == (2, 5)
        assert all(len(answer.headers.get_all("x-request-id")) == 1 for answer in answers)


def test_a_lone_client_waits_for_no_others(tmp_path):
    with running(tmp_path, BATCH, MODELPACK_BATCH_DELAY_MS="600000") as service:
        client = service.client()
        for number in range(5):
            client.request("POST", "/score", str(number))
            assert json.loads(client.getresponse().read())["sizes"] == [1] * (number + 1)


def test_what_waits_for_others_stops_waiting():
    runner = BatchRunner(Settings(batch_delay=2e-6))  # over when the waiting has hardly begun
    request = Request("POST", "/score", b"", {}, b"")
    gathered = threading.Event()

    def gather() -> None:
        for _ in range(20_000):
            for _ in range(2):
                runner.submit(request, lambda _: None)
            taken = 0
            while taken < 2:
                taken += len(runner._gather())
        gathered.set()

    threading.Thread(target=gather, daemon=True).start()
    assert gathered.wait(20)


def test_a_wrong_number_of_results(tmp_path):
    script = "def init(): ...\ndef run(d): ...\ndef run_batch(inputs): return []"
    with running(tmp_path, script) as service:
        assert service.score("1").status == 500
        service.wait_for(r"run_batch\(\) gave 0 results for 1 inputs")


def test_a_batch_that_takes_too_long(tmp_path):
    script = """
        import time
        def init(): ...
        def run(data): ...
        def run_batch(inputs):
            print("batch of", len(inputs), flush=True)
            time.sleep(0.2 * len(inputs))
            return inputs
    """
    with running(tmp_path, script, SCORING_TIMEOUT_MS="500") as service:
        busy = service.client()
        busy.request("POST", "/score", "first")
        service.wait_for("batch of 1")
        clients = [service.client() for _ in range(4)]
        for client in clients:
            client.request("POST", "/score", "x")
        answers = [client.getresponse() for client in clients]
        assert [answer.status for answer in answers] == [500] * 4
        assert [len(answer.headers.get_all("x-request-id")) for answer in answers] == [1] * 4
        assert busy.getresponse().status == 200
