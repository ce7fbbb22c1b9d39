"""The commands of the how-to pages, run in the order in which a reader types them, with what they are to print."""

import base64
import contextlib
import functools
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from jupyter_modelpack.engine.ports import free_port
from tests.commands.index import put_wheel
from tests.docs.pages import Block, Command, Page, matches, read
from tests.services import CHECKOUT
from tests.services.proxy import Proxy, proxy

FOLDER = CHECKOUT / "docs" / "how-to"
PAGES = [page for path in sorted(FOLDER.glob("*.md")) if (page := read(path)).run]
PROGRAMS = Path(sys.executable).parent
PASSWORD = "s3cret"

pytestmark = [pytest.mark.engine, pytest.mark.network]


class Reader(NamedTuple):
    """A user's shell in a folder with the example; what the page names is replaced by what this machine has."""

    folder: Path
    environment: dict[str, str]
    replaced: dict[str, str]

    def types(self, line: str) -> str:
        """Give a line of the page as it is typed here."""
        for pattern, text in self.replaced.items():
            line = re.sub(pattern, text, line)
        return line

    def script(self, blocks: list[Block]) -> tuple[list[Command], str]:
        """Give all commands, and the one script that runs them: what one sets or starts is there for the next."""
        commands, lines = [], ["set -u"]
        for block in blocks:
            for line, shown in block.commands:
                typed = self.types(line)
                if "offline" in block.notes:
                    typed = re.sub("^modelpack", "unshare --net modelpack", typed)
                number = len(commands)
                commands.append(Command(typed, self.types(shown)))
                lines.append(f"{{ {typed}\n}} > {number}.out 2> {number}.err || exit 1")
        return commands, "\n".join(lines)


@pytest.fixture(scope="module")
def home_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for all pages: what one has fetched and compiled is there for the next."""
    return tmp_path_factory.mktemp("how-to") / "home"


@pytest.fixture
def reader(page: Page, tmp_path: Path, base_image: Path, home_of_all: Path, request) -> Iterator[Reader]:
    folder = tmp_path / "project"
    folder.mkdir()
    for name, text in (read(FOLDER / "index.md").files | page.files).items():
        (folder / name).write_text(text)
    unique = f"prices-{secrets.token_hex(3)}"
    port = str(free_port())
    environment = {
        **os.environ,
        # pip is not in the tests' own environment, but in the Python that it was made of.
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}:{sys.base_prefix}/bin",
        "HOME": str(tmp_path),
        "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv"),
        "MODELPACK_HOME": str(home_of_all),
        "MODELPACK_WORKSPACE": page.path.stem,
        "MODELPACK_BASE_IMAGE": str(base_image),
        "MODELPACK_ENGINE": "process",
    }
    # Names and ports are of this run: other tests use the same engine at the same time.
    replaced = {
        r"\bprices(?![\w.])": unique,
        r"^modelpack run\b(?!.*--port)": f"modelpack run --port {port}",
        "6789": port,
    }
    made = Reader(folder, environment, replaced)
    with contextlib.ExitStack() as rigs:
        for name in page.needs:
            rigs.enter_context(RIGS[name](made, request))
        try:
            yield made
        finally:
            _end_services(made)


def _end_services(reader: Reader) -> None:
    for engine in {"process", reader.environment["MODELPACK_ENGINE"]}:
        argv = ["modelpack", "services", "--engine", engine, "--json"]
        said = subprocess.run(argv, env=reader.environment, capture_output=True, text=True, check=True).stdout
        running = [row["name"] for row in json.loads(said)["rows"] if row["state"] == "running"]
        for name in running:
            subprocess.run(["modelpack", "kill", name, "--engine", engine], env=reader.environment, check=False)


@contextlib.contextmanager
def _docker(reader: Reader, request) -> Iterator[None]:
    reader.environment.update(DOCKER_HOST=request.getfixturevalue("docker_host"), MODELPACK_ENGINE="docker")
    yield


@contextlib.contextmanager
def _docker_beside(reader: Reader, request) -> Iterator[None]:
    """Give an engine that only the commands use which name it."""
    reader.environment.update(DOCKER_HOST=request.getfixturevalue("docker_host"))
    reader.replaced[r"(--name |--volume |stop |^)calls\b"] = rf"\1calls-{secrets.token_hex(3)}"
    yield


@contextlib.contextmanager
def _registry(reader: Reader, request) -> Iterator[None]:
    account = request.getfixturevalue("cncf_registry")
    (reader.folder / "password.txt").write_text(account.password)
    reader.replaced.update(
        {r"registry\.example\.com/team": f"{account.address}/{secrets.token_hex(4)}", "ada": account.username}
    )
    reader.replaced[r"registry\.example\.com"] = account.address
    yield


@contextlib.contextmanager
def _base_folder(reader: Reader, request) -> Iterator[None]:
    (reader.folder / "python-slim").symlink_to(reader.environment.pop("MODELPACK_BASE_IMAGE"))
    yield


@contextlib.contextmanager
def _jupyterhub(reader: Reader, request) -> Iterator[None]:
    reader.environment.update(JUPYTERHUB_SERVICE_PREFIX="/user/ada/", JUPYTERHUB_USER="ada")
    yield


@contextlib.contextmanager
def _proxy(reader: Reader, request) -> Iterator[None]:
    """Nothing is in a cache, so all comes through the proxy, which has seen it."""
    reader.environment.update(UV_CACHE_DIR=str(reader.folder / "uv"), MODELPACK_HOME=str(reader.folder / "home"))
    with proxy() as server:
        reader.replaced[r"http://proxy\.example\.com:3128"] = server.url
        yield
        _asked(server)


def _asked(server: Proxy) -> None:
    assert len(server.asked_for) > 1, "packages came by another way than the proxy"


class _Index(SimpleHTTPRequestHandler):
    wanted = "Basic " + base64.b64encode(f"ada:{PASSWORD}".encode()).decode()

    def do_GET(self) -> None:
        if self.headers["Authorization"] == self.wanted:
            super().do_GET()
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@contextlib.contextmanager
def _private_index(reader: Reader, request) -> Iterator[None]:
    root = reader.folder.parent / "index"
    put_wheel(root / "simple", "company_tools", "1.0")
    (root / "simple" / "company_tools").rename(root / "simple" / "company-tools")
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Index, directory=str(root))) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        reader.replaced.update(
            {r"machine packages\.example\.com": "machine 127.0.0.1", "https://": "http://"},
        )
        reader.replaced[r"packages\.example\.com"] = f"127.0.0.1:{server.server_port}"
        yield
        server.shutdown()


RIGS = {
    "base-folder": _base_folder,
    "docker": _docker,
    "docker-beside": _docker_beside,
    "jupyterhub": _jupyterhub,
    "private-index": _private_index,
    "proxy": _proxy,
    "registry": _registry,
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_the_commands_of_a_page_do_what_it_says(page: Page, reader: Reader):
    commands, script = reader.script(page.run)
    done = subprocess.run(
        ["bash", "-c", script], cwd=reader.folder, env=reader.environment, timeout=240, check=False, text=True
    )
    printed = [(reader.folder / f"{number}.out") for number in range(len(commands))]
    ran = [path.read_text() for path in printed if path.exists()]
    assert done.returncode == 0, f"{commands[len(ran) - 1].line}\n{ran[-1]}\n{_errors(reader, len(ran) - 1)}"
    for number, (command, said) in enumerate(zip(commands, ran, strict=True)):
        if command.shown:
            assert matches(command.shown, said), f"{command.line} printed\n{said}\n{_errors(reader, number)}"


def _errors(reader: Reader, number: int) -> str:
    return (reader.folder / f"{number}.err").read_text()


def test_what_is_not_run_has_a_reason_and_is_little():
    skipped = [block for path in FOLDER.glob("*.md") for block in read(path).blocks if "not run" in block.notes]
    assert [block.text for block in skipped if len(block.notes["not run"]) < 10] == []
    count = sum(len(block.commands) for block in skipped)
    assert count <= 10, [command.line for block in skipped for command in block.commands]
    assert count * 8 < sum(len(block.commands) for page in PAGES for block in page.run)


def test_each_page_is_short_and_in_the_index():
    index = (FOLDER / "index.md").read_text()
    for path in FOLDER.glob("*.md"):
        if path.name != "index.md":
            assert f"({path.name})" in index
            assert len(path.read_text().splitlines()) <= 75, path.name


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("[23]\n...", "[23]\n200 in 3 ms", True),
        ("[23]\n...", "[23]", True),
        ("...", "", True),
        ("[23]", "[24]", False),
        ("a ... c", "a b c", True),
        ("a ... c", "a b d", False),
        ("Packaged x", "Packaged x\ndigest y", False),
    ],
)
def test_shown_output_is_compared(shown, printed, same):
    assert matches(shown, printed) is same
