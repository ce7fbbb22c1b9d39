"""create makes a workspace; what is pushed into one says of itself what it is; a base that cannot be read is told."""

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jupyter_modelpack import Workspace
from jupyter_modelpack.builder.base_image.resolve import resolve_base
from jupyter_modelpack.catalog.package_record import OURS
from jupyter_modelpack.errors import Denied
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import MANIFEST, Platform
from jupyter_modelpack.registry.server.push_api import Inbox
from jupyter_modelpack.store.layout import Layout
from tests.commands.packages import modelpack, printed, put_package


def test_a_workspace_is_made_and_used(tmp_path):
    done = modelpack("create", "team")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("verbs use it with --workspace team\n")
    assert printed("models", "--workspace", "team")["workspace"] == "team"
    again = modelpack("create", "team")
    assert (again.returncode, again.stderr.splitlines()[-1]) == (4, "It is there to be used: --workspace team.")
    folder = str(tmp_path / "deep" / "ws")
    assert modelpack("create", "other", "--folder", folder).stdout.endswith(f"--workspace {folder}\n")
    assert printed("packages", "--workspace", folder)["rows"] == []
    spaced = str(tmp_path / "my ws")
    assert modelpack("create", "other", "--folder", spaced).stdout.endswith(f"--workspace '{spaced}'\n")
    assert modelpack("create", "other", "--folder", spaced).stderr.endswith(f"--workspace '{spaced}'.\n")
    assert "needs the name" in modelpack("create").stderr


def test_what_was_pushed_shows_when_and_its_models():
    ws = Workspace.default()
    made = put_package(ws)
    ws.store.untag("adder:1")
    began = datetime.now(UTC)
    raw = made.image.raw
    answer = Inbox(ws.store, OURS).answer("PUT", "/v2/pushed/manifests/1", {"Content-Type": MANIFEST}, [raw])
    assert answer.status == 201
    [row] = printed("packages")["rows"]
    assert (row["reference"].partition("/")[2], row["models"]) == ("pushed:1", ["diabetes:1"])
    assert began <= datetime.fromisoformat(row["created"]) <= datetime.now(UTC)
    assert "diabetes:1" in modelpack("packages").stdout


@pytest.mark.parametrize("closed", ["file", "folder"])
def test_a_base_archive_that_may_not_be_read_is_told(closed):
    with tempfile.TemporaryDirectory() as name:
        place = Path(name, "closed")
        place.mkdir()
        archive = place / "base.tar"
        archive.write_bytes(b"x")
        cache = Layout.create(Path(name, "cache"))
        for folder in (Path(name), place):
            folder.chmod(0o755)
        (archive if closed == "file" else place).chmod(0)
        before = os.geteuid()
        os.seteuid(65534 if before == 0 else before)  # root may read everything
        try:
            with pytest.raises(Denied, match=f"Could not read the base image {archive}: Permission denied"):
                resolve_base(str(archive), "3.11", Platform(), cache, Reporter())
        finally:
            os.seteuid(before)
            place.chmod(0o755)
