"""What the tests of every subpackage may ask for.

The real parts come up on first use and stay up for the next run: `make down` ends them.
"""

import gc
import itertools
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_modelpack import opened
from tests import slow_imports
from tests.faults import SOAK
from tests.services import base, dockerd, registry
from tests.workspace_registries import end_registries

REAL = {"base_image", "cncf_registry", "docker_host", "podman_host", "rig", "containers", "tiny_image", "hub", "manual"}
REAL |= {"serving"}
"""Fixtures that bring up a real part; a test that asks for one is no unit test."""

REAL_PARAMETERS = {("served", "cncf"), ("writable", "cncf")}
"""Fixtures that do so for one of their parameters, while the test runs."""

SCORING = Path(__file__).parent / "scoring"
"""Whose tests start a server of their own, nearly every one."""

NUMBERS = itertools.count()


def pytest_configure() -> None:
    """Take Ctrl-C as in a terminal: a shell ignores it for what it starts in the background, and so would children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.modules.setdefault(slow_imports.NAME, None)  # type: ignore[arg-type]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `real` what needs a real part, so that the others can run by themselves in under a minute."""
    for item in items:
        named = any(item.get_closest_marker(name) for name in ("engine", "registry", "network"))
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        asked = REAL & set(getattr(item, "fixturenames", ())) or any(
            parameters.get(name) == value for name, value in REAL_PARAMETERS
        )
        if named or asked or item.path.is_relative_to(SCORING):
            item.add_marker("real")


def pytest_collection_finish() -> None:
    """Keep modules and thousands of tests, there before the first runs, out of every later garbage collection."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def own_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a test; of one that does not ask for `tmp_path`, without the cost of its name and its keeping."""
    if "tmp_path" in request.fixturenames:
        yield request.getfixturevalue("tmp_path")
        return
    folder = tmp_path_factory.getbasetemp() / f"own-{next(NUMBERS)}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def home(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of the test's own; the user's own settings and daemons are out of its sight.

    The registries that the test has left in the background end with it.
    """
    for name in ("BASE_IMAGE", "ENGINE"):
        monkeypatch.delenv(f"MODELPACK_{name}", raising=False)
    for name in ("HOST", "CONTEXT", "TLS_VERIFY", "CERT_PATH", "AUTH_CONFIG"):
        monkeypatch.delenv(f"DOCKER_{name}", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(own_folder / ".docker"))
    monkeypatch.setenv("MODELPACK_HOME", str(own_folder / ".modelpack"))
    monkeypatch.setattr(opened, "_last", None)
    yield own_folder / ".modelpack"
    end_registries(own_folder)


@pytest.fixture(scope="session", autouse=True)
def no_registry_outlives_the_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """End what is left in the data folders that several tests share."""
    yield
    for folder in tmp_path_factory.getbasetemp().iterdir():
        end_registries(folder)


@pytest.fixture(scope="session")
def docker_host() -> str:
    """The DOCKER_HOST of the private Docker engine."""
    return dockerd.up()


@pytest.fixture(scope="session")
def cncf_registry() -> registry.Account:
    """Address, user name and password of the private CNCF registry."""
    return registry.up()


@pytest.fixture(scope="session")
def base_image() -> Path:
    """The folder of an OCI layout with one Debian image that has Python."""
    return base.layout()


@pytest.fixture
def scoreboard(record_property: Callable[[str, object], None]) -> Callable[[str, str], None]:
    """Note a line of the scoreboard; it is printed at the end."""

    def note(goal: str, figure: str) -> None:
        record_property("scoreboard", f"{goal}: {figure}")

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests of faults have counted."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    lines = [value for report in reports for key, value in report.user_properties if key == "scoreboard"]
    if lines:
        terminalreporter.section("scoreboard" + (" (long form)" if SOAK else ""))
        for line in lines:
            terminalreporter.write_line(str(line))
