"""A newer script in a running service, on every engine."""

import io
import tarfile
from dataclasses import replace

import pytest

from jupyter_modelpack.engine.reload import archive_of, reload, running_package
from jupyter_modelpack.engine.score import score
from jupyter_modelpack.errors import BuildFailed, Unavailable, UsageError
from jupyter_modelpack.image_contract import RELOAD_LABEL


def test_files_are_laid_over_a_running_service_and_it_says_so(rig):
    service = rig.ready(reloads=True)
    assert running_package(service) == ""
    files = {"score.py": b"print(1)", "source/deep/er.py": b"x" * 100_000}
    assert reload(rig.engine, service, "one", files, rig.report, 20) < 10
    assert running_package(service) == "one"
    assert score(service, b"read one/score.py").body == b"print(1)"
    assert score(service, b"read one/source/deep/er.py").body == b"x" * 100_000
    reload(rig.engine, service, "two", {"score.py": b"print(2)"}, rig.report, 20)
    assert running_package(service) == "two"
    assert rig.engine.find(service.id).state == "running"


def test_a_script_that_does_not_start_is_explained(rig):
    service = rig.ready(reloads=True)
    reload(rig.engine, service, "one", {"score.py": b""}, rig.report, 20)
    with pytest.raises(BuildFailed, match="the module nonesuch is not in the environment") as caught:
        reload(rig.engine, service, "two", {"refuse": b""}, rig.report, 20)
    assert caught.value.code == "script-died"
    assert running_package(service) == "one"


def test_a_refused_script_is_not_what_a_restart_begins_with(rig):
    service = rig.ready(reloads=True)
    with pytest.raises(BuildFailed):
        reload(rig.engine, service, "bad", {"refuse": b""}, rig.report, 20)
    assert score(service, b"read serves").body == b""  # the service's own
    reload(rig.engine, service, "one", {"score.py": b""}, rig.report, 20)
    with pytest.raises(BuildFailed):
        reload(rig.engine, service, "worse", {"refuse": b""}, rig.report, 20)
    assert score(service, b"read serves").body == b"one"


def test_a_service_that_was_not_started_for_it_says_how(rig):
    with pytest.raises(UsageError, match=r"takes no new script while it runs") as caught:
        reload(rig.engine, rig.ready(), "one", {}, rig.report, 20)
    assert "run --watch --replace" in caught.value.hint


def test_a_service_that_has_ended_or_is_silent_is_told_so(rig):
    service = rig.ready(reloads=True)
    silent = replace(service, port=1, labels={RELOAD_LABEL: "true"})
    with pytest.raises(Unavailable, match="does not answer"):
        reload(rig.engine, silent, "one", {}, rig.report, 20)
    with pytest.raises(UsageError, match="has ended"):
        reload(rig.engine, replace(service, state="exited"), "one", {}, rig.report, 20)


def test_the_archive_names_every_folder_once_and_keeps_the_order():
    with tarfile.open(fileobj=io.BytesIO(archive_of({"a/b/c": b"1", "a/d": b"22", "serves": b""}))) as archive:
        found = [(entry.name, entry.isdir(), entry.size, entry.mode) for entry in archive]
    assert found == [
        ("a", True, 0, 0o755),
        ("a/b", True, 0, 0o755),
        ("a/b/c", False, 1, 0o644),
        ("a/d", False, 2, 0o644),
        ("serves", False, 0, 0o644),
    ]
