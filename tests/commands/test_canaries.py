"""threat-model.md T9: passwords given in twelve ways are found nowhere afterwards."""

import base64
import contextlib
import functools
import gzip
import http.server
import io
import json
import os
import secrets
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jupyter_modelpack.redact import Secret
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.registry.server.push_api import Inbox
from jupyter_modelpack.registry.server.server import RegistryServer
from jupyter_modelpack.store.layout import Layout
from tests.commands.packages import modelpack_in_a_process_of_its_own as modelpack
from tests.registry.skopeo import push_base
from tests.services.registry import Account

pytestmark = [pytest.mark.engine, pytest.mark.network]

INDEXES = ("address", "line", "netrc", "variables", "wheelhouse", "proxy")
"""How the password of a package index may come; each index is a folder of one server."""

OTHERS = ("docker", "podman", "helper", "shell", "source", "query")
CANARIES = {name: f"canary-{name}-{secrets.token_hex(8)}" for name in (*INDEXES, *OTHERS)}
SCRIPT = "def init(): ...\ndef run(data):\n    return data\n"


class Guarded(http.server.BaseHTTPRequestHandler):
    """`/<how>/...` is open to who knows that one's password; as a proxy, to who knows the proxy's."""

    opened: set[str] = set()  # noqa: RUF012 - one for the test

    def do_GET(self):
        path = urlsplit(self.path).path
        how = path.split("/")[1]
        kind = "Proxy-" if self.path.startswith("http://") else ""
        said = self.headers.get(f"{kind}Authorization", "")
        if said != f"Basic {pair(CANARIES[how])}" and CANARIES["query"] not in self.path:
            self.send_response(407 if kind else 401)
            self.send_header(f"{kind or 'WWW-'}Authenticate", 'Basic realm="index"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = answer(how, path)
        self.opened.update({how} if path.endswith(".whl") else ())
        self.send_response(200 if data else 404)
        self.send_header("Content-Type", "application/octet-stream" if path.endswith(".whl") else "text/html")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments):
        pass


@functools.cache
def answer(how: str, path: str) -> bytes:
    """Return a page or a wheel; nothing for what this index has not."""
    name, info = f"private_{how}-1.0-py3-none-any.whl", f"private_{how}-1.0.dist-info"
    if not path.endswith(".whl"):
        return (
            f'<a href="/{how}/{name}">{name}</a>'.encode() if f"private-{how}" in path or how == "wheelhouse" else b""
        )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as wheel:
        wheel.writestr(f"private_{how}.py", "ANSWER = 42\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: private-{how}\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", f"private_{how}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return out.getvalue()


def pair(password: str, username: str = "someone") -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()


@pytest.fixture
def index() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield str(server.server_address[1])
        server.shutdown()


@contextlib.contextmanager
def writable(path: Path, password: str) -> Iterator[str]:
    """Run a registry that may be written, with this password; give its address."""
    layout, endpoint = Layout.create(path), Endpoint.create()
    endpoint = type(endpoint)(endpoint.host, endpoint.port, "someone", Secret(password))
    with RegistryServer(layout, endpoint, inbox=Inbox(layout)):
        yield endpoint.address


class Watched(threading.Thread):
    """Looks at the command lines of all processes until it is told to stop."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.done, self.seen = threading.Event(), set()

    def run(self) -> None:
        while not self.done.wait(0.005):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    self.seen.add(path.read_bytes())


@pytest.fixture
def place(tmp_path: Path, index: str, cncf_registry: Account, base_image: Path, monkeypatch, docker_host: str) -> Path:
    """A project behind passwords of every kind."""
    CANARIES["docker"] = cncf_registry.password
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "score.py").write_text(SCRIPT)
    (folder / "src" / ".env").write_text(f"TOKEN={CANARIES['source']}\n")
    (folder / "model.bin").write_bytes(b"weights")
    at = f"127.0.0.1:{index}"
    lines = [f"--extra-index-url http://someone:{CANARIES['line']}@{at}/line/simple"]
    lines += [f"--find-links http://someone:{CANARIES['wheelhouse']}@{at}/wheelhouse/"]
    (folder / "requirements.txt").write_text("\n".join([*lines, *(f"private-{how}==1.0" for how in INDEXES)]))
    (tmp_path / "netrc").write_text(f"machine localhost login someone password {CANARIES['netrc']}\n")
    indexes = [
        f"http://someone:{CANARIES['address']}@{at}/address/simple",
        f"http://localhost:{index}/netrc/simple",
        f"variables=http://{at}/variables/simple",
        "http://index.test/proxy/simple",
    ]
    environment = {
        "UV_INDEX": " ".join(indexes),
        "UV_INDEX_VARIABLES_USERNAME": "someone",
        "UV_INDEX_VARIABLES_PASSWORD": CANARIES["variables"],
        "NETRC": str(tmp_path / "netrc"),
        "http_proxy": f"http://someone:{CANARIES['proxy']}@{at}",
        "no_proxy": "127.0.0.1,localhost",
        "AWS_SECRET_ACCESS_KEY": CANARIES["shell"],
        "DOCKER_HOST": docker_host,
        "MODELPACK_BASE_IMAGE": f"{cncf_registry.address}/canaries/{secrets.token_hex(4)}:1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    push_base(base_image, environment["MODELPACK_BASE_IMAGE"], cncf_registry)
    monkeypatch.chdir(folder)
    return folder


def said(*words: str, **env: str) -> str:
    done = modelpack(*words, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_no_password_is_found_anywhere(place: Path, home: Path, tmp_path: Path, index, cncf_registry, monkeypatch):
    Guarded.opened.clear()
    watched = Watched()
    watched.start()
    helper = tmp_path / "docker-credential-vault"
    helper.write_text(f"#!/bin/sh\necho '{json.dumps({'Username': 'someone', 'Secret': CANARIES['helper']})}'\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    words = ["score.py", "--source-directory", "src", "--model", "model.bin", "-r", "requirements.txt"]
    with (
        writable(tmp_path / "one", CANARIES["podman"]) as one,
        writable(tmp_path / "two", CANARIES["helper"]) as two,
    ):
        logins = {cncf_registry.address: {"auth": pair(cncf_registry.password, cncf_registry.username)}}
        (tmp_path / ".docker").mkdir()
        (tmp_path / ".docker/config.json").write_text(json.dumps({"auths": logins, "credHelpers": {two: "vault"}}))
        (tmp_path / "auth.json").write_text(json.dumps({"auths": {one: {"auth": pair(CANARIES["podman"])}}}))
        engine = {"MODELPACK_ENGINE": "docker"}
        shown = [
            said("plan", *words),
            said("package", *words, "--name", "canaries", "--tag", "1"),
            said("package", *words, "--name", "canaries", "--tag", "2", "--dockerfile", **engine),
            said("push", "canaries:1", f"{one}/x:1", REGISTRY_AUTH_FILE=str(tmp_path / "auth.json")),
            said("push", "canaries:1", f"{two}/x:1"),
            said("save", "canaries:1", "canaries.tar"),
            said("save", "canaries:2", "--output", "dockerfile"),
            said("verify", "canaries:1", UV_INDEX=told_again(place)),
            said("pull", "canaries:1", **engine),
        ]
    assert Guarded.opened == set(INDEXES), "each index was asked, and let us in"
    (place / "token.txt").write_text(wheel_with_a_token(index))
    refused = modelpack("package", "src/score.py", "-r", "token.txt")
    assert "holds a password or token" in refused.stderr
    forgotten = modelpack("verify", "canaries:1")
    assert f"The package index at 127.0.0.1:{index} wants another password" in forgotten.stderr
    image = subprocess.check_output(
        ["docker", "image", "ls", "-q", "--filter=reference=*/canaries:1"], text=True
    ).split()[0]
    looks = (["image", "inspect"], ["history", "--no-trunc"])
    shown += [subprocess.check_output(["docker", *look, image], text=True) for look in looks]
    shown += [refused.stdout, refused.stderr, forgotten.stdout, forgotten.stderr]
    subprocess.run(["docker", "rmi", "--force", image], check=True, capture_output=True)
    watched.done.set()
    watched.join()

    places = {"what was said": "\n".join(shown).encode(), "command lines": b"\n".join(watched.seen)}
    for root in (home, tmp_path / "one", tmp_path / "two", place / "dockerfile", place / "canaries.tar"):
        for path in [root] if root.is_file() else filter(Path.is_file, root.rglob("*")):
            places[str(path)] = path.read_bytes()
    found = [f"{name} in {where}" for where, data in places.items() for name in canaries_in(data)]
    assert found == []
    assert any(b"ANSWER = 42" in data for data in places.values()), "what these indexes have is in the image"


def told_again(place: Path) -> str:
    """The indexes, with the passwords that stood in the requirements: nobody has kept these for `verify`."""
    lines = (place / "requirements.txt").read_text().splitlines()
    return " ".join([os.environ["UV_INDEX"], *(line.split()[1] for line in lines if line.startswith("--"))])


def wheel_with_a_token(index: str) -> str:
    wheel = "query/private_query-1.0-py3-none-any.whl"
    return f"private-query @ http://127.0.0.1:{index}/{wheel}?token={CANARIES['query']}"


def canaries_in(data: bytes) -> list[str]:
    """Which passwords these bytes hold, plain or as a login, packed or not."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    logins = {name: (word, pair(word), pair(word, "tester")) for name, word in CANARIES.items()}
    return [name for name, words in logins.items() if any(word.encode() in data for word in words)]


def test_the_search_finds_what_is_there():
    """It could find nothing because it cannot."""
    word = CANARIES["netrc"]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("x")
        entry.size = len(word)
        archive.addfile(entry, io.BytesIO(word.encode()))
    for data in (f"x{word}x".encode(), pair(word).encode(), packed.getvalue()):
        assert canaries_in(data) == ["netrc"]
    assert canaries_in(os.urandom(1000)) == []
