"""What the scoring server's own counters say."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.engine.service_metrics import Traffic, traffic
from jupyter_modelpack.scoring.messages import Request, Response
from jupyter_modelpack.scoring.observe.metrics import Metrics


@pytest.fixture
def served():
    """A server that says what it is given at `/metrics`."""

    class Says(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = self.server.text if self.path == "/metrics" else None
            self.send_response(200 if text is not None else 404)
            self.end_headers()
            self.wfile.write(text or b"")

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Says)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def service(port: int) -> Service:
    return Service("process", "s", "1", "image", port, "running")


def test_the_words_of_the_scoring_server_are_understood(served) -> None:
    metrics = Metrics(2)
    request = Request("POST", "/score", b"", {}, b"")
    for worker, seconds in ((0, 0.002), (1, 0.004), (1, 0.3)):
        metrics.counters(worker).answered(request, Response(200, b"[]"), seconds)
    failed = Response(500, b"", headers=[(b"x-ms-run-function-failed", b"True")])
    metrics.counters(0).answered(request, failed, 0.001)
    metrics.counters(0).answered(Request("GET", "/ready", b"", {}, b""), Response(200, b""), 9.0)
    served.text = metrics.text()
    found = traffic(service(served.server_port))
    assert found is not None
    assert (found.requests, found.failures, round(found.seconds, 6)) == (4, 1, 0.307)
    assert [found.within[bound] for bound in (0.001, 0.0025, 0.005, 0.25, 0.5, float("inf"))] == [1, 2, 3, 3, 4, 4]


@pytest.mark.parametrize("text", [None, b"", b"<html>", b"modelpack_score_seconds_count x\n", b"\xff" * 100])
def test_what_is_no_counter_is_none(served, text: bytes | None) -> None:
    served.text = text
    assert traffic(service(served.server_port)) is None


def test_who_does_not_answer_has_said_nothing() -> None:
    assert traffic(service(1)) is None
    assert Traffic(1, 0.0, 0).within == {}
