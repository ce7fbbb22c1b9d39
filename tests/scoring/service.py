"""A scoring server in a process of its own, as an image or the process engine starts it."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.services import CHECKOUT

PATIENCE = 20.0
PYTHON = "MODELPACK_SCORING_PYTHON"
"""Variable that names the interpreter servers run in; without it, that of the tests."""

ECHO = """
    import json
    def init():
        pass
    def run(data):
        return json.loads(data)
"""


class Answer:
    """One response, read to its end."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Service:
    """A running server: what it says, what it answers, how it ends."""

    def __init__(self, root: Path, environment: dict[str, str], command: list[str], port: int = 0) -> None:
        self.root = root
        self._port = port
        self._lines: list[str] = []
        self._said = threading.Condition()
        self.process = subprocess.Popen(
            command,
            cwd=root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with self._said:
                    self._lines.append(line.rstrip("\n"))
                    self._said.notify_all()

    @property
    def log(self) -> str:
        with self._said:
            return "\n".join(self._lines)

    def wait_for(self, pattern: str, times: int = 1, seconds: float = PATIENCE) -> str:
        """Wait until `times` lines of the log match; give the last of them."""
        with self._said:

            def found() -> list[str]:
                return [line for line in self._lines if re.search(pattern, line)]

            if not self._said.wait_for(lambda: len(found()) >= times, seconds):
                raise AssertionError(f"{pattern!r} is not in the log after {seconds} s:\n" + "\n".join(self._lines))
            return found()[-1]

    @property
    def port(self) -> int:
        if not self._port:
            found = re.search(r"port (\d+),", self.wait_for(r"port \d+,"))
            assert found
            self._port = int(found[1])
        return self._port

    def ready(self) -> "Service":
        self.wait_for("Listening on")
        return self

    def workers(self, count: int = 1) -> list[int]:
        """The worker processes, once the child that answered during init() has ended."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        eventually(lambda: len(children.read_text().split()) == count)
        return [int(pid) for pid in children.read_text().split()]

    def connect(self, seconds: float = PATIENCE) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def client(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        client = self.client()
        try:
            client.request(method, path, body, headers or {})
            return Answer(client.getresponse())
        finally:
            client.close()

    def score(self, body: Any, headers: dict[str, str] | None = None) -> Answer:
        return self.post("/score", body, headers)

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
        content = body if isinstance(body, (bytes, str)) else json.dumps(body)
        return self.ask("POST", path, content, {"Content-Type": "application/json", **(headers or {})})

    def raw(self, data: bytes) -> bytes:
        """Send bytes, half-close, read to the end."""
        with self.connect() as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return read_all(connection)

    def exit_code(self) -> int:
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.exit_code()


def read_all(connection: socket.socket) -> bytes:
    """Read until the server closes; a reset ends it too."""
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def serving_python() -> str:
    """Give the interpreter that servers run in."""
    return os.environ.get(PYTHON, sys.executable)


@contextmanager
def running(
    root: Path,
    script: str = ECHO,
    *,
    ready: bool = True,
    module: str = "jupyter_modelpack.scoring",
    path: Path | str = CHECKOUT,
    python: Path | str | None = None,
    **environment: str,
) -> Iterator[Service]:
    """Start a server for `script` and stop it; keyword arguments are environment variables."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "score.py").write_text(textwrap.dedent(script))
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    service = Service(
        root,
        {
            **kept,
            "PYTHONPATH": str(path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AZUREML_ENTRY_SCRIPT": "score.py",
            "MODELPACK_PORT": "0",
            **environment,
        },
        [str(python or serving_python()), "-m", module],
    )
    try:
        yield service.ready() if ready else service
    finally:
        try:
            service.stop()
        except subprocess.TimeoutExpired:
            os.killpg(service.process.pid, signal.SIGKILL)
            raise


def gone(pid: int) -> bool:
    """Tell whether no such process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def eventually(true: Any, seconds: float = PATIENCE) -> None:
    """Ask again until it holds; only for facts that nothing announces."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError("it never came true")
        threading.Event().wait(0.01)
