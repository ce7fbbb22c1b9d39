"""Names of base images: the default one, and the one that `modelpack base` makes."""

from __future__ import annotations

from jupyter_modelpack.oci.manifest import Platform


def default_reference(python: str) -> str:
    """Return the official slim image of a Python minor version."""
    return f"docker.io/library/python:{python}-slim"


def made_name(python: str, platform: Platform) -> str:
    """Return the cache's name of the image that `modelpack base` makes."""
    return f"made/debian-python:{python}-{platform.architecture}"


def kept_name(reference: str, platform: Platform) -> str:
    """Return the cache's name of a fetched image."""
    return f"{reference}@{platform.os}-{platform.architecture}"
