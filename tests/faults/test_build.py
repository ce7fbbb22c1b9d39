"""promises.md F2 on the whole way a user goes: `Model.register` and `Model.package`, killed at every store write."""

import contextlib
import io
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from jupyter_modelpack import Environment, InferenceConfig, Model, Workspace
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.store import failpoints
from jupyter_modelpack.store.check import check
from jupyter_modelpack.store.layout import Layout
from tests.faults import SOAK
from tests.faults.child import Child
from tests.faults.steps import killed_at, steps_of

EVERY = 1 if SOAK else 2

pytestmark = pytest.mark.network


def build(home: Path, script: Path, say=lambda _line: None) -> str:
    """Register, package, and say what is committed; return the digest of a package of the first model."""
    os.environ["MODELPACK_HOME"] = str(home)
    with contextlib.redirect_stdout(io.StringIO()):
        ws = Workspace.create("ws", exist_ok=True)
        model = Model.register(ws, script, "m")
        say(f"models/{model.id}")
        environment = Environment("plain")
        config = InferenceConfig(entry_script=str(script), environment=environment)
        made = Model.package(ws, [Model(ws, id="m:1")], config)
        made.wait_for_creation()
    say(made.image.digest)
    return made.image.digest


def copied(warm: Path, to: Path) -> Path:
    """A copy by hard links: nothing in a store is ever written in place."""
    subprocess.run(["cp", "-al", warm, to], check=True)
    return to


def test_a_kill_at_every_store_write_of_a_package(tmp_path: Path, base_image: Path, monkeypatch, scoreboard):
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path / "warm"))
    script = tmp_path / "score.py"
    script.write_text("def init(): pass\ndef run(data): return data\n")
    build(tmp_path / "warm", script)
    script.write_text("def init(): pass\ndef run(data): return [data]\n")
    counted, result = copied(tmp_path / "warm", tmp_path / "counted"), []
    steps = steps_of(lambda: result.append(build(counted, script)), monkeypatch)
    (wanted,) = result
    problems, kills = [], 0
    for step in range(1, steps + 1, EVERY):
        home = copied(tmp_path / "warm", tmp_path / f"home{step}")
        outcome = killed_at(step, lambda say, home=home: build(home, script, say)).wait()
        assert outcome.status == -signal.SIGKILL, outcome
        kills += 1
        store = Layout.create(home / "workspaces" / "ws")
        names = store.names()
        problems += [line for line in outcome.said if line.startswith("models/") and line not in names]
        for layout in (store, Layout.create(home / "cache")):
            problems += check(layout, Reporter()).findings
        again = Child(lambda say, home=home: build(home, script, say)).wait()
        assert again.said[-1] == wanted, again
        shutil.rmtree(home)
    monkeypatch.delenv(failpoints.VARIABLE, raising=False)
    scoreboard(
        "kill -9 at every store write of Model.package",
        f"{kills} kills at {steps} writes: {len(problems)} corrupt or lost",
    )
    assert problems == []
    assert steps > 30
