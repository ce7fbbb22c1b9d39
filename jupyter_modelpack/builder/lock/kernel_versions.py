"""The versions of the Python that made a model, beside those of a lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_modelpack.builder.lock.pylock import Lock


@dataclass(frozen=True, slots=True)
class KernelVersions:
    """What the Python has installed.

    Attributes:
        installed: The version of each package by its normalised name.
        preferred: Lines ``name==version``; the resolver chooses these wherever the requirements allow it.
    """

    installed: Mapping[str, str] = field(default_factory=dict)
    preferred: tuple[str, ...] = ()

    def differences(self, lock: Lock) -> list[str]:
        """Return in words the packages of a lock that the Python has in other versions.

        Another local label than the Python's is another build: ``2.3.0+cpu`` is not the index's ``2.3.0``.
        """
        return [
            f"{package.name} {package.version} (here {self.installed[package.name]})"
            for package in lock.packages
            if package.version and _differ(self.installed.get(package.name, package.version), package.version)
        ]


def _differ(installed: str, locked: str) -> bool:
    public, _, label = installed.partition("+")
    locked_public, _, locked_label = locked.partition("+")
    return public != locked_public or bool(label and label != locked_label)
