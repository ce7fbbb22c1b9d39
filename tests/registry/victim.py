"""Our side of a conversation with a registry that lies: who asks, with which password, and what is left of it."""

from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.redact import Secret
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.credentials import RegistryCredentials
from jupyter_modelpack.registry.client.retry import Policy
from jupyter_modelpack.registry.client.transfer import pull_image
from jupyter_modelpack.store.layout import Layout
from tests.registry.evil import IMAGE, Evil

PASSWORD = "s3cret-Passw0rd"
QUICK = Policy(tries=3, first=0.01)
LAYER_DIGEST = IMAGE.layers[0].digest
ZERO = "sha256:" + "0" * 64


def registry(server: Evil, policy: Policy = QUICK) -> Registry:
    return Registry(server.address, credentials=RegistryCredentials("user", Secret(PASSWORD)), policy=policy)


def pull(server: Evil, sink: Layout, tag: str = "1", report: Reporter | None = None) -> Image:
    name = Reference.parse(f"{server.address}/thing:{tag}")
    return pull_image(name, sink, Platform(), report or Reporter(), registry(server))


def files(sink: Layout) -> set[str]:
    return {path.name for path in (sink.path / "blobs/sha256").iterdir()}
