"""Programs of every language against a running service: `make clients`; in `make test`, those of five languages."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from jupyter_modelpack.clients.program import Call
from tests.clients.samples import VALUE, VALUES
from tests.clients.tools import TRIED, Program
from tests.scoring.service import Service, running

LANGUAGES = (os.environ.get("MODELPACK_CLIENTS") or " ".join(TRIED)).split()
KEY = "a-key-of-the-test"

SCRIPT = """
    import json
    def init():
        pass
    def run(data):
        return json.dumps(json.loads(data))
"""
"""Answers with the JSON that it got, as text in ASCII: what a terminal does to letters is not the subject."""


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service"), SCRIPT) as service:
        yield service


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for localhost and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost"
    name = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*made.split(), *name], cwd=folder, capture_output=True, check=True)
    return folder


@pytest.fixture(scope="module")
def closed(certificate: Path) -> Iterator[Service]:
    """A service with TLS that asks for a key."""
    tls = {"MODELPACK_TLS_CERT": "cert.pem", "MODELPACK_TLS_KEY": "key.pem"}
    with running(certificate, SCRIPT, MODELPACK_KEYS=KEY, **tls) as service:
        yield service


@pytest.fixture(scope="module")
def caller(language: str, closed: Service, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A program for that service."""
    url = f"https://localhost:{closed.port}/score"
    return Program(language, Call("prices:1", url, [1], keys=True), tmp_path_factory.mktemp(language))


def answer(done: subprocess.CompletedProcess[str]) -> object:
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(json.loads(done.stdout))


def examples(count: int) -> list[object]:
    """Return values of all kinds; of one example alone, the simplest would come."""
    found: list[object] = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
    )
    @given(VALUES)
    def collect(value: object) -> None:
        found.append(value)

    collect()
    return found


def test_what_a_program_sends_is_the_sample(language, service, tmp_path):
    value = {"hard": VALUE, "some": examples(20), "long": "é" * 20_000}  # as long as a package keeps
    program = Program(language, Call("prices:1", f"http://127.0.0.1:{service.port}/score", value), tmp_path)
    assert answer(program.run()) == value


def test_a_certificate_that_nobody_trusts_is_refused(caller, tmp_path):
    done = caller.run(MODELPACK_KEY=KEY, HOME=str(tmp_path))  # Mono keeps trust at home
    assert done.returncode > 0
    assert done.stderr
    assert KEY not in done.stderr + done.stdout


TRUSTED = {
    **dict.fromkeys(["python", "go"], "SSL_CERT_FILE"),
    **dict.fromkeys(["curl", "r"], "CURL_CA_BUNDLE"),
    **dict.fromkeys(["javascript", "typescript"], "NODE_EXTRA_CA_CERTS"),
}


@pytest.fixture
def trusting(language: str, certificate: Path, caller: Program) -> dict[str, str]:
    """The variables that make the program trust the certificate, as it says itself."""
    if language == "java":
        store = f"keytool -importcert -noprompt -alias it -file {certificate}/cert.pem -keystore store"
        if not (caller.folder / "store").exists():
            subprocess.run([*store.split(), "-storepass", KEY], cwd=caller.folder, capture_output=True, check=True)
        words = f"-Djavax.net.ssl.trustStore=store -Djavax.net.ssl.trustStorePassword={KEY}"
        return {"JDK_JAVA_OPTIONS": words}
    if language == "csharp":
        environment = {**os.environ, "HOME": str(caller.folder)}
        subprocess.run(
            ["cert-sync", "--user", f"{certificate}/cert.pem"], env=environment, capture_output=True, check=True
        )
        return {}
    return {TRUSTED[language]: f"{certificate}/cert.pem"}


def test_the_key_comes_from_the_environment_and_the_authority_as_the_program_says(caller, trusting):
    done = caller.run(MODELPACK_KEY=KEY, **trusting)
    assert done.returncode == 0, done.stderr
    assert json.loads(json.loads(done.stdout)) == [1]


def test_an_error_is_told_with_status_and_body_and_the_program_fails(caller, trusting):
    done = caller.run(MODELPACK_KEY="another", **trusting)
    assert done.returncode > 0
    assert "401" in done.stderr
    assert "A key is needed" in done.stdout + done.stderr
