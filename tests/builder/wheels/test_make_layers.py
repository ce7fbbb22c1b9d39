"""Wheels that go straight from their address into a layer: the same bytes as by way of uv, and no wheel trusted."""

import hashlib
import http.server
import io
import random
import socket
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_modelpack.builder.lock.pylock import Lock, Locked
from jupyter_modelpack.builder.lock.resolve import make_lock
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels import layer_cache
from jupyter_modelpack.builder.wheels.bytecode import Compilers, find_compiler
from jupyter_modelpack.builder.wheels.download import Fetcher
from jupyter_modelpack.builder.wheels.wheel_archive import WheelFile
from jupyter_modelpack.errors import Cancelled, Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import CHUNK
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.store.layout import Layout

TARGET = BuildTarget("3.11", Platform("linux", "amd64"), find_compiler("3.11"))
INFO = "thing-1.0.dist-info"


@pytest.mark.network
def test_a_layer_is_the_same_by_way_of_uv(tmp_path: Path, monkeypatch):
    """Console scripts, extension modules, executables, data in packages, one wheel of 16 MB."""
    lines = ["tqdm==4.67.1", "pyyaml==6.0.3", "httptools==0.7.1", "uvicorn==0.38.0", "numpy==2.2.6", "pip==25.3"]
    lock = make_lock(lines, TARGET, tmp_path / "locks", Reporter())
    taken: list[str] = []
    fetch = Fetcher.fetch
    monkeypatch.setattr(Fetcher, "fetch", lambda *given: taken.append(given[1].name) or fetch(*given))
    direct = made(lock, tmp_path / "direct")
    assert {"tqdm", "pyyaml", "httptools", "uvicorn", "numpy"} <= set(taken)
    monkeypatch.setattr(Fetcher, "fetch", lambda *_given: False)
    assert made(lock, tmp_path / "uv") == direct


def made(lock: Lock, cache: Path) -> list[tuple[str, str]]:
    found = layer_cache.wheel_layers(lock, TARGET, Layout.create(cache), Reporter())
    return [(layer.title, layer.descriptor.digest) for layer in found]


# --- the archive ---


def wheel(path: Path, files: dict[str, bytes], record: str | None = None, **changed: object) -> Path:
    rows = "".join(f"{name},,\n" for name in (*files, f"{INFO}/METADATA", f"{INFO}/RECORD"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            for attribute, value in changed.items():
                setattr(entry, attribute, value)
            archive.writestr(entry, content)
        archive.writestr(f"{INFO}/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        archive.writestr(f"{INFO}/RECORD", rows if record is None else record)
    return path


def test_a_plain_wheel_is_read_without_unpacking_it(tmp_path: Path):
    large = bytes(range(256)) * 5 * (CHUNK >> 8)
    path = wheel(tmp_path / "w.whl", {"thing/__init__.py": b"x = 1\n", "thing/data.bin": large})
    with WheelFile(path, "/env") as found:
        assert found.is_plain("Thing")
        assert dict(found.modules()) == {"thing/__init__.py": b"x = 1\n"}
        contents = {name: read(content) for name, content, _, _ in found.files({"thing/a.pyc": b"code"})}
    assert contents["thing/data.bin"] == large
    assert contents["thing/a.pyc"] == b"code"


def read(content: bytes | io.BufferedIOBase) -> bytes:
    return content if isinstance(content, bytes) else b"".join(iter(lambda: content.read(CHUNK), b""))


@pytest.mark.parametrize(
    "make",
    [
        lambda path: wheel(path, {"thing-1.0.data/scripts/run": b"#!python\n"}),
        lambda path: wheel(path, {"bin/run": b""}),
        lambda path: wheel(path, {"thing/link": b"/etc/passwd"}, external_attr=(stat.S_IFLNK | 0o777) << 16),
        lambda path: wheel(path, {"other-1.0.dist-info/RECORD": b""}),
        lambda path: wheel(path, {"thing/bomb": bytes(60 << 20)}),
        lambda path: nameless(wheel(path, {"x": b""})),
        lambda path: path.write_bytes(b"PK\x05\x06" + bytes(18)) and path,
    ],
    ids=["data", "bin", "link", "two projects", "bomb", "no name", "empty"],
)
def test_what_is_not_plain_is_left_to_uv(tmp_path: Path, make: Callable[[Path], Path]):
    with WheelFile(make(tmp_path / "w.whl"), "/env") as found:
        assert not found.is_plain("thing")


def nameless(path: Path) -> Path:
    """Take the name away from a wheel's first file; `zipfile` would not write such a one."""
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 28 : entry + 32] = b"\0\0\1\0"  # a name of no byte, and one more of what follows it
    path.write_bytes(data)
    return path


def test_paths_that_lead_out_are_not_taken(tmp_path: Path):
    record = "../../evil.py,,\n/etc/evil.py,,\nthing.py,,\n"
    path = wheel(tmp_path / "w.whl", {"../../evil.py": b"", "/etc/evil.py": b"", "thing.py": b""}, record)
    with WheelFile(path, "/env") as found:
        assert [name for name, *_ in found.files({})] == ["thing.py"]


@pytest.mark.parametrize("size", [1000, 3 * CHUNK])
def test_every_flipped_bit_of_a_member_is_seen(tmp_path: Path, size: int):
    path = wheel(tmp_path / "w.whl", {"thing.bin": random.Random(size).randbytes(size)})
    data = bytearray(path.read_bytes())
    for place in range(60, 100):  # within the first member's bytes
        damaged = bytearray(data)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(Untrusted):
            read_all(path)


def read_all(path: Path) -> None:
    with WheelFile(path, "/env") as found:
        assert found.is_plain("thing")
        for _, content, size, _ in found.files({}):
            assert len(read(content)) == size


@pytest.mark.parametrize("text", [b"\xff", b"no section", b"[console_scripts\n"])
def test_entry_points_that_cannot_be_read_are_refused(tmp_path: Path, text: bytes):
    path = wheel(tmp_path / "w.whl", {"thing.py": b"", f"{INFO}/entry_points.txt": text})
    with pytest.raises(Untrusted, match="its entry points cannot be read"):
        read_all(path)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" * 20])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "w.whl"
    path.write_bytes(content)
    with pytest.raises(Untrusted):
        read_all(path)


# --- the way ---


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if self.path == "/w.whl" else 403)
            self.end_headers()
            self.wfile.write(b"wheel" if self.path == "/w.whl" else b"")

        def log_message(self, *_given: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def locked(place: str, content: bytes = b"wheel", size: int | None = None) -> Locked:
    digest = hashlib.sha256(content).hexdigest()
    return Locked("thing", "1.0", digest, len(content) if size is None else size, wheel=True, place=place)


def test_a_wheel_is_taken_from_its_address(tmp_path: Path, served):
    came: list[int] = []
    assert Fetcher(Reporter(), came.append).fetch(locked(f"{served[0]}/w.whl"), tmp_path / "got")
    assert ((tmp_path / "got").read_bytes(), sum(came)) == (b"wheel", 5)
    assert Fetcher(Reporter(), came.append).fetch(locked(str(tmp_path / "got")), tmp_path / "copied")


@pytest.mark.parametrize("lie", [{"content": b"other"}, {"size": 4}, {"size": 6}, {"size": 0}])
def test_other_bytes_than_the_lock_names_are_not_taken(tmp_path: Path, served, lie: dict):
    assert not Fetcher(Reporter(), len_of).fetch(locked(f"{served[0]}/w.whl", **lie), tmp_path / "got")


def len_of(_size: int) -> None: ...


def test_a_refusal_leaves_the_others_their_chance_and_silence_does_not(tmp_path: Path, served):
    fetcher = Fetcher(Reporter(), len_of)
    assert not fetcher.fetch(locked(f"{served[0]}/private.whl"), tmp_path / "got")
    assert fetcher.fetch(locked(f"{served[0]}/w.whl"), tmp_path / "got")
    assert not fetcher.fetch(locked("http://127.0.0.1:9/w.whl"), tmp_path / "got")
    assert not fetcher.fetch(locked(f"{served[0]}/w.whl"), tmp_path / "got")


@pytest.mark.parametrize("answer", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"])
def test_what_is_no_http_is_left_to_uv(tmp_path: Path, answer: bytes):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def reply() -> None:
            line, _ = server.accept()
            with line:
                line.recv(CHUNK)
                line.sendall(answer)

        threading.Thread(target=reply, daemon=True).start()
        place = f"http://127.0.0.1:{server.getsockname()[1]}/w.whl"
        assert not Fetcher(Reporter(), len_of).fetch(locked(place), tmp_path / "got")


def test_an_address_that_is_none_is_left_to_uv(tmp_path: Path):
    assert not Fetcher(Reporter(), len_of).fetch(locked("http://127.0.0.1:1/a b.whl"), tmp_path / "got")


def test_offline_nobody_is_asked(tmp_path: Path, served, monkeypatch):
    monkeypatch.setenv("UV_OFFLINE", "1")
    assert not Fetcher(Reporter(), len_of).fetch(locked(f"{served[0]}/w.whl"), tmp_path / "got")
    assert served[1] == []


def test_what_uv_has_is_not_fetched_again(tmp_path: Path, served, monkeypatch):
    (tmp_path / "wheels-v5" / "pypi" / "thing" / "1.0-py3-none-any").mkdir(parents=True)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    assert not Fetcher(Reporter(), len_of).fetch(locked(f"{served[0]}/w.whl"), tmp_path / "got")
    assert served[1] == []


# --- bytecode ---


def test_bytecode_is_the_same_in_any_company():
    modules = [(f"m{number}.py", f"x = {{'a': {number}}}\ndef f(): return 'text'\n".encode()) for number in range(300)]
    with Compilers(TARGET, Reporter()) as compilers:
        together = compilers.compile(modules)
        alone = compilers.compile(modules[7:8])
    assert len(together) == 300
    assert together["__pycache__/m7.cpython-311.pyc"] == alone["__pycache__/m7.cpython-311.pyc"]


def test_an_interpreter_is_never_found_by_a_path(tmp_path: Path, monkeypatch):
    (tmp_path / "python3").mkdir()
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert find_compiler("3/../program") is None
    assert not (tmp_path / "ran").exists()


def test_what_does_not_compile_stays_source():
    with Compilers(TARGET, Reporter()) as compilers:
        assert compilers.compile([("a.py", b"print 1"), ("tests/b.py", b"x = 1"), ("c.txt", b"")]) == {}


def test_compiling_can_be_cancelled():
    report = Reporter()
    with pytest.raises(Cancelled), Compilers(TARGET, report) as compilers:  # noqa: PT012 - the cancel comes inside
        report.cancel()
        compilers.compile([("a.py", b"x = 1")])
