"""Requests of the distribution specification, sent to a registry that may be written."""

import secrets

import requests

from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import CONFIG, EMPTY, LAYER, MANIFEST, canonical
from tests.registry.served import Writable


def blob(registry: Writable, data: bytes, repository: str = "") -> Digest:
    digest = Digest.of(data)
    begun = registry.ask("POST", f"/v2/{repository or registry.repository}/blobs/uploads/")
    assert registry.put(begun.headers["Location"], digest, data=data).status_code == 201
    return digest


def described(data: bytes, kind: str) -> dict:
    return {"mediaType": kind, "digest": Digest.of(data), "size": len(data)}


def manifest(registry: Writable, *layers: bytes, kind: str = LAYER, config: bytes = b"{}", **more) -> bytes:
    """Push the blobs of a manifest; return the manifest."""
    for data in (config, *layers):
        blob(registry, data)
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": described(config, more.pop("config_type", CONFIG)),
        "layers": [described(data, kind) for data in layers],
        **more,
    }
    return canonical(document)


def put(registry: Writable, raw: bytes, reference: str = "", kind: str = MANIFEST, **options) -> requests.Response:
    path = f"/v2/{registry.repository}/manifests/{reference or Digest.of(raw)}"
    return registry.ask("PUT", path, data=raw, headers={"Content-Type": kind}, **options)


def get(registry: Writable, path: str, method: str = "GET", **options) -> requests.Response:
    return registry.ask(method, f"/v2/{registry.repository}/{path}", **options)


def code(response: requests.Response) -> str:
    return response.json()["errors"][0]["code"]


def fresh(size: int = 500) -> bytes:
    return secrets.token_bytes(size)


def signature(registry: Writable, subject: bytes, kind: str = "application/x.sig", **annotations) -> bytes:
    return manifest(
        registry,
        fresh(),
        kind=kind,
        config_type=EMPTY,
        artifactType=kind,
        subject=described(subject, MANIFEST),
        annotations=annotations,
    )
