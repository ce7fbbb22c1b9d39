"""run, as a shell types it: what is wrong is said before anything is written."""

import pytest

from jupyter_modelpack import home
from jupyter_modelpack.workspace.workspace import Workspace
from tests.commands.packages import modelpack, put_package


@pytest.mark.parametrize("name", ["../x", "/x", "x", "a b"])
def test_a_name_that_no_engine_takes_is_refused_at_once(name):
    put_package(Workspace.default())
    done = modelpack("run", "adder:1", "--name", name)
    assert done.returncode == 2
    assert done.stderr.startswith(f"modelpack: Service name {name!r}: not a name that an engine takes."), done.stderr
    assert not list(home.processes().glob("*"))
