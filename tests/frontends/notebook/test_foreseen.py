"""An import that nothing in the image provides is told before a single package is fetched."""

import contextlib
import functools
import hashlib
import http.server
import re
import signal
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_modelpack.analysis import missing_imports
from jupyter_modelpack.errors import BuildFailed
from tests.builder.small_wheels import noise, wheel
from tests.frontends.command_line import PROGRAM

BODY = "def init(): ...\ndef run(data): ...\n"


class Index(http.server.SimpleHTTPRequestHandler):
    """A package index that sends ranges, as the large ones do; `fetched` has what was taken whole."""

    fetched: list[str] = []  # noqa: RUF012 - emptied by the fixture

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        wanted = re.fullmatch(r"bytes=-(\d+)", self.headers.get("Range", ""))
        if path.suffix != ".whl" or not wanted:
            self.fetched += [path.name] if path.suffix == ".whl" else []
            super().do_GET()
            return
        data = path.read_bytes()[-int(wanted[1]) :]
        self.send_response(206)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None: ...


class Trickle(Index):
    """An index that sends a list of files a byte at a time."""

    asked = threading.Event()

    def do_GET(self) -> None:
        if "Range" not in self.headers:
            super().do_GET()
            return
        self.send_response(206)
        self.send_header("Content-Length", str(1 << 16))
        self.end_headers()
        self.asked.set()
        with contextlib.suppress(OSError):  # the client has gone
            while True:
                self.wfile.write(b"x")
                time.sleep(0.05)


@pytest.fixture
def index(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with one large package in it, served as an index beside the real one."""
    page = tmp_path / "index" / "simple" / "large-thing"
    many = {f"large/{at}.py": b"" for at in range(900)}  # their list is longer than what is asked for at first
    made = wheel(
        page, "large-thing", {"large/__init__.py": b"ANSWER = 42\n", "large/data": noise(1 << 20, "x"), **many}
    )
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    with zipfile.ZipFile(made) as archive:
        (page / f"{made.name}.metadata").write_bytes(archive.read("large_thing-1.0.dist-info/METADATA"))
    link = f'<a href="{made.name}#sha256={digest}" data-core-metadata="true">{made.name}</a>'
    (page / "index.html").write_text(link)
    monkeypatch.setattr(Index, "fetched", [])
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    handler = functools.partial(getattr(request, "param", Index), directory=str(tmp_path / "index"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("UV_INDEX", f"http://127.0.0.1:{server.server_address[1]}/simple")
        yield page
        server.shutdown()


@pytest.mark.network
def test_a_missing_module_is_told_before_anything_is_fetched(index, shell, base_image, monkeypatch, home) -> None:
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    (Path.cwd() / "utils.py").write_text("")
    # What the server's packages bring is known now: no index far away need say it in time.
    assert shell.run_cell(f"%%package\n{BODY}").success
    body = f"import large\nimport utils\nfrom sklearn.svm import SVC\n{BODY}"
    for line in ("%%package --plan", "%%package", "%%package --dockerfile"):
        error = shell.run_cell(f"{line} --pip large-thing==1.0\n{body}").error_in_exec
        assert isinstance(error, BuildFailed)
        assert error.message == "score.py, line 2: imports utils, which no package of the environment provides."
        assert error.hint.splitlines() == [
            "Add scikit-learn to the environment's requirements.",
            (
                "utils.py lies beside the script, which does not ship: "
                "--source-directory . (source_directory of an InferenceConfig) takes it along."
            ),
        ]
    assert Index.fetched == []
    assert list((home / "cache").glob("wheels/*large*")) == []
    assert shell.run_cell(f"%%package --pip large-thing==1.0\nimport large\n{BODY}").success
    assert Index.fetched == ["large_thing-1.0-py3-none-any.whl"]


@pytest.mark.network
@pytest.mark.parametrize("index", [Trickle], indirect=True)
def test_lists_that_trickle_are_not_waited_for(index, shell, base_image, monkeypatch) -> None:
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.setattr(missing_imports, "FORESEE_SECONDS", 0.5)
    error = shell.run_cell(f"%%package --pip large-thing==1.0\nimport utils\n{BODY}").error_in_exec
    assert isinstance(error, BuildFailed)
    assert error.message == "score.py, line 1: imports utils, which no package of the environment provides."
    assert Index.fetched == ["large_thing-1.0-py3-none-any.whl"], "it was told of the image"


@pytest.mark.network
@pytest.mark.parametrize("index", [Trickle], indirect=True)
def test_a_cancel_is_heard_while_they_trickle(index, base_image, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    (tmp_path / "score.py").write_text(f"import utils\n{BODY}")
    Trickle.asked.clear()
    words = [PROGRAM, "package", "score.py", "--pip", "large-thing==1.0"]
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as child:
        assert Trickle.asked.wait(60)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=missing_imports.FORESEE_SECONDS / 2)
    assert child.returncode == 130, said
    assert Index.fetched == []
