"""The environment's lock: every package with its version and hashes, for the image's Python and platform.

It is a standard ``pylock.toml`` (PEP 751), made by uv, kept by what it was made from: the same
requirements give the same lock until somebody asks for newer ones.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_modelpack.build.target import Target
from jupyter_modelpack.build.tools import run_tool
from jupyter_modelpack.errors import BuildFailed, ModelpackError, Unavailable, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.store.files import write_file

_INDEX_VARIABLES = (
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_NO_INDEX",
)


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock.

    Attributes:
        name: Normalised.
        digest: sha256 hex of the wheel (or source archive) that will be installed; names its layer.
        size: Bytes to download; 0 when the lock does not say.
        wheel: Whether it comes as a wheel; a source archive is built on this machine.
    """

    name: str
    version: str
    digest: str
    size: int
    wheel: bool


@dataclass(frozen=True)
class Lock:
    """A parsed pylock.toml with its exact text."""

    text: str
    packages: tuple[Locked, ...]

    @classmethod
    def parse(cls, text: str) -> Lock:
        """Read a lock; raise `UsageError` when it is none or when a package has no hash."""
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"The lock is not TOML: {error}.") from error
        packages = document.get("packages", [])
        return cls(text, tuple(_package(entry) for entry in packages))

    def subset(self, names: frozenset[str]) -> dict[str, Any]:
        """Return the lock's document with only these packages, free of the Python it was made for."""
        document = tomllib.loads(self.text)
        return {
            "lock-version": "1.0",
            "created-by": "jupyter_modelpack",
            "packages": [entry for entry in document["packages"] if entry["name"] in names],
        }


def _package(entry: Mapping[str, Any]) -> Locked:
    name, version = str(entry.get("name", "")), str(entry.get("version", ""))
    for kind in ("wheels", "sdist", "archive"):
        found = entry.get(kind)
        file = found[0] if isinstance(found, list) and found else found
        if not isinstance(file, dict):
            continue
        digest = file.get("hashes", {}).get("sha256")
        if digest:
            return Locked(name, version, digest, int(file.get("size") or 0), kind == "wheels")
    where = entry.get("vcs") or entry.get("directory")
    raise UsageError(
        f"{name}: {'a folder or repository' if where else 'a package'} without a hash cannot be locked.",
        hint="Build a wheel of it (`python -m build --wheel`) and name the wheel file in the requirements.",
        code="no-hash",
    )


def hashed_requirements(text: str) -> str:
    """Return a lock as a requirements file with hashes, for those who install with pip."""
    packages = Lock.parse(text).packages
    return "".join(f"{package.name}=={package.version} --hash=sha256:{package.digest}\n" for package in packages)


def uv_program() -> str:
    """Return the path of uv, which is one of our dependencies."""
    import uv  # noqa: PLC0415 - only when something is resolved

    return str(uv.find_uv_bin())


def uv_environment() -> dict[str, str]:
    """Return the environment uv runs in: the user's, trusting the certificates this machine trusts."""
    environment = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    environment.setdefault("UV_SYSTEM_CERTS", "1")
    environment["UV_NO_PROGRESS"] = "1"
    environment["NO_COLOR"] = "1"
    return environment


def make_lock(
    requirements: Sequence[str],
    target: Target,
    folder: Path,
    report: Reporter,
    *,
    relative_to: Path | None = None,
    upgrade: bool = False,
) -> Lock:
    """Resolve `requirements` for an image, or take the lock made before from the same ones.

    Args:
        requirements: Lines of a requirements file, options included.
        target: The image's Python and platform.
        folder: Where locks are kept.
        report: For the log.
        relative_to: What relative paths in the lines refer to.
        upgrade: Resolve again even if there is a lock.

    Raises:
        BuildFailed: a requirement does not exist or they contradict each other.
        Unavailable: the package index cannot be reached.
    """
    lines = [line.strip() for line in requirements if line.strip() and not line.strip().startswith("#")]
    indexes = {name: os.environ[name] for name in _INDEX_VARIABLES if name in os.environ}
    inputs = [
        sorted(set(lines)),
        target.python,
        str(target.platform),
        indexes,
        str(relative_to) if _has_paths(lines) else "",
    ]
    path = folder / f"{hashlib.sha256(json.dumps(inputs).encode()).hexdigest()}.toml"
    if path.exists() and not upgrade:
        report.log(f"Using the lock made before ({len(lines)} requirements, Python {target.python})")
        return Lock.parse(path.read_text())
    lock = Lock.parse(_resolve(lines, target, relative_to, report))
    write_file(path, lock.text.encode())
    return lock


def _has_paths(lines: Sequence[str]) -> bool:
    return any(line.startswith((".", "-")) or "/" in line for line in lines)


def _resolve(lines: Sequence[str], target: Target, relative_to: Path | None, report: Reporter) -> str:
    argv = [uv_program(), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--generate-hashes"]
    argv += ["--format", "pylock.toml", "--python-version", target.python, "--python-platform", target.uv_platform, "-"]
    report.log(f"Resolving {len(lines)} requirements for Python {target.python} on {target.platform}")
    try:
        return run_tool(
            argv,
            report,
            step="Resolving the requirements",
            cwd=relative_to,
            env=uv_environment(),
            text="\n".join(lines) + "\n",
        )
    except BuildFailed as error:
        raise explain(error) from error


def explain(error: BuildFailed) -> ModelpackError:
    """Say what uv's last lines mean for the person who wrote the requirements."""
    text = " ".join(" ".join(error.log_tail).split())
    if "error sending request" in text or "Request failed after" in text:
        return Unavailable(
            "The package index cannot be reached, and what is needed is not in the cache.",
            hint="Check the network and its settings (UV_DEFAULT_INDEX, HTTPS_PROXY, SSL_CERT_FILE) and try again.",
            code="index-unreachable",
            retry=True,
        )
    reason = text.partition("cause:")[2].strip() or text
    reason = reason.replace(", we can conclude that your requirements are unsatisfiable.", ".")
    return BuildFailed(
        f"The requirements cannot be met: {reason[0].lower() + reason[1:] if reason else error.message}",
        step=error.step,
        code="unsatisfiable",
        hint="Check the spelling and the versions; the package must have a release for this Python version.",
    )
