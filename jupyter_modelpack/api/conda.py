"""CondaDependencies: the Python packages of an environment, as conda writes them.

azure-differences.md 5. Unlike Azure's, a new one holds the kernel's Python and no pip packages: pickles
load, and our own server stands in for azureml-defaults.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from jupyter_modelpack.catalog.text_file import read_text
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.limits import YAML_BYTES, YAML_NODES

KERNEL_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
CHANNELS = ("anaconda", "conda-forge")
_KEYS = ("name", "channels", "dependencies", "variables", "platforms", "prefix")
"""What conda and conda-lock read of such a file; where it would lie (`prefix`) means nothing in an image."""

_NAME = re.compile(r"\s*(?:[\w.-]+::)?([A-Za-z0-9][A-Za-z0-9._-]*)")


class CondaDependencies:
    """Conda packages, pip packages and channels (azure-differences.md 5).

    Args:
        conda_dependencies_file_path: A conda file to begin with, of at most 1 MiB; by default the kernel's Python, the
            channels ``anaconda`` and ``conda-forge``, and no pip packages.

    Raises:
        PathNotFound: there is no such file.
        UsageError: it is not YAML, or no conda file.
    """

    def __init__(self, conda_dependencies_file_path: str | os.PathLike[str] | None = None) -> None:
        self._document: dict[str, Any] = {
            "name": "project_environment",
            "dependencies": [f"python={KERNEL_PYTHON}"],
            "channels": list(CHANNELS),
        }
        if conda_dependencies_file_path is not None:
            self._document = _load(Path(conda_dependencies_file_path))

    @classmethod
    def create(
        cls,
        pip_indexurl: str | None = None,
        pip_packages: Sequence[str] | None = None,
        conda_packages: Sequence[str] | None = None,
        python_version: str | None = None,
        pin_sdk_version: bool = True,
    ) -> Self:
        """Return one made of lists (azure-differences.md 5).

        Args:
            pip_indexurl: URL of a package index to use in place of the default one, or an option such as
                ``--extra-index-url https://...``.
            pip_packages: Requirements as pip writes them.
            conda_packages: Packages as conda writes them, ``numpy=1.26``.
            python_version: ``3.11``, for example; by default the kernel's.
            pin_sdk_version: Azure's; ignored, since there is no SDK to pin.
        """
        del pin_sdk_version  # there is no SDK to pin
        made = cls()
        if python_version:
            made.set_python_version(python_version)
        for package in conda_packages or ():
            made.add_conda_package(package)
        if pip_indexurl:
            made.set_pip_index_url(pip_indexurl)
        for package in pip_packages or ():
            made.add_pip_package(package)
        return made

    @classmethod
    def from_document(cls, document: object) -> Self:
        """Return one made of a parsed conda file; ours, not Azure's.

        Args:
            document: What a YAML parser returned for the file.

        Raises:
            UsageError: it is no conda file.
        """
        made = cls()
        made._document = _check(document)
        return made

    # --- reading ---

    @property
    def conda_packages(self) -> Iterable[str]:
        """The conda packages, python included."""
        return [entry for entry in self._dependencies if isinstance(entry, str)]

    @property
    def pip_packages(self) -> Iterable[str]:
        """The pip lines that name packages."""
        return [line for line in self._pip if not _is_option(line)]

    @property
    def pip_options(self) -> Iterable[str]:
        """The pip lines that are options."""
        return [line for line in self._pip if _is_option(line)]

    @property
    def pip_lines(self) -> Sequence[str]:
        """All pip lines in their order; ours, not Azure's."""
        return tuple(self._pip)

    @property
    def conda_channels(self) -> Iterable[str]:
        """The channels, best first."""
        return list(self._document.get("channels") or [])

    @property
    def platforms(self) -> Sequence[str]:
        """What the conda file is for, in conda's words, ``linux-64``; empty where it does not say; ours alone."""
        return tuple(self._document.get("platforms") or ())

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that the conda file sets; ours, not Azure's."""
        return {str(name): str(value) for name, value in (self._document.get("variables") or {}).items()}

    @property
    def python(self) -> str | None:
        """What the conda packages say of Python (``=3.11``, ``>=3.9``), or None; ours, not Azure's."""
        for entry in self.conda_packages:
            if _name(entry) == "python":
                return entry.partition("python")[2].strip()
        return None

    # --- writing ---

    def add_conda_package(self, conda_package: str) -> None:
        """Add a conda package; one of that name is replaced.

        Args:
            conda_package: The package as conda writes it, ``numpy=1.26``; its channel may stand before it,
                ``conda-forge::numpy``.
        """
        self.remove_conda_package(conda_package)
        at = sum(isinstance(entry, str) for entry in self._dependencies)
        self._dependencies.insert(at, conda_package)

    def remove_conda_package(self, conda_package: str) -> None:
        """Take a conda package out, by name; nothing happens when there is none.

        Args:
            conda_package: Its name; a version after it is ignored.
        """
        self._document["dependencies"] = [
            entry for entry in self._dependencies if not isinstance(entry, str) or _name(entry) != _name(conda_package)
        ]

    def add_pip_package(self, pip_package: str) -> None:
        """Add a pip package; one of that name is replaced.

        Args:
            pip_package: A requirement as pip writes it.
        """
        replaced = [line for line in self._pip if _same(line, pip_package)]
        self.remove_pip_package(pip_package)
        # That the file asks for hashes is no less true for the one that takes the place of a hashed one.
        asks = any("--hash" in line for line in replaced) and "--require-hashes" not in self._pip
        self._set_pip([*(["--require-hashes"] if asks else []), *self._pip, pip_package])

    def remove_pip_package(self, pip_package: str) -> None:
        """Take a pip package out, by name; nothing happens when there is none.

        Args:
            pip_package: Its name; a version after it is ignored.
        """
        self._set_pip([line for line in self._pip if not _same(line, pip_package)])

    def set_pip_requirements(self, pip_requirements: Sequence[str]) -> None:
        """Replace all pip lines.

        Args:
            pip_requirements: The lines of a requirements file, options among them; a backslash at a line's end joins it
                with the next one.
        """
        self._set_pip(_continued(pip_requirements))

    def set_pip_option(self, pip_option: str) -> None:
        """Add a pip option; one of that name is replaced.

        Args:
            pip_option: The option with its value, ``--index-url https://...``.
        """
        self.remove_pip_option(pip_option)
        self._set_pip([pip_option, *self._pip])

    def remove_pip_option(self, pip_option: str) -> None:
        """Take a pip option out, by name; nothing happens when there is none.

        Args:
            pip_option: Its name, ``--index-url``; a value after it is ignored.
        """
        name = re.split(r"[ =]", pip_option, maxsplit=1)[0]
        self._set_pip([line for line in self._pip if re.split(r"[ =]", line, maxsplit=1)[0] != name])

    def set_pip_index_url(self, index_url: str) -> None:
        """Use another package index.

        Args:
            index_url: Its URL, or an option such as ``--extra-index-url https://...``.
        """
        self.set_pip_option(index_url if _is_option(index_url) else f"--index-url {index_url}")

    def add_channel(self, channel: str) -> None:
        """Add a channel, asked last; nothing happens when it is there already.

        Args:
            channel: Its name or URL.
        """
        if channel not in self.conda_channels:
            self._document["channels"] = [*self.conda_channels, channel]

    def remove_channel(self, channel: str) -> None:
        """Take a channel out; nothing happens when it is not there.

        Args:
            channel: Its name or URL, as it was added.
        """
        self._document["channels"] = [entry for entry in self.conda_channels if entry != channel]

    def set_python_version(self, version: str) -> None:
        """Pin Python.

        Args:
            version: ``3.11``, for example.
        """
        self.remove_conda_package("python")
        self._dependencies.insert(0, f"python={version}")

    # --- as text ---

    def as_dict(self) -> dict[str, Any]:
        """Return the parsed conda file."""
        return self._document

    def serialize_to_string(self) -> str:
        """Return the conda file's text."""
        import yaml  # noqa: PLC0415 - only who has conda files pays for it

        return str(yaml.safe_dump(self._document, sort_keys=False))

    def save(self, path: str | os.PathLike[str] | None = None) -> str:
        """Write the conda file.

        Args:
            path: The file, replaced if it is there; by default ``conda_dependencies.yml`` in the current folder.

        Returns:
            Its path, as it was given.

        Raises:
            OSError: the file cannot be written.
        """
        target = Path(path or "conda_dependencies.yml")
        target.write_text(self.serialize_to_string(), "utf-8")
        return str(target)

    def save_to_file(self, base_directory: str, conda_file_path: str | None = None) -> str:
        """Write the conda file below a folder.

        Args:
            base_directory: The folder, which must exist.
            conda_file_path: The file's path relative to it; ``conda_dependencies.yml`` by default.

        Returns:
            The file's path relative to `base_directory`.

        Raises:
            OSError: the file cannot be written.
        """
        name = conda_file_path or "conda_dependencies.yml"
        self.save(Path(base_directory, name))
        return name

    @property
    def _dependencies(self) -> list[Any]:
        found: list[Any] = self._document["dependencies"]
        return found

    @property
    def _pip(self) -> list[str]:
        for entry in self._dependencies:
            if isinstance(entry, dict):
                return [str(line) for line in entry.get("pip") or []]
        return []

    def _set_pip(self, lines: list[str]) -> None:
        kept = [entry for entry in self._dependencies if not isinstance(entry, dict)]
        self._document["dependencies"] = [*kept, {"pip": lines}] if lines else kept


def _continued(lines: Sequence[str]) -> list[str]:
    """Join lines that a backslash continues, so that what takes a requirement out takes its hashes, too."""
    joined: list[str] = []
    for line in lines:
        if joined and joined[-1].endswith("\\") and not joined[-1].lstrip().startswith("#"):
            joined[-1] = f"{joined[-1][:-1].rstrip()} {line.strip()}"
        else:
            joined.append(line)
    return joined


def _is_option(line: str) -> bool:
    return line.lstrip().startswith("-")


def _same(line: str, package: str) -> bool:
    return not _is_option(line) and _name(line) == _name(package)


def _name(package: str) -> str:
    found = _NAME.match(package)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else package


def _load(path: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - as above

    text = read_text(path, "conda file")
    if len(text) > YAML_BYTES:
        raise UsageError(f"Environment error: {path} is larger than {YAML_BYTES >> 20} MiB: not a conda file.")
    try:
        return _check(_written_out(yaml.safe_load(text)))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UsageError(f"Environment error: not a valid YAML structure: {path}: {error}.") from error


def _written_out(document: object) -> object:
    """Return `document`; raise `ValueError` where its aliases stand for more than any conda file holds."""
    seen, left = [document], YAML_NODES
    while seen:
        node = seen.pop()
        inner = [*node, *node.values()] if isinstance(node, dict) else node if isinstance(node, list) else ()
        left -= len(inner)
        if left < 0:
            raise ValueError(f"written out, it has more than {YAML_NODES} values")
        seen.extend(inner)
    return document


def _check(document: object) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise UsageError("Environment error: not a valid YAML structure: a conda file is a mapping.")
    dependencies = document.get("dependencies") or []
    for entry in dependencies if isinstance(dependencies, list) else [None]:
        pip = entry.get("pip") if isinstance(entry, dict) and set(entry) == {"pip"} else []
        if (
            not isinstance(entry, (str, dict))
            or not isinstance(pip or [], list)
            or (isinstance(entry, dict) and not pip)
        ):
            raise UsageError(
                "Environment error: not a valid YAML structure: `dependencies` lists packages, and `pip:` with a list."
            )
    for key in ("channels", "platforms"):
        names = document.get(key) or []
        if not isinstance(names, list) or not all(isinstance(entry, str) for entry in names):
            raise UsageError(f"Environment error: not a valid YAML structure: `{key}` lists names.")
    unknown = sorted(str(key) for key in document.keys() - _KEYS)
    if unknown:
        raise UsageError(
            f"Environment error: {unknown[0]} of the conda file is nothing that conda knows, nor obeyed here.",
            hint=f"Take it out, or check its spelling: there are {', '.join(_KEYS)}.",
            code="conda-key",
        )
    variables = document.get("variables") or {}
    if not isinstance(variables, dict) or not all(isinstance(one, str | int | float) for one in variables.values()):
        raise UsageError("Environment error: not a valid YAML structure: `variables` has a text for each name.")
    return {**document, "dependencies": _one_pip(list(dependencies))}


def _one_pip(dependencies: list[Any]) -> list[Any]:
    """Make one list of several `- pip:`, where the first stands; one alone is left as it is."""
    lists = [entry for entry in dependencies if isinstance(entry, dict)]
    if len(lists) < 2:
        return dependencies
    merged = {"pip": [line for entry in lists for line in entry["pip"] or []]}
    at = dependencies.index(lists[0])
    kept = [entry for entry in dependencies if not isinstance(entry, dict)]
    return [*kept[:at], merged, *kept[at:]]
