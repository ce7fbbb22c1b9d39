"""Ctrl-C during a transfer, and what importing this subpackage costs."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_modelpack.store.layout import Layout
from tests.registry.evil import BLOB, IMAGE, Say, as_blob, evil

PULL = """
import sys
from pathlib import Path
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.registry.client.transfer import pull_image
from jupyter_modelpack.store.layout import Layout

def show(event):
    print(event.done, flush=True)

pull_image(Reference.parse(sys.argv[1]), Layout(Path(sys.argv[2])), Platform(), Reporter(show))
"""


def test_ctrl_c_ends_a_stalled_pull_and_leaves_nothing(tmp_path: Path):
    sink = Layout.create(tmp_path / "sink")
    stalled = as_blob(lambda _asked: Say(200, BLOB[:1_500_000], length=len(BLOB), then="stall"))
    with evil(stalled) as server:
        words = [sys.executable, "-c", PULL, f"{server.address}/thing:1", str(sink.path)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            for line in child.stdout:
                if int(line) > 1_000_000:
                    break
            began = time.monotonic()
            child.send_signal(signal.SIGINT)
            said = child.communicate(timeout=20)[1]
    assert time.monotonic() - began < 5
    assert child.returncode == -signal.SIGINT, said
    assert said.rstrip().endswith("KeyboardInterrupt")
    left = {path.name for path in (sink.path / "blobs/sha256").iterdir()}
    assert left <= {IMAGE.config.digest.hex}


@pytest.mark.parametrize(
    "module",
    ["client.client", "client.transfer", "server.process", "server.endpoint", "server.probe", "client.credentials"],
)
def test_requests_is_imported_only_when_a_registry_is_reached(module):
    program = f"import jupyter_modelpack.registry.{module}, json, sys; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", program])))
    assert f"jupyter_modelpack.registry.{module}" in loaded
    assert loaded.isdisjoint({"requests", "urllib3", "truststore", "http.server"})
