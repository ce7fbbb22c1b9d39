"""Resolve requirements to a lock, by uv.

Locks are cached by their inputs: the same requirements give the same lock until newer ones are asked for.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import tomli_w

from jupyter_modelpack.builder.lock.constraints import constraint_files, fetched_constraints, without_addresses
from jupyter_modelpack.builder.lock.local_projects import as_wheels
from jupyter_modelpack.builder.lock.pylock import (
    Lock,
    refuse_secrets,
    uv_environment,
    uv_program,
    uv_python,
    with_paths,
)
from jupyter_modelpack.builder.lock.required_hashes import hashes_required, refuse_unnamed
from jupyter_modelpack.builder.lock.requirement_line import (
    RequirementLine,
    parse_lines,
    split_extras,
    split_marker,
    trusted_hosts,
)
from jupyter_modelpack.builder.lock.uv_errors import explain
from jupyter_modelpack.builder.run_tool import run_tool
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.errors import BuildFailed, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import NAME_BYTES
from jupyter_modelpack.store.files import temporary_folder, write_file

_HARMLESS = ("UV_CACHE", "UV_CONCURRENT", "UV_HTTP", "UV_NO_PROGRESS", "UV_OFFLINE", "UV_PYTHON", "UV_SYSTEM_CERTS")
"""Prefixes of uv's variables that do not affect its results."""

_AS_ARGUMENTS = {"--no-binary", "--only-binary", "--trusted-host", "--pre", "--require-hashes", "--hash"}
"""Options that uv takes as arguments and ignores in a file, or that are checked here."""


def make_lock(
    requirements: Sequence[str],
    target: BuildTarget,
    folder: Path,
    report: Reporter,
    *,
    relative_to: Path | None = None,
    upgrade: bool = False,
    hashed: bool = False,
    preferred: Sequence[str] = (),
) -> Lock:
    """Resolve `requirements` for an image, or return the cached lock of the same ones.

    Args:
        requirements: Lines of a requirements file, options included.
        target: The image's Python and platform.
        folder: The cache of locks.
        report: For the log.
        relative_to: The folder that relative paths in the lines refer to.
        upgrade: Resolve even if there is a cached lock.
        hashed: Whether each package needs a hash; callers compare them with the lock's.
        preferred: Versions to choose wherever the requirements allow it, as ``name==version``; not for an upgrade.

    Raises:
        BuildFailed: a requirement does not exist or they contradict each other.
        Unavailable: the package index cannot be reached.
    """
    below = relative_to or Path()
    lines = [line.strip() for line in requirements if line.strip() and not line.strip().startswith("#")]
    if hashed or hashes_required(parse_lines(lines)):
        hashed = True
        refuse_unnamed(parse_lines(lines))
    lines = as_wheels(lines, target, folder.parent / "projects", below, report)
    parsed = parse_lines(lines)
    inputs = [
        sorted(set(lines)),
        target.python,
        str(target.platform),
        sorted(item for item in os.environ.items() if item[0].startswith("UV_") and not item[0].startswith(_HARMLESS)),
        str(relative_to) if _has_paths(lines) else "",
        _contents(parsed, below),
        *_order_of_indexes(parsed),
    ]
    path, chosen = _path(folder, inputs), _path(folder, [*inputs, sorted(preferred)] if preferred else inputs)
    if chosen.exists() and not upgrade:
        with contextlib.suppress(UsageError, OSError, ValueError):  # a damaged cache entry is ignored
            lock = Lock.parse(chosen.read_text())
            report.log(f"Using the lock made before ({len(lines)} requirements, Python {target.python})")
            return lock
    text = _resolve(parsed, target, relative_to, folder, report, hashed=hashed, preferred=() if upgrade else preferred)
    lock = Lock.parse(with_paths(text, lambda path: str((below / path).absolute())))
    refuse_secrets(lock)
    if upgrade:
        write_file(path, lock.text.encode())
    if not upgrade or _has(lock, preferred):
        write_file(chosen, lock.text.encode())
    return lock


def _path(folder: Path, inputs: Sequence[object]) -> Path:
    return folder / f"{hashlib.sha256(json.dumps(inputs).encode()).hexdigest()}.toml"


def _has(lock: Lock, pins: Sequence[str]) -> bool:
    """Whether a lock has the version of each pin, of what is in it."""
    wanted = dict(pin.split("==") for pin in pins)
    return all(wanted.get(package.name, package.version) == package.version for package in lock.packages)


def _contents(lines: Sequence[RequirementLine], folder: Path) -> list[str]:
    """Return the content of files that the lines and uv's settings name, as part of the cache key."""
    found = []
    named = [folder / name for name in ("uv.toml", "pyproject.toml", *_places(lines))]
    known = {path.resolve() for path in named}
    for path in (*named, *sorted(path for path in constraint_files(lines, folder) if path not in known)):
        if path.is_file():
            found.append(hashlib.sha256(path.read_bytes()).hexdigest())
        elif path.is_dir():
            found += sorted(f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in path.iterdir())
    return found


def _order_of_indexes(lines: Sequence[RequirementLine]) -> list[list[str]]:
    """Return several indexes in their order, by which uv chooses; nothing for one."""
    found = [value for line in lines for name, value in line.options if name.endswith("index-url")]
    return [found] if len(found) > 1 else []


def _places(lines: Sequence[RequirementLine]) -> list[str]:
    """Return the parts of the lines that may name a file or folder."""
    places = {value for line in lines for name, value in line.options if name in {"--constraint", "--find-links"}}
    places |= {split_extras(split_marker(line.wanted)[0])[0] for line in lines}
    places |= {place.partition(" @ ")[2] for place in places}
    found = {place.removeprefix("file://") for place in places}
    return sorted(one for one in found if one.strip("./") and _may_be(one))


def _may_be(place: str) -> bool:
    return "\0" not in place and all(len(os.fsencode(part)) <= NAME_BYTES for part in place.split("/"))


def _has_paths(lines: Sequence[str]) -> bool:
    return any(line.startswith((".", "-")) or "/" in line for line in lines)


def _resolve(
    lines: Sequence[RequirementLine],
    target: BuildTarget,
    relative_to: Path | None,
    folder: Path,
    report: Reporter,
    *,
    hashed: bool,
    preferred: Sequence[str],
) -> str:
    fetched = fetched_constraints(lines)
    if fetched:
        with temporary_folder(folder.parent) as kept:
            kept.mkdir(exist_ok=True)
            (kept / "constraints.txt").write_text("\n".join(fetched) + "\n")
            here = RequirementLine("", (("--constraint", str(kept / "constraints.txt")),))
            lines = [*without_addresses(lines), here]
            return _resolve(lines, target, relative_to, folder, report, hashed=hashed, preferred=preferred)
    report.log(f"Resolving {len(lines)} requirements for Python {target.python} on {target.platform}")
    _tell_of_indexes(lines, report)
    arguments = ["--python-version", target.python, "--python-platform", target.uv_platform, *uv_python(target)]
    arguments += _arguments(lines)
    compiling = [uv_program(), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--generate-hashes"]
    try:
        if hashed:
            # uv builds source archives while compiling, without checking hashes: this requires every hash first.
            with temporary_folder(folder.parent) as nowhere:
                asking = [uv_program(), "pip", "install", "--dry-run", "--quiet", "--require-hashes"]
                asking += ["--target", str(nowhere), *arguments, "-r", "-"]
                _run(asking, _text(lines, hashed=True), relative_to, report)
            compiling.append("--no-deps")
        argv = [*compiling, "--format", "pylock.toml", *arguments]
        if not preferred:
            return _run([*argv, "-"], _text(lines, hashed=False), relative_to, report)
        with temporary_folder(folder.parent) as kept:
            # uv prefers the versions that the file has, where it is to write.
            kept.mkdir(exist_ok=True)
            written = kept / "pylock.toml"
            written.write_text(_as_lock(preferred))
            _run([*argv, "--output-file", str(written), "-"], _text(lines, hashed=False), relative_to, report)
            below = (relative_to or Path()).absolute()
            return with_paths(written.read_text(), lambda path: os.path.relpath(kept.absolute() / path, below))
    except BuildFailed as error:
        raise explain(error, target.platform) from error


def _as_lock(pins: Sequence[str]) -> str:
    packages = [dict(zip(("name", "version"), pin.split("=="), strict=True)) for pin in pins]
    return tomli_w.dumps({"lock-version": "1.0", "created-by": "jupyter_modelpack", "packages": packages})


def _run(argv: Sequence[str], text: str, folder: Path | None, report: Reporter) -> str:
    step = "Resolving the requirements"
    return run_tool(argv, report, step=step, cwd=folder, env=uv_environment(), text=text)


def _arguments(lines: Sequence[RequirementLine]) -> Iterator[str]:
    for name, value in (option for line in lines for option in line.options):
        if name in {"--no-binary", "--only-binary"}:
            for package in value.split(","):
                yield from (name, package.strip())
        elif name == "--pre":
            yield from ("--prerelease", "allow")
    yield from trusted_hosts(lines)


def _text(lines: Sequence[RequirementLine], *, hashed: bool) -> str:
    """Return the lines as uv's input file: passwords in its arguments could be read by others."""
    main = [value for line in lines for name, value in line.options if name == "--index-url"][-1:]  # as with pip
    written = [f"--index-url {value}" for value in main]
    for line in lines:
        written += [
            f"{name} {value}".strip()
            for name, value in line.options
            if name not in _AS_ARGUMENTS and name != "--index-url"
        ]
        if line.wanted:
            hashes = [f"--hash=sha256:{digest}" for digest in sorted(line.hashes)] if hashed else []
            written.append(" ".join([line.wanted, *hashes]))
    return "\n".join(dict.fromkeys(written)) + "\n"


def _tell_of_indexes(lines: Sequence[RequirementLine], report: Reporter) -> None:
    """Log how uv uses several indexes, since pip does it differently."""
    if os.environ.get("UV_INDEX_STRATEGY", "first-index") != "first-index":
        return
    if any(name == "--extra-index-url" for line in lines for name, _ in line.options):
        report.log(
            "A package is taken from the first index that has its name, those of --extra-index-url before that of "
            "--index-url, so that nobody can offer a package of yours elsewhere; pip takes the highest version of "
            "all. For that, where all of them are trusted: UV_INDEX_STRATEGY=unsafe-best-match in the environment"
        )
