"""client, as a shell types it: whose address, whether keys and TLS, which request, and what it writes."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.commands import client_call
from jupyter_modelpack.commands.client import for_service
from jupyter_modelpack.engine import description
from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.engine.description import describe
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.image_contract import DIGEST_LABEL, KEYS_VARIABLE, SAMPLE_LABEL, TLS_VARIABLE
from jupyter_modelpack.limits import SAMPLE_BYTES
from tests.commands.packages import modelpack, printed, put_package
from tests.scoring.service import running

SAMPLE = '{"data": [[1, "it\'s \\"é\\""]]}'
SUM = """
    import json
    def init():
        pass
    def run(data):
        return json.loads(data)["data"]
"""


def service(port: int, **labels: str) -> Service:
    return Service("process", "adder", "1", "adder:1", port, "running", labels=labels)


@pytest.fixture
def serving(tmp_path: Path) -> Callable[..., AbstractContextManager[Service]]:
    """Start a scoring server for a while."""

    @contextmanager
    def start(script: str = SUM, **environment: str) -> Iterator[Service]:
        with running(tmp_path / "service", script, **environment) as server:
            yield service(server.port)

    return start


def test_the_program_alone_is_printed_so_that_it_can_go_into_a_file():
    put_package(Workspace.default(), sample=SAMPLE)
    done = modelpack("client")
    assert (done.returncode, done.stderr) == (0, "")
    compile(done.stdout, "client.py", "exec")
    assert 'url = "http://127.0.0.1:6789/score"' in done.stdout
    assert """data = {"data": [[1, "it's \\"é\\""]]}""" in done.stdout
    assert done.stdout.startswith("# Scores adder:1. Run it with: python client.py\n")
    told = printed("client", "adder:1", "--language", "java")
    assert told["text"] in modelpack("client", "--language", "java").stdout
    assert (told["language"], told["file"], told["run"]) == ("java", "Client.java", "java Client.java")
    assert (told["keys"], told["written"]) == (False, False)


def test_a_language_that_is_none_of_them():
    done = modelpack("client", "--language", "cobol")
    assert done.returncode == 2
    assert "python, curl, javascript" in done.stderr


def test_without_a_sample_the_program_says_so_and_data_takes_its_place():
    put_package(Workspace.default())
    text = printed("client")["text"]
    assert 'data = {"data": []}' in text
    assert "# Made up, for no sample was packaged: put data of your own here.\n" in text
    given = printed("client", "--data", "[1, 2]")["text"]
    assert "data = [1, 2]\n" in given
    assert "Made up" not in given
    bad = modelpack("client", "--data", "{")
    assert (bad.returncode, bad.stderr.splitlines()[0]) == (
        2,
        "modelpack: The data is no JSON of at most 100 levels.",
    )


@pytest.mark.parametrize("sample", ["{", "[" * 300 + "]" * 300, json.dumps("x" * SAMPLE_BYTES), "\n'; exit 9"])
def test_what_an_image_from_elsewhere_calls_its_sample_is_not_believed(sample):
    put_package(Workspace.default(), sample=sample)
    for language in ("python", "curl"):
        text = printed("client", "--language", language)["text"]
        assert "put data of your own here" in text
        assert "exit 9" not in text


def test_the_variables_of_a_package_that_does_not_run_say_what_it_will_ask_for():
    put_package(Workspace.default(), sample=SAMPLE, env=[f"{KEYS_VARIABLE}=geheim", f"{TLS_VARIABLE}=/tls/cert.pem"])
    told = printed("client")
    assert (told["url"], told["keys"]) == ("https://localhost:6789/score", True)
    assert 'os.environ["MODELPACK_KEY"]' in told["text"]
    assert "geheim" not in json.dumps(told)


def test_a_file_is_written_once(tmp_path):
    put_package(Workspace.default(), sample=SAMPLE)
    done = modelpack("client", "--output", "call.py", cwd=tmp_path)
    assert done.stdout == "Wrote call.py; its first line says how to run it\n"
    assert (tmp_path / "call.py").read_text() == f"{printed('client')['text']}\n"
    again = modelpack("client", "--output", "call.py", cwd=tmp_path)
    assert (again.returncode, again.stderr.splitlines()[0]) == (
        4,
        "modelpack: call.py is there already, and stays as it is.",
    )
    nowhere = modelpack("client", "--output", "no/folder/call.py", cwd=tmp_path)
    assert (nowhere.returncode, "cannot be written" in nowhere.stderr) == (2, True)


def test_a_running_service_says_where_it_is_and_what_it_asks_for(serving, tmp_path, monkeypatch):
    monkeypatch.delenv("MODELPACK_KEY", raising=False)
    package = put_package(Workspace.default(), sample=SAMPLE)
    with serving() as started:
        open_one = replace(started, labels={DIGEST_LABEL: str(package.digest)})
        assert client_call.running(package, [service(1), open_one]) == open_one
        call = client_call.call(package, open_one, None)
        assert (call.url, call.keys) == (f"http://127.0.0.1:{open_one.port}/score", False)
        program = tmp_path / "client.py"
        program.write_text(for_service(open_one, "python", SAMPLE).text)
        said = subprocess.check_output([sys.executable, program], text=True)
        assert json.loads(said) == json.loads(SAMPLE)["data"]
    with serving(MODELPACK_KEYS="geheim") as closed:
        assert client_call.call(package, closed, None).keys
        assert "geheim" not in for_service(closed, "python", SAMPLE).text


def test_a_service_that_has_ended_is_not_asked():
    ended = replace(service(4711, **{SAMPLE_LABEL: SAMPLE}), state="exited")
    assert client_call.call(None, ended, None).body == json.loads(SAMPLE)


def test_of_services_those_count_that_run_the_package():
    package = put_package(Workspace.default())
    mine = service(1, **{DIGEST_LABEL: str(package.digest)})
    another = service(2, **{DIGEST_LABEL: "sha256:" + "0" * 64})
    others = [another, replace(mine, state="exited"), replace(mine, mine=False), mine]
    assert client_call.running(package, others) is mine
    assert client_call.may_run(mine, package)
    assert client_call.may_run(service(3), package)  # docker run says nothing of the package
    assert not client_call.may_run(another, package)


def test_what_a_panel_sends_must_be_json():
    with pytest.raises(UsageError, match="no JSON of at most"):
        for_service(replace(service(1), state="exited"), "curl", "{")


HINTED = """
    import dataclasses, datetime, enum, typing
    class Colour(enum.Enum):
        RED = "red"
    @dataclasses.dataclass
    class Row:
        area: float
        rooms: int
        new: bool
        colour: Colour
        sold: datetime.date
        names: list[str]
        more: typing.Optional[float] = None
    def init():
        pass
    def run(data: list[Row]):
        return "ok"
"""


@pytest.mark.parametrize("key", ["geheim", None], ids=["key", "no key"])
def test_without_a_sample_the_schema_of_a_running_service_gives_the_request(serving, key, monkeypatch):
    package = put_package(Workspace.default())
    monkeypatch.setenv("MODELPACK_KEY", key or "")
    with serving(HINTED, **({"MODELPACK_KEYS": key} if key else {})) as hinted:
        call = client_call.call(package, hinted, None)
    assert call.keys == bool(key)
    assert call.note.startswith("Made from the schema")
    assert call.body == [
        {
            "area": 0.0,
            "rooms": 0,
            "new": False,
            "colour": "red",
            "sold": "2026-01-31",
            "names": ["text"],
            "more": 0.0,
        }
    ]


def test_a_service_with_tls_is_asked_by_tls_and_one_that_does_not_answer_is_known(serving, tmp_path):
    words = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost"
    (tmp_path / "service").mkdir()
    subprocess.run(words.split(), cwd=tmp_path / "service", capture_output=True, check=True)
    tls = {TLS_VARIABLE: "cert.pem", "MODELPACK_TLS_KEY": "key.pem"}
    with serving(**tls) as closed:
        assert describe(closed).tls
        assert client_call.call(None, closed, SAMPLE).url == f"https://localhost:{closed.port}/score"
    assert not describe(closed).answers


def test_a_service_that_says_nothing_is_waited_for_once(monkeypatch):
    monkeypatch.setattr(description, "_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not describe(service(silent.getsockname()[1])).answers
        silent.settimeout(0)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
