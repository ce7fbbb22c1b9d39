"""PythonSection: what an environment says of Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_modelpack.api.conda import CondaDependencies
from jupyter_modelpack.api.sections.strict_attributes import Section


class PythonSection(Section):
    """Packages, or the promise that the base image brings them (azure-differences.md 5).

    Attributes:
        user_managed_dependencies: Whether the base image brings everything.
        conda_dependencies: The packages.
        requirements_dir: Folder that relative paths among the pip lines refer to; ours, not Azure's.
        interpreter_path: Azure's; not used.
        captured: Whether the packages are read from a Python, by what script and models need; ours, not Azure's.
        kernel: The Python that made the models: its program, or its environment's folder; None is the one that runs
            this. Ours, not Azure's.

    """

    interpreter_path: str
    user_managed_dependencies: bool
    conda_dependencies: CondaDependencies
    conda_dependencies_file: str | None
    base_conda_environment: str | None
    requirements_dir: Path | None
    captured: bool
    kernel: Path | None

    def __init__(self) -> None:
        self.interpreter_path, self.user_managed_dependencies = "python", False
        self.conda_dependencies = CondaDependencies()
        self.conda_dependencies_file = self.base_conda_environment = None
        self.requirements_dir = self.kernel = None
        self.captured = False

    def serialize(self) -> dict[str, Any]:
        """Return the section as JSON."""
        return {
            "userManagedDependencies": self.user_managed_dependencies,
            "condaDependencies": self.conda_dependencies.as_dict(),
            "requirementsDir": str(self.requirements_dir) if self.requirements_dir else None,
            **({"captured": True} if self.captured else {}),
            **({"kernel": str(self.kernel)} if self.kernel else {}),
        }

    def load(self, document: dict[str, Any]) -> None:
        """Take over what `serialize` made.

        Args:
            document: The section as JSON.

        Raises:
            UsageError: its conda dependencies are no conda file.
        """
        self.user_managed_dependencies = bool(document.get("userManagedDependencies"))
        self.conda_dependencies = CondaDependencies.from_document(document.get("condaDependencies"))
        folder = document.get("requirementsDir")
        self.requirements_dir = Path(folder) if folder else None
        kernel = document.get("kernel")
        self.kernel = Path(kernel) if kernel else None
        self.captured = bool(document.get("captured"))
