"""What a modelpack of before has left on disk is found, loaded, run and verified by this one.

The files were made by the last commit before the scoring server's files moved and before records had a format
(`tests/services/earlier_home.py` tells how, and why one layer has to be made here first). They lie in the repository,
so that a shallow clone has them; the package is of Python 3.11 on amd64, as CI is.
"""

import json
import tarfile
from pathlib import Path

import pytest

from jupyter_modelpack import Environment, Workspace
from jupyter_modelpack.builder.lock.from_image import lock_in
from jupyter_modelpack.builder.lock.pylock import Lock
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels.interpreter import need_interpreter
from jupyter_modelpack.builder.wheels.layer_cache import wheel_layers
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import LAYER_KIND, VERSION_LABEL
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.store.layout import Layout
from tests.commands.archives import repack
from tests.commands.packages import modelpack, printed
from tests.services.earlier_home import FILE

pytestmark = pytest.mark.network


@pytest.fixture
def dependencies(tmp_path_factory: pytest.TempPathFactory, earlier: Path) -> bytes:
    """Make the layer of httptools and orjson from the wheels that the package's lock names."""
    [package] = Workspace.get("shop").packages
    target = BuildTarget("3.11", Platform(), need_interpreter("3.11", Reporter()))
    scratch = Layout.create(tmp_path_factory.mktemp("scratch") / "layout")
    [layer] = wheel_layers(Lock.parse(lock_in(package.image)), target, scratch, Reporter())
    [then] = [one for one in package.image.manifest.layers if one.annotations.get(LAYER_KIND) == "dependencies"]
    assert layer.descriptor.digest == then.digest, "the layer of the same wheels is another one now"
    return scratch.blob_path(then.digest).read_bytes()


@pytest.fixture
def earlier(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder, as it was left, but for that layer."""
    with tarfile.open(FILE) as archive:
        archive.extractall(tmp_path / "earlier", filter="data")
    (tmp_path / "earlier" / "home").rename(home)
    monkeypatch.setenv("MODELPACK_WORKSPACE", "shop")
    return tmp_path / "earlier"


@pytest.fixture
def archive(earlier: Path, dependencies: bytes) -> Path:
    """What `save` wrote, and the workspace made whole."""
    store = Workspace.get("shop").store
    [empty] = [path for path in (store.path / "blobs/sha256").iterdir() if not path.stat().st_size]
    empty.write_bytes(dependencies)
    return repack(
        earlier / "package.tar",
        earlier / "whole.tar",
        lambda name, data: dependencies if name.endswith(empty.name) else data,
    )


def scored(workspace: str) -> list[int]:
    """Run the package as a process, score it, end it."""
    done = modelpack("run", "tripler:1", "--port", "0", "--replace", "--workspace", workspace)
    assert done.returncode == 0, done.stderr
    try:
        return printed("score", '{"data": [1, 2]}', "--workspace", workspace)["value"]
    finally:
        assert modelpack("kill", "tripler", "--workspace", workspace).returncode == 0


def test_everything_is_found_and_runs_and_verify_names_the_scoring_server_alone(archive: Path):
    assert [row["name"] for row in printed("models")["rows"]] == ["factor"]
    assert Environment.get(Workspace.get("shop"), "sklearn").version == "1"
    [package] = printed("packages")["rows"]
    assert package["reference"].endswith("/tripler:1")
    assert package["models"] == ["factor:1"]
    ended = printed("services")["rows"]
    assert [(row["name"], row["state"], row["exit_code"]) for row in ended] == [("tripler", "exited", 137)]
    assert 'scoring {"data": [1]}' in modelpack("logs", "tripler").stdout
    assert scored("shop") == [3, 6]
    Workspace.create("other")
    loaded = printed("load", str(archive), "--workspace", "other")
    assert (loaded["digest"], loaded["models"]) == (package["digest"], ["factor:1"])
    assert scored("other") == [3, 6]
    verdict = json.loads(modelpack("verify", "tripler:1", "--json").stdout)
    differing = [one["what"] for one in verdict["rows"]]
    assert differing == ["scoring server", f"Labels {VERSION_LABEL}"], "it was made by 0.1.0.dev0"
    assert modelpack("check").returncode == 0
    assert modelpack("delete", "package", "tripler:1").returncode == 0
    assert printed("packages", "--workspace", "shop")["rows"] == []
