"""DockerSection: what an environment says of its base image.

azure-differences.md 5. `base_image` is None by default: the official slim Python of the kernel's minor
version, not Azure's own image.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from jupyter_modelpack.api.container_registry import ContainerRegistry
from jupyter_modelpack.api.sections.strict_attributes import Section
from jupyter_modelpack.catalog.text_file import read_text

_log = logging.getLogger(__name__)


class DockerSection(Section):
    """`base_image` or `base_dockerfile`; setting one takes the other back.

    `enabled`, `arguments`, `shm_size`, `shared_volumes` and `gpu_support` may be set, as old notebooks
    do, and mean nothing.
    """

    base_image_registry: ContainerRegistry
    enabled: bool
    arguments: list[str]
    shm_size: str
    shared_volumes: bool
    gpu_support: bool
    platform: str | None

    def __init__(self) -> None:
        self._base_image: str | None = None
        self._base_dockerfile: str | None = None
        self.base_image_registry = ContainerRegistry()
        self.enabled, self.shared_volumes, self.gpu_support = False, False, False
        self.arguments, self.shm_size = [], "2g"
        self.platform = None

    @property
    def base_image(self) -> str | None:
        """Reference, layout folder or archive of the base image."""
        return self._base_image

    @base_image.setter
    def base_image(self, value: str | None) -> None:
        if value and self._base_dockerfile:
            _log.warning("docker.base_image replaces docker.base_dockerfile.")
            self._base_dockerfile = None
        self._base_image = value

    @property
    def base_dockerfile(self) -> str | None:
        """Text of a base Dockerfile; set it to text, to the path of a file, or to an open one."""
        return self._base_dockerfile

    @base_dockerfile.setter
    def base_dockerfile(self, value: Any) -> None:
        if value and self._base_image:
            _log.warning("docker.base_dockerfile replaces docker.base_image.")
            self._base_image = None
        self._base_dockerfile = _text(value)

    def serialize(self) -> dict[str, Any]:
        """Return the section as JSON; passwords stay behind."""
        registry = self.base_image_registry
        return {
            "baseImage": self.base_image,
            "baseDockerfile": self.base_dockerfile,
            "baseImageRegistry": {"address": registry.address, "username": registry.username},
            "platform": self.platform,
        }

    def load(self, document: dict[str, Any]) -> None:
        """Take over what `serialize` made.

        Args:
            document: The section as JSON.
        """
        self._base_image = document.get("baseImage")
        self._base_dockerfile = document.get("baseDockerfile")
        registry = document.get("baseImageRegistry") or {}
        self.base_image_registry = ContainerRegistry(registry.get("address"), registry.get("username"))
        platform = document.get("platform")
        self.platform = platform if isinstance(platform, str) else None


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if hasattr(value, "read"):
        return str(value.read())
    text = str(value)
    # One line that names a file is that file; a Dockerfile has at least "FROM x".
    if "\n" not in text and Path(text).is_file():
        return read_text(text, "Dockerfile")
    return text
