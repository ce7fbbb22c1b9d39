"""Source archives of a lock that came from elsewhere: built, which runs their code, for who says so and nobody else."""

import functools
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.packages import modelpack, printed

pytestmark = pytest.mark.network

BACKEND = """
import zipfile

def build_wheel(folder, settings=None, metadata=None):
    with open({ran!r}, "a") as file:
        file.write("ran\\n")
    name, info = "evil-1.0-py3-none-any.whl", "evil-1.0.dist-info/"
    files = {{
        "evil.py": "x = 1\\n",
        info + "METADATA": "Metadata-Version: 2.1\\nName: evil\\nVersion: 1.0\\n",
        info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }}
    files[info + "RECORD"] = "".join(name + ",,\\n" for name in [*files, info + "RECORD"])
    with zipfile.ZipFile(folder + "/" + name, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return name
"""
SAID = "The lock has source archives (evil 1.0), and building one runs its code on this machine."
HINT = "If you trust the author of the lock, repeat the command with --build-sources."


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    return tmp_path / "ran.txt"


@pytest.fixture
def index(tmp_path: Path, ran: Path) -> Iterator[str]:
    """An index with one source archive, whose building writes a line into `ran`."""
    house = tmp_path / "house"
    house.mkdir()
    members = {
        "PKG-INFO": "Metadata-Version: 2.2\nName: evil\nVersion: 1.0\n",
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "evil"\nversion = "1.0"\n',
        "backend.py": BACKEND.format(ran=str(ran)),
    }
    with tarfile.open(house / "evil-1.0.tar.gz", "w:gz") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(f"evil-1.0/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    handler = functools.partial(Quiet, directory=str(house))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_given: object) -> None: ...


@pytest.fixture
def handed_over(tmp_path: Path, index: str, base_image: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package in a workspace that it was loaded into."""
    (tmp_path / "score.py").write_text("def init(): ...\ndef run(data):\n    return data\n")
    (tmp_path / "requirements.txt").write_text(f"--find-links {index}\nevil\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_LINK_MODE", "copy")
    printed("package", "score.py", "-r", "requirements.txt", "--tag", "1")
    assert modelpack("save", "package:1", "package.tar").returncode == 0
    assert modelpack("load", "package.tar", "--tag", "loaded").returncode == 0
    return "package:loaded"


def test_nothing_of_others_is_built_unless_it_is_asked_for(handed_over, ran, home, tmp_path, monkeypatch):
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "another"))  # uv keeps what it has built
    for path in (home / "cache" / "wheels").iterdir():  # and this machine has never made these layers
        path.unlink()
    before = ran.read_text()
    for words in (["verify", handed_over], ["package", "score.py", "--lock", handed_over]):
        done = modelpack(*words)
        assert done.returncode == 2, done.stderr
        assert f"modelpack: {SAID}\n{HINT}" in done.stderr
    assert ran.read_text() == before, "its code has run"
    assert printed("verify", handed_over, "--build-sources")["sound"]
    after = ran.read_text()
    assert after > before
    printed("package", "score.py", "--lock", handed_over, "--build-sources")
    printed("package", "score.py", "--lock", handed_over, "--tag", "kept")  # what is made already needs no building
