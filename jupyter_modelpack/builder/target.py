"""The target of an environment: Python, platform, folder in the image."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.image_contract import ENV_DIR, MODELS_DIR
from jupyter_modelpack.oci.manifest import Platform

_UV_PLATFORMS = {"amd64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}


@dataclass(frozen=True, slots=True)
class BuildTarget:
    """A Python in an image.

    Attributes:
        python: Minor version, ``3.11``.
        platform: The image's platform.
        compiler: Interpreter of that minor version on this machine, or None: then no bytecode is made.
    """

    python: str
    platform: Platform
    compiler: str | None = None

    @property
    def env(self) -> str:
        """Folder of the environment in the image."""
        return ENV_DIR

    @property
    def site_packages(self) -> str:
        """The folder of modules, relative to the root of the image."""
        return f"{ENV_DIR[1:]}/lib/python{self.python}/site-packages"

    @property
    def folders(self) -> frozenset[str]:
        """Folders of the skeleton layer, which other layers need not repeat."""
        found = set()
        for path in (f"{ENV_DIR[1:]}/bin", self.site_packages, MODELS_DIR[1:]):
            parts = path.split("/")
            found |= {"/".join(parts[: n + 1]) for n in range(len(parts))}
        return frozenset(found)

    @property
    def uv_platform(self) -> str:
        """The platform as uv names it: wheels for glibc 2.28 or older run on every base we know."""
        if self.platform.os != "linux" or self.platform.architecture not in _UV_PLATFORMS:
            raise UsageError(f"Images for {self.platform} are not supported.", hint="Use linux/amd64 or linux/arm64.")
        return _UV_PLATFORMS[self.platform.architecture]

    @property
    def key(self) -> str:
        """The part of a wheel layer's cache key that depends on the target."""
        return f"cp{self.python.replace('.', '')}{'' if self.compiler else '-source'}"
