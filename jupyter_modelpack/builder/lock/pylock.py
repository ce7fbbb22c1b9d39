"""The environment's lock: every package with its version and hashes, for the image's Python and platform.

It is a standard ``pylock.toml`` (PEP 751); `resolve.py` makes one of requirements.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import tomli_w

from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.redact import scrub

_KINDS = ("wheels", "sdist", "archive")
SHAPE = (AttributeError, KeyError, TypeError, ValueError)
"""What indexing into malformed TOML raises."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock.

    Attributes:
        name: Normalised.
        digest: sha256 hex of the wheel (or source archive) that will be installed; names its layer.
        size: Bytes to download; 0 when the lock does not say.
        wheel: Whether it comes as a wheel; a source archive is built on this machine.
        place: Its URL, or an absolute path; empty when the lock does not name one.
        source: Whether it is built on this machine, which runs its code.
    """

    name: str
    version: str
    digest: str
    size: int
    wheel: bool
    place: str = ""
    source: bool = False


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
        """Return the lock's document with only these packages, without its Python requirement."""
        document = tomllib.loads(self.text)
        return {
            "lock-version": "1.0",
            "created-by": "jupyter_modelpack",
            "packages": [_one_file(entry) for entry in document["packages"] if entry["name"] in names],
        }

    @cached_property
    def shipped(self) -> str:
        """The lock as it goes into images: local files by their name alone."""
        return with_paths(self.text, lambda path: path.rpartition("/")[2])


@lru_cache(maxsize=8)
def _parse(text: str) -> Lock:
    """Parse a lock, cached: it is the slowest step of a build that changes nothing."""
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


def refuse_sources(packages: Iterable[Locked]) -> None:
    """Raise `UsageError` naming the source archives among packages that others have chosen (threat-model.md T4)."""
    named = [f"{package.name} {package.version}" for package in packages if package.source]
    if named:
        raise UsageError(
            f"The lock has source archives ({', '.join(named)}), and building one runs its code on this machine.",
            hint="If you trust the author of the lock, repeat the command with --build-sources.",
            code="builds-sources",
        )


def misshapen(error: Exception) -> UsageError:
    """Return the error for a malformed lock, which may come from another's image."""
    return UsageError(
        f"The lock is not written as PEP 751 says: {error}.",
        hint="Give one that a tool has written, `uv export --format pylock.toml` for example.",
        code="bad-lock",
    )


def with_paths(text: str, change: Callable[[str], str]) -> str:
    """Return a lock with the paths of local files changed; the same text where it names none."""
    if "path" not in text and "file:" not in text and "\\" not in text:  # a key may contain escapes
        return text
    document = tomllib.loads(text)
    files = [file for entry in document.get("packages", []) for file in _files(entry) if _path_of(file)]
    for file in files:
        file["path"] = change(_path_of(file))
        file.pop("url", None)
    return tomli_w.dumps(document) if files else text


def _path_of(file: Mapping[str, Any]) -> str:
    """Return the path of a local file, else an empty text. uv writes paths of a wheelhouse as URLs."""
    url = urlsplit(str(file.get("url", "")))
    return str(file.get("path") or (unquote(url.path) if url.scheme == "file" else ""))


def _files(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the files of a package, best first."""
    found = [*entry.get("wheels", ()), entry.get("sdist"), entry.get("archive")]
    return [file for file in found if isinstance(file, dict)]


def _one_file(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Reduce a package to the one file and hash that names its layer.

    uv takes a file that meets any of several hashes: an index that lists a well-known sha256 beside its own
    file's sha512 would have that file kept as the well-known one (threat-model.md T4).
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
            wheel = kind == "wheels"
            source = not wheel and not _is_wheel(file)
            return Locked(name, version, digest, int(file.get("size") or 0), wheel, _place(file), source)
    origin = entry.get("vcs") or entry.get("directory")
    raise UsageError(
        f"{name}: {'a folder or repository' if origin else 'a package'} without a hash cannot be locked.",
        hint="Build a wheel of it (`python -m build --wheel`) and name the wheel file in the requirements.",
        code="no-hash",
    )


def _is_wheel(file: Mapping[str, Any]) -> bool:
    """Whether an archive is a wheel, wherever uv would take it from; uv locks a wheel that was named by its path so."""
    places = [str(file[key]) for key in ("url", "path") if file.get(key)]
    return bool(places) and all(urlsplit(place).path.endswith(".whl") for place in places)


def _place(file: Mapping[str, Any]) -> str:
    url, path = str(file.get("url") or ""), str(file.get("path") or "")
    return url if url.startswith(("https://", "http://")) else path if path.startswith("/") else ""


def hashed_requirements(packages: Iterable[Locked]) -> str:
    """Return packages of a lock as a requirements file with hashes, for pip."""
    return "".join(f"{package.name}=={package.version} --hash=sha256:{package.digest}\n" for package in packages)


def uv_program() -> str:
    """Return the path of uv, which is one of our dependencies."""
    import uv  # noqa: PLC0415 - only when something is resolved

    return str(uv.find_uv_bin())


def uv_python(target: BuildTarget) -> list[str]:
    """Return the interpreter for uv to use, since its search for one is slow."""
    return ["--python", target.compiler] if target.compiler else []


def uv_environment() -> dict[str, str]:
    """Return the environment uv runs in: the user's, trusting the certificates this machine trusts."""
    environment = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    environment.setdefault("UV_SYSTEM_CERTS", "1")
    environment["UV_NO_PROGRESS"] = "1"
    environment["NO_COLOR"] = "1"
    return environment


def refuse_secrets(lock: Lock) -> None:
    """Raise `UsageError` when a URL of the lock holds a password: the lock ships in the image (threat-model.md T9)."""
    if scrub(lock.text) != lock.text:
        raise UsageError(
            "A requirement's URL holds a password or token, and the lock that names it ships in the image.",
            hint="Keep the password in ~/.netrc (or `uv auth login`), and name the package without it.",
            code="secret-in-lock",
        )
