"""A package index of our own on loopback, and the wheels that lie on it."""

import contextlib
import functools
import hashlib
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder; give its address."""
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def put_wheel(root: Path, name: str, version: str, text: str = "", needs: str = "", extra: str = "") -> str:
    """Put a wheel of one module on an index, in place of one of that version; return its sha256."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    path, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    more = f"Requires-Dist: {needs}\n" if needs else ""
    more += f"Provides-Extra: {extra}\nRequires-Dist: six==1.17.0; extra == '{extra}'\n" if extra else ""
    members = {
        f"{name}.py": text,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
    }
    # Without a date: uv's cache may know the same file from a port that an earlier run had.
    with zipfile.ZipFile(path, "w") as out:
        for member, content in members.items():
            out.writestr(zipfile.ZipInfo(member), content)
    list_files(folder)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def list_files(folder: Path) -> None:
    """Write the page of an index that lists a folder's files."""
    names = sorted(path.name for path in folder.iterdir() if path.name != "index.html")
    (folder / "index.html").write_text("".join(f'<a href="{name}">{name}</a>\n' for name in names))
