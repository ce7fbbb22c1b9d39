"""The environment's lock: every package with its version and hashes, for the image's Python and platform.

It is a standard ``pylock.toml`` (PEP 751), made by uv, kept by what it was made from: the same
requirements give the same lock until somebody asks for newer ones.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import tomli_w

from jupyter_modelpack.build.target import Target
from jupyter_modelpack.build.tools import run_tool
from jupyter_modelpack.errors import BuildFailed, Denied, ModelpackError, Unavailable, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import NAME_BYTES
from jupyter_modelpack.redact import scrub
from jupyter_modelpack.store.files import write_file

_KINDS = ("wheels", "sdist", "archive")
SHAPE = (AttributeError, KeyError, TypeError, ValueError)
"""What reading text where a table belongs, and the like, raises."""

_HARMLESS = ("UV_CACHE", "UV_CONCURRENT", "UV_HTTP", "UV_NO_PROGRESS", "UV_OFFLINE", "UV_PYTHON", "UV_SYSTEM_CERTS")
"""Beginnings of the variables of uv that change how it works and not what it finds."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock.

    Attributes:
        name: Normalised.
        digest: sha256 hex of the wheel (or source archive) that will be installed; names its layer.
        size: Bytes to download; 0 when the lock does not say.
        wheel: Whether it comes as a wheel; a source archive is built on this machine.
        place: Where it is: an address, or a path that begins with ``/``; empty when the lock does not say plainly.
    """

    name: str
    version: str
    digest: str
    size: int
    wheel: bool
    place: str = ""


@dataclass(frozen=True)
class Lock:
    """A parsed pylock.toml with its exact text."""

    text: str
    packages: tuple[Locked, ...]

    @classmethod
    def parse(cls, text: str) -> Lock:
        """Read a lock; raise `UsageError` when it is none or when a package has no hash."""
        return _parse(text)

    def subset(self, names: frozenset[str]) -> dict[str, Any]:
        """Return the lock's document with only these packages, free of the Python it was made for."""
        document = tomllib.loads(self.text)
        return {
            "lock-version": "1.0",
            "created-by": "jupyter_modelpack",
            "packages": [_one_file(entry) for entry in document["packages"] if entry["name"] in names],
        }

    @cached_property
    def shipped(self) -> str:
        """The lock as it goes into images: files of this machine by their name alone."""
        return _with_paths(self.text, lambda path: path.rpartition("/")[2])


@lru_cache(maxsize=8)
def _parse(text: str) -> Lock:
    """Read a lock; reading one takes longer than all else in a build that changes nothing."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"The lock is not TOML: {error}.") from error
    if "lock-version" not in document:
        raise UsageError("The lock is no pylock.toml: it names no lock-version (PEP 751).")
    try:
        return Lock(text, tuple(_package(entry) for entry in document.get("packages", [])))
    except SHAPE as error:
        raise misshapen(error) from error


def misshapen(error: Exception) -> UsageError:
    """Return what to tell whoever brought a lock that is no lock: it may be another's image that holds it."""
    return UsageError(
        f"The lock is not written as PEP 751 says: {error}.",
        hint="Give one that a tool has written, `uv export --format pylock.toml` for example.",
        code="bad-lock",
    )


def _with_paths(text: str, change: Callable[[str], str]) -> str:
    """Return a lock with the paths of local files changed; the same text where it names none."""
    if "path" not in text and "file:" not in text and "\\" not in text:  # a key may be spelt in escapes
        return text
    document = tomllib.loads(text)
    files = [file for entry in document.get("packages", []) for file in _files(entry) if _path_of(file)]
    for file in files:
        file["path"] = change(_path_of(file))
        file.pop("url", None)
    return tomli_w.dumps(document) if files else text


def _path_of(file: Mapping[str, Any]) -> str:
    """Return where a local file lies; empty for one that is elsewhere. uv writes those of a wheelhouse as URLs."""
    url = urlsplit(str(file.get("url", "")))
    return str(file.get("path") or (unquote(url.path) if url.scheme == "file" else ""))


def _files(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the files a package may come as, best first."""
    found = [*entry.get("wheels", ()), entry.get("sdist"), entry.get("archive")]
    return [file for file in found if isinstance(file, dict)]


def _one_file(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Leave the one file, with the one hash, that names the layer.

    uv takes a file that meets any of several hashes: an index that lists a well-known sha256 beside its own
    file's sha512 would have that file kept as the well-known one (threat T4).
    """
    rest = {key: value for key, value in entry.items() if key not in _KINDS}
    for kind in _KINDS:
        found = entry.get(kind)
        file = found[0] if isinstance(found, list) and found else found
        if isinstance(file, dict) and "sha256" in file.get("hashes", {}):
            one = {**file, "hashes": {"sha256": file["hashes"]["sha256"]}}
            return {**rest, kind: [one] if kind == "wheels" else one}
    return dict(entry)


def _package(entry: Mapping[str, Any]) -> Locked:
    name, version = str(entry.get("name", "")), str(entry.get("version", ""))
    for kind in _KINDS:
        found = entry.get(kind)
        file = found[0] if isinstance(found, list) and found else found
        if not isinstance(file, dict):
            continue
        digest = str(file.get("hashes", {}).get("sha256", ""))
        if re.fullmatch("[0-9a-f]{64}", digest):
            return Locked(name, version, digest, int(file.get("size") or 0), kind == "wheels", _place(file))
    where = entry.get("vcs") or entry.get("directory")
    raise UsageError(
        f"{name}: {'a folder or repository' if where else 'a package'} without a hash cannot be locked.",
        hint="Build a wheel of it (`python -m build --wheel`) and name the wheel file in the requirements.",
        code="no-hash",
    )


def _place(file: Mapping[str, Any]) -> str:
    url, path = str(file.get("url") or ""), str(file.get("path") or "")
    return url if url.startswith(("https://", "http://")) else path if path.startswith("/") else ""


def hashed_requirements(packages: Iterable[Locked]) -> str:
    """Return packages of a lock as a requirements file with hashes, for those who install with pip."""
    return "".join(f"{package.name}=={package.version} --hash=sha256:{package.digest}\n" for package in packages)


def uv_program() -> str:
    """Return the path of uv, which is one of our dependencies."""
    import uv  # noqa: PLC0415 - only when something is resolved

    return str(uv.find_uv_bin())


def uv_python(target: Target) -> list[str]:
    """Return which interpreter uv asks, so that it need not search this machine for one: that takes longest of all."""
    return ["--python", target.compiler] if target.compiler else []


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
    inputs = [
        sorted(set(lines)),
        target.python,
        str(target.platform),
        sorted(item for item in os.environ.items() if item[0].startswith("UV_") and not item[0].startswith(_HARMLESS)),
        str(relative_to) if _has_paths(lines) else "",
        _contents(lines, relative_to or Path()),
    ]
    path = folder / f"{hashlib.sha256(json.dumps(inputs).encode()).hexdigest()}.toml"
    if path.exists() and not upgrade:
        with contextlib.suppress(UsageError, OSError, ValueError):  # a damaged one is made anew
            lock = Lock.parse(path.read_text())
            report.log(f"Using the lock made before ({len(lines)} requirements, Python {target.python})")
            return lock
    below = relative_to or Path()
    text = _with_paths(_resolve(lines, target, relative_to, report), lambda path: str((below / path).absolute()))
    lock = Lock.parse(text)
    refuse_secrets(lock)
    write_file(path, lock.text.encode())
    return lock


def refuse_secrets(lock: Lock) -> None:
    """Raise `UsageError` when a URL of the lock holds a password: the lock ships in the image (threat T9)."""
    if scrub(lock.text) != lock.text:
        raise UsageError(
            "A requirement's URL holds a password or token, and the lock that names it ships in the image.",
            hint="Keep the password in ~/.netrc (or `uv auth login`), and name the package without it.",
            code="secret-in-lock",
        )


def _contents(lines: Sequence[str], folder: Path) -> list[str]:
    """Return what the files that the lines and uv's own settings name hold, so that a change of them counts."""
    found = []
    for path in (folder / name for name in ("uv.toml", "pyproject.toml", *_words(lines))):
        if path.is_file():
            found.append(hashlib.sha256(path.read_bytes()).hexdigest())
        elif path.is_dir():
            found += sorted(f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in path.iterdir())
    return found


def _words(lines: Sequence[str]) -> list[str]:
    """Return the words of the lines that may name a file or folder."""
    words = {word.removeprefix("file://") for line in lines for word in re.split(r"[\s=]+", line)}
    return sorted(word for word in words if word.strip("./") and len(word) <= NAME_BYTES and "\0" not in word)


def _has_paths(lines: Sequence[str]) -> bool:
    return any(line.startswith((".", "-")) or "/" in line for line in lines)


def _resolve(lines: Sequence[str], target: Target, relative_to: Path | None, report: Reporter) -> str:
    argv = [uv_program(), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--generate-hashes"]
    argv += ["--format", "pylock.toml", "--python-version", target.python, "--python-platform", target.uv_platform]
    argv += [*uv_python(target), "-"]
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
    place = re.search(r"https?://(?:[^/\s]*@)?([^/\s)]+)", text)
    if "401 Unauthorized" in text or "403 Forbidden" in text:
        return Denied(
            f"The package index at {place[1] if place else 'one of the addresses'} wants another password, or any.",
            hint="Write it into UV_INDEX (https://user:password@host/simple) or ~/.netrc, or use `uv auth login`: "
            "one that stood in the requirements is kept nowhere.",
            code="index-denied",
        )
    reason = text.partition("cause:")[2].strip() or text
    reason = reason.replace(", we can conclude that your requirements are unsatisfiable.", ".")
    return BuildFailed(
        f"The requirements cannot be met: {reason[0].lower() + reason[1:] if reason else error.message}",
        step=error.step,
        code="unsatisfiable",
        hint="Check the spelling and the versions; the package must have a release for this Python version.",
    )
