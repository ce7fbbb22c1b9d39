"""promises.md F6: a line that is cut again and again in one large layer costs little more than what was under way."""

import itertools
import os
import secrets
from pathlib import Path

import pytest

from jupyter_modelpack.events import Progress, Reporter
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import CONFIG, LAYER, MANIFEST, Manifest, Platform, canonical
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.redact import Secret
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.credentials import RegistryCredentials
from jupyter_modelpack.registry.client.retry import Policy
from jupyter_modelpack.registry.client.transfer import pull_image, push_image
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.registry.server.push_api import Inbox
from jupyter_modelpack.registry.server.server import RegistryServer
from jupyter_modelpack.store.layout import Layout
from tests.faults import times
from tests.registry.cutting import cutting
from tests.services.registry import Account

CUTS = times(10, 100)
SIZE = CUTS * 20_000_000
"""Two gigabytes for a hundred cuts."""

pytestmark = pytest.mark.registry

WHILE_PUSHING = {"ours": CUTS, "cncf": 2}
"""The real one (2.8.2) drops an upload in which a request broke off ("upload resumed at wrong offest", it says):
all of it is sent again, by any client."""

QUICK = Policy(tries=5, first=0.01)


@pytest.fixture(params=["ours", "cncf"])
def account(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "cncf":
        yield request.getfixturevalue("cncf_registry")
        return
    layout, endpoint = Layout.create(tmp_path / "served"), Endpoint.create()
    with RegistryServer(layout, endpoint, inbox=Inbox(layout)):
        yield Account(endpoint.address, endpoint.username, endpoint.password.reveal())


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """One of one large layer."""
    layout, model = Layout.create(tmp_path / "here"), tmp_path / "model"
    block = os.urandom(1 << 20)
    with model.open("wb") as out:
        for number in itertools.islice(itertools.count(), SIZE >> 20):
            out.write(number.to_bytes(8, "big") + block[8:])
    with layout.new_blob() as blob, model.open("rb") as stream:
        writer = LayerWriter(blob)
        writer.file("model", stream, model.stat().st_size)
        writer.close()
        layer = blob.commit(LAYER)
    config = {"architecture": "amd64", "os": "linux", "config": {}}
    config["rootfs"] = {"type": "layers", "diff_ids": [layer.digest]}
    manifest = Manifest(layout.put_bytes(CONFIG, canonical(config)), (layer,))
    return layout.image(layout.put_bytes(MANIFEST, manifest.to_bytes()))


def registry(address: str, account: Account) -> Registry:
    return Registry(address, credentials=RegistryCredentials(account.username, Secret(account.password)), policy=QUICK)


def test_a_line_that_is_cut_again_and_again(account: Account, image: Image, tmp_path: Path, scoreboard, request):
    size, repository, events = image.manifest.layers[0].size, f"cuts/{secrets.token_hex(4)}", []
    pushing = WHILE_PUSHING[request.node.callspec.id]
    with cutting(account.address, size, pushing, up=True) as line:
        name = Reference.parse(f"{line.address}/{repository}:1")
        assert push_image(image, name, Reporter(events.append), registry(line.address, account)) == image.digest
        up, cuts = line.passed, line.done
    with cutting(account.address, size, CUTS, up=False) as line:
        name, sink = Reference.parse(f"{line.address}/{repository}:1"), Layout.create(tmp_path / "there")
        pulled = pull_image(name, sink, Platform(), Reporter(), registry(line.address, account))
        down, cuts = line.passed, cuts + line.done
    assert pulled.raw == image.raw
    with sink.open_blob(pulled.manifest.layers[0]) as stream:
        while stream.read(1 << 20):  # raises when it is not what its digest says
            pass
    done = [event.done for event in events if isinstance(event, Progress)]
    assert done == sorted(done)
    scoreboard(
        f"a line cut in {size / 1e9:.1f} GB ({request.node.callspec.id})",
        f"{cuts} cuts: {up / size - 1:.1%} sent again up, {down / size - 1:.1%} down",
    )
    assert cuts == pushing + CUTS
    assert down < size * 1.05
    assert up < size * (1.05 if pushing == CUTS else 1 + pushing)
