"""Make an image's software bill of materials.

Source: CycloneDX 1.5, JSON. It names the base image by digest, the models by their layers, every
package of the lock by its file's sha256; the contents of the base image are left to its publisher. Nothing in it
depends on clock or machine.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from packaging.utils import canonicalize_name

from jupyter_modelpack.builder import sbom_facts
from jupyter_modelpack.builder.lock.pylock import Lock
from jupyter_modelpack.image_contract import LAYER_KIND, MODELS_LABEL, NAME_LABEL, VERSION_LABEL
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import canonical

_BASE = "org.opencontainers.image.base"
_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""The namespace of URLs (RFC 9562), for a serial number that depends on the image alone."""


def bill_of_materials(image: Image, lock: Lock) -> bytes:
    """Return the CycloneDX document of an image of ours."""
    config = image.config()
    labels = image.labels()
    name = labels.get(NAME_LABEL, "")
    components = [_base(labels), *_models(image, labels), *_packages(lock, sbom_facts.licences(image)), _server(labels)]
    return canonical(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, image.digest)}",
            "metadata": {
                "timestamp": config.get("created"),
                "component": {
                    "type": "container",
                    "bom-ref": str(image.digest),
                    "name": name,
                    "version": str(image.digest),
                    "purl": f"pkg:oci/{name.rpartition('/')[2]}@{image.digest.replace(':', '%3A')}",
                },
            },
            "components": components,
            "dependencies": [
                {"ref": str(image.digest), "dependsOn": sorted(str(one["bom-ref"]) for one in components)}
            ],
        }
    )


def _base(labels: Mapping[str, str]) -> dict[str, Any]:
    digest = labels.get(f"{_BASE}.digest", "")
    return {
        "type": "container",
        "bom-ref": f"base:{digest}",
        "name": labels.get(f"{_BASE}.name") or "base image",
        "version": digest,
        "hashes": _sha256(digest.removeprefix("sha256:")),
    }


def _models(image: Image, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    layers = [layer for layer in image.manifest.layers if layer.annotations.get(LAYER_KIND) == "model"]
    names = [name for name in labels.get(MODELS_LABEL, "").split(",") if name]
    found = []
    for number, full in enumerate(names):
        name, _, version = full.rpartition(":")
        model: dict[str, Any] = {
            "type": "machine-learning-model",
            "bom-ref": f"model:{full}",
            "name": name,
            "version": version,
        }
        if len(layers) == len(names):
            model |= _files(sbom_facts.hashes(image, layers[number]), full)
            model["properties"] = [{"name": LAYER_KIND, "value": str(layers[number].digest)}]
        found.append(model)
    return found


def _files(files: Sequence[tuple[str, str]], model: str) -> dict[str, Any]:
    """Return the hash of a model that is one file, or its files with theirs."""
    if len(files) == 1:
        return {"hashes": _sha256(files[0][1])}
    parts = [
        {"type": "file", "bom-ref": f"model:{model}/{path}", "name": path, "hashes": _sha256(digest)}
        for path, digest in files
    ]
    return {"components": parts} if parts else {}


def _packages(lock: Lock, licences: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    found = []
    for package in lock.packages:
        purl = f"pkg:pypi/{canonicalize_name(package.name)}@{package.version}"
        found.append(
            {
                "type": "library",
                "bom-ref": purl,
                "name": package.name,
                "version": package.version,
                "purl": purl,
                "hashes": _sha256(package.digest),
                **({"licenses": known} if (known := licences.get(canonicalize_name(package.name))) else {}),
            }
        )
    return found


def _server(labels: Mapping[str, str]) -> dict[str, Any]:
    version = labels.get(VERSION_LABEL, "")
    return {"type": "library", "bom-ref": "modelpack-scoring", "name": "modelpack-scoring", "version": version}


def _sha256(text: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": text}] if text else []
