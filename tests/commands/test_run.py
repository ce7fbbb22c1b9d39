"""run, as a shell types it: what is wrong is said before anything is written."""

import pytest

from jupyter_modelpack import home
from jupyter_modelpack.api.workspace import Workspace
from tests.commands.packages import modelpack, put_package


@pytest.mark.parametrize("name", ["../x", "/x", "x", "a b"])
def test_a_name_that_no_engine_takes_is_refused_at_once(name):
    put_package(Workspace.default())
    done = modelpack("run", "adder:1", "--name", name)
    assert done.returncode == 2
    assert done.stderr.startswith(f"modelpack: Service name {name!r}: not a name that an engine takes."), done.stderr
    assert not list(home.processes().glob("*"))


@pytest.mark.parametrize(("option", "value"), [("--memory", "512m"), ("--cpus", "0.5"), ("--gpus", "all")])
def test_a_limit_that_would_not_hold_is_refused_before_anything_is_written(option, value):
    put_package(Workspace.default())
    done = modelpack("run", "adder:1", option, value)
    assert done.returncode == 2
    first, hint = done.stderr.splitlines()
    assert first == f"modelpack: The process engine cannot bound a service: {option} {value} needs a container engine."
    assert hint == "Leave it out, or name an engine that is there: --engine docker."
    assert not list(home.processes().glob("*"))
    bad = modelpack("run", "adder:1", option, "nonsense")
    assert (bad.returncode, bad.stderr.startswith(f"modelpack: {option}: 'nonsense'")) == (2, True), bad.stderr
