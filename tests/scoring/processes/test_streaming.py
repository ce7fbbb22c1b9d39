"""Generators: their items leave as they come, no faster than the client reads."""

import http.client
import signal
import socket
import time

import pytest

from tests.scoring.figures import figures
from tests.scoring.service import Service, eventually, read_all, running

SCRIPT = """
    import asyncio, json, os, time

    def init(): ...

    def note(line):
        with open("notes", "a") as file:
            file.write(line + "\\n")

    def {kind}(what):
        try:
            if what == "slow":
                for number in range(3):
                    yield f"{{number}} "
                    {sleep}(0.3)
            elif what == "rows":
                yield {{"a": 1}}
                yield None
                yield [2.5, "é"]
            elif what == "none":
                return
            elif what == "early":
                raise ValueError("before the first")
            elif what == "late":
                yield "some"
                {sleep}(0.05)
                raise ValueError("amid")
            elif what == "endless":
                for number in range(10**6):
                    note("piece")
                    yield b"x" * 262144
            elif what == "patient":
                yield "first"
                {sleep}(30)
            elif what == "bytes":
                yield b"\\xff\\x00"
                yield memoryview(b"rest")
        finally:
            note("closed " + what)

    {run}
"""
PLAIN = "def run(data): return items(json.loads(data))"
ASYNC = "async def run(data): return items(json.loads(data))"
KINDS = {
    "generator": {"kind": "items", "sleep": "time.sleep", "run": PLAIN},
    "threads": {"kind": "items", "sleep": "time.sleep", "run": PLAIN},
    "async": {"kind": "items", "sleep": "await asyncio.sleep", "run": ASYNC},
    "hidden": {"kind": "items", "sleep": "await asyncio.sleep", "run": PLAIN},
}


@pytest.fixture(params=KINDS, scope="module")
def streaming(request, tmp_path_factory):
    text = SCRIPT.format(**KINDS[request.param])
    if request.param in {"async", "hidden"}:
        text = text.replace("def items", "async def items")
    more = {"MODELPACK_THREADS": "4"} if request.param == "threads" else {}
    with running(tmp_path_factory.mktemp("streaming"), text, SCORING_TIMEOUT_MS="1500", **more) as service:
        yield service


def notes(service: Service) -> str:
    path = service.root / "notes"
    return path.read_text() if path.exists() else ""


def asked(service: Service, what: str) -> http.client.HTTPResponse:
    client = service.client()
    client.request("POST", "/score", f'"{what}"')
    return client.getresponse()


def test_pieces_leave_as_they_come(streaming):
    began = time.perf_counter()
    answer = asked(streaming, "slow")
    assert answer.read(2) == b"0 "
    assert time.perf_counter() - began < 0.3
    assert answer.read() == b"1 2 "
    assert time.perf_counter() - began > 0.8
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-ms-run-function-failed"] == "False"
    assert answer.headers["x-ms-request-id"]
    streaming.wait_for(r"POST /score 200 .*ms 6$")


def test_text_and_bytes_go_as_they_are_and_anything_else_as_one_json_array(streaming):
    assert streaming.score('"rows"').text == '[{"a":1},null,[2.5,"é"]]'
    assert streaming.score('"rows"').headers["content-type"] == "application/json"
    assert streaming.score('"none"').json == []
    answer = streaming.score('"bytes"')
    assert (answer.body, answer.headers["content-type"]) == (b"\xff\x00rest", "application/octet-stream")


def test_an_error_before_the_first_piece_is_a_500_and_one_after_it_breaks_off(streaming):
    assert streaming.score('"early"').status == 500
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        asked(streaming, "late").read()
    streaming.wait_for("run\\(\\) failed after it had begun to answer")
    streaming.wait_for("ValueError: amid")
    assert streaming.score('"rows"').status == 200


def test_a_client_that_leaves_ends_the_generator(streaming):
    with asked(streaming, "endless") as answer:
        assert len(answer.read(1 << 20)) == 1 << 20
    eventually(lambda: "closed endless" in notes(streaming))
    assert streaming.score('"rows"').status == 200


def test_a_generator_waits_for_a_client_that_does_not_read(streaming):
    (streaming.root / "notes").unlink(missing_ok=True)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", streaming.port))
        connection.sendall(b'POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"endless"')
        eventually(lambda: notes(streaming).count("piece") >= 4)
        time.sleep(0.3)
        ahead = notes(streaming).count("piece")
        time.sleep(0.3)
        assert notes(streaming).count("piece") == ahead < 40  # of a million; the kernel's buffers take some
        assert streaming.ask("GET", "/").status == 200
    eventually(lambda: "closed endless" in notes(streaming))


def test_a_piece_that_takes_too_long_breaks_off(streaming):
    began = time.perf_counter()
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        asked(streaming, "patient").read()
    assert 1.0 < time.perf_counter() - began < 5
    streaming.wait_for("Scoring timeout after 1500 ms")


@pytest.mark.parametrize("word", ["def", "async def"])
def test_a_number_amid_text_is_an_error_and_not_as_many_zeros(tmp_path, word):
    script = f"def init(): ...\n{word} run(data):\n    yield 'text'\n    yield 3_000_000"
    with running(tmp_path, script) as service:
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            asked(service, "").read()
        service.wait_for("TypeError: memoryview: a bytes-like object is required, not 'int'")


@pytest.mark.parametrize("word", ["def", "async def"])
def test_what_fails_while_a_generator_is_closed_is_in_the_log(tmp_path, word):
    script = f"""
        def init(): ...
        {word} run(data):
            try:
                while True:
                    yield "x" * 1000000
            finally:
                raise KeyError("tidying")
    """
    with running(tmp_path, script) as service:
        with asked(service, "") as answer:
            answer.read(1000)
        service.wait_for("The generator of run\\(\\) failed while it was closed")
        service.wait_for("KeyError: 'tidying'")
        assert service.ask("GET", "/").status == 200


THREADS = {"MODELPACK_THREADS": "2", "SCORING_TIMEOUT_MS": "400"}


def test_a_thread_whose_piece_takes_too_long_is_one_call_and_one_failure(tmp_path):
    script = """
        import time
        def init(): ...
        def run(data):
            try:
                yield "some"
                time.sleep(1.5)
                yield "more"
            finally:
                print("closed", flush=True)
    """
    with running(tmp_path, script, **THREADS) as service:
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            asked(service, "").read()
        assert figures(service)["modelpack_run_failures_total"] == 1
        assert figures(service)["modelpack_calls_waiting"] == 1
        service.wait_for("^closed")
        eventually(lambda: figures(service)["modelpack_calls_waiting"] == 0)
        assert service.log.count("Scoring timeout") == 1


def test_a_client_that_reads_slowly_costs_a_thread_no_time(tmp_path):
    with running(
        tmp_path, "def init(): ...\ndef run(data):\n    for _ in range(32): yield b'x' * 2**20", **THREADS
    ) as service:
        answer = asked(service, "")
        time.sleep(1)
        assert len(answer.read()) == 32 * 2**20
        assert "Scoring timeout" not in service.log


def test_an_old_client_gets_the_pieces_without_chunks(streaming):
    answer = streaming.raw(b'POST /score HTTP/1.0\r\nContent-Length: 6\r\n\r\n"rows"')
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert b"connection: close" in head
    assert body.decode() == '[{"a":1},null,[2.5,"é"]]'


def test_a_client_that_half_closes_reads_the_stream_to_its_end(streaming):
    answer = streaming.raw(b'POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n"rows"')
    assert answer.endswith(b"0\r\n\r\n")


def test_the_connection_is_kept_for_the_next_request(streaming):
    client = streaming.client()
    for _ in range(3):
        client.request("POST", "/score", '"rows"')
        assert len(client.getresponse().read()) == 25
    request = b'POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n"rows"'
    with streaming.connect() as connection:
        connection.sendall(request * 2 + request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert read_all(connection).count(b"\r\n0\r\n\r\n") == 3


@pytest.mark.parametrize("word", ["def", "async def"])
def test_tensors_are_collected(tmp_path, word):
    with running(tmp_path, f"def init(): ...\n{word} run(data):\n    yield 1\n    yield 2") as service:
        body = {"inputs": [{"name": "data", "shape": [1], "datatype": "INT64", "data": [1]}]}
        [output] = service.post("/v2/models/model/infer", body).json["outputs"]
        assert (output["name"], output["shape"], output["data"]) == ("predict", [2], [1, 2])
        assert service.score("").json == [1, 2]
        assert service.score("").headers["transfer-encoding"] == "chunked"


def test_sigterm_lets_a_stream_end(tmp_path):
    with running(tmp_path, SCRIPT.format(**KINDS["generator"])) as service:
        answer = asked(service, "slow")
        assert answer.read(2) == b"0 "
        service.process.send_signal(signal.SIGTERM)
        assert answer.read() == b"1 2 "
        assert service.exit_code() == 0


def test_an_answer_of_the_scripts_own_may_stream(tmp_path):
    script = """
        from azureml.contrib.services.aml_response import AMLResponse
        def init(): ...
        def events():
            yield "data: 1\\n\\n"
            yield "data: 2\\n\\n"
        def run(data):
            return AMLResponse(events(), 201, {"Content-Type": "text/event-stream", "X-A": "b"})
    """
    with running(tmp_path, script) as service:
        answer = service.score("")
        assert (answer.status, answer.text) == (201, "data: 1\n\ndata: 2\n\n")
        assert (answer.headers["content-type"], answer.headers["x-a"]) == ("text/event-stream", "b")
