"""Names of base images: the default one, and the one that `modelpack base` makes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from jupyter_modelpack.oci.manifest import Platform

MADE = "made/"
"""What the names of images that `modelpack base` makes begin with."""


def default_reference(python: str) -> str:
    """Return the official slim image of a Python minor version."""
    return f"docker.io/library/python:{python}-slim"


def made_name(python: str, platform: Platform, packages: Sequence[str] = ()) -> str:
    """Return the cache's name of the image that `modelpack base` makes; more Debian packages make another one."""
    more = f"-{hashlib.sha256(' '.join(sorted(packages)).encode()).hexdigest()[:12]}" if packages else ""
    return f"{MADE}debian-python:{python}-{platform.architecture}{more}"


def kept_name(reference: str, platform: Platform) -> str:
    """Return the cache's name of a fetched image."""
    return f"{reference}@{platform.os}-{platform.architecture}"
