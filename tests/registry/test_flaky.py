"""Push and pull through a line on which every fifth request fails (promises.md F5, F6): all arrives, byte for byte."""

import secrets
from pathlib import Path

import pytest

from jupyter_modelpack.delivery.pushed_layers import PushedLayers
from jupyter_modelpack.events import Progress, Reporter
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.redact import Secret
from jupyter_modelpack.registry.client import upload
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.credentials import RegistryCredentials
from jupyter_modelpack.registry.client.transfer import pull_image, push_image
from jupyter_modelpack.store.layout import Layout
from tests.faults import times
from tests.registry.clients import PATIENT
from tests.registry.flaky import FAULTS, flaky
from tests.registry.samples import layer, put_image
from tests.services.registry import Account

ROUNDS = times(12, 500)


@pytest.mark.parametrize("compress", [False, True], ids=["as it is", "compressed"])
def test_every_fifth_request_fails_and_all_arrives(
    cncf_registry: Account, tmp_path: Path, monkeypatch, compress, scoreboard
):
    monkeypatch.setattr(upload, "PIECE", 500_000)
    layout = Layout.create(tmp_path / "here")
    known = RegistryCredentials(cncf_registry.username, Secret(cncf_registry.password))
    with flaky(cncf_registry.address, seed=7) as line:
        for number in range(ROUNDS):
            # Two blobs of one request, and one of four pieces.
            image = put_image(layout, f"thing:{number}", layer(number, 100), layer(1, 50_000), layer(2, 1_600_000))
            name = Reference.parse(f"{line.address}/flaky/{secrets.token_hex(4)}:1")
            events: list[Progress] = []
            registry = Registry(line.address, credentials=known, policy=PATIENT)
            memory = PushedLayers() if compress else None
            digest = push_image(image, name, Reporter(events.append), registry, memory=memory)
            assert compress or digest == image.digest
            done = [event.done for event in events if isinstance(event, Progress)]
            assert done == sorted(done)
            assert done[-1] == events[-1].total

            fetched = Layout.create(tmp_path / f"there-{number}")
            pulled = pull_image(name, fetched, Platform(), Reporter(), registry)
            assert (pulled.digest, pulled.id) == (digest, image.id)
            for part in (pulled.manifest.config, *pulled.manifest.layers):
                with fetched.open_blob(part) as stream:
                    stream.read()  # raises when it is not what its digest says
    assert set(line.faults) == set(FAULTS)
    assert line.faults.total() > line.requests / 10
    scoreboard(
        f"registry faults ({'compressed' if compress else 'as it is'})",
        f"{ROUNDS} of {ROUNDS} pushes and pulls done, {line.faults.total()} of {line.requests} requests failed",
    )
