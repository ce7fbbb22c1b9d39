"""Determine the lock of a recipe: its own, or one made from its requirements.

A given lock may be for many platforms, as PEP 751 allows; what the image does not need is left out, so
that the same packages give the same image, however they were locked.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w
from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jupyter_modelpack.builder.lock.constraints import constraint_lines
from jupyter_modelpack.builder.lock.pylock import SHAPE, Lock, misshapen
from jupyter_modelpack.builder.lock.required_hashes import check_hashes, hashes_required, server_pins, with_constraints
from jupyter_modelpack.builder.lock.requirement_line import parse_lines, take_apart
from jupyter_modelpack.builder.lock.resolve import make_lock
from jupyter_modelpack.builder.recipe import Recipe
from jupyter_modelpack.builder.server_layer import server_requirements
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels.wheel_tags import target_tags, wheel_tags
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter

_AGAIN = "Leave the lock out, or lock again with all that is required."


def recipe_lock(recipe: Recipe, target: BuildTarget, folder: Path, report: Reporter) -> Lock:
    """Return the lock of the image of `recipe`; `folder` caches locks.

    Raises:
        UsageError: the recipe's lock is malformed, or does not fit requirements or platform.
        Untrusted: a package's file is not one that a ``--hash`` of the requirements allows.
        BuildFailed: the requirements cannot be met.
        Unavailable: the package index cannot be reached.
    """
    requirements_dir = recipe.needs.requirements_dir
    given = list(recipe.needs.requirements)
    constraints = list(constraint_lines(given, requirements_dir or Path()))
    constrained = [*given, *constraints]
    hashed = hashes_required(parse_lines(constrained))
    servers = server_pins(given, constraints) if hashed else server_requirements()
    for line, reason in recipe.needs.captured:
        report.log(f"Captured from this Python: {line} ({reason})")
    if recipe.lock:
        lock = _read(recipe.lock, target)
        _check(lock, [*given, *servers])
        report.log(f"Using the lock given ({len(lock.packages)} packages)")
    else:
        wanted = [*with_constraints(given, constraints), *servers] if hashed else [*given, *servers]
        lock = make_lock(
            wanted,
            target,
            folder,
            report,
            relative_to=requirements_dir,
            upgrade=recipe.upgrade,
            hashed=hashed,
            preferred=recipe.needs.kernel.preferred,
        )
    if other := recipe.needs.kernel.differences(lock):
        report.log(f"Other versions than in this Python: {', '.join(other)}")
    # Each time: the lock may be cached, from elsewhere, or of an index that has changed since.
    check_hashes(lock, [*constrained, *servers], _environment(target), all_of=hashed)
    return lock


def _read(text: str, target: BuildTarget) -> Lock:
    try:
        return Lock.parse(_narrowed(text, target))
    except SHAPE as error:
        raise misshapen(error) from error


def _narrowed(text: str, target: BuildTarget) -> str:
    """Leave out packages and wheels for other platforms; return a lock that needs nothing left out unchanged."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"The lock is not TOML: {error}.") from error
    if document.get("lock-version") != "1.0" or not isinstance(document.get("packages"), list):
        raise UsageError("The lock is not a pylock.toml of version 1.0 (PEP 751).", code="bad-lock")
    environment = _environment(target)
    packages = [
        _fitting(entry, target)
        for entry in document["packages"]
        if "marker" not in entry or Marker(entry["marker"]).evaluate(environment)
    ]
    return text if packages == document["packages"] else tomli_w.dumps({**document, "packages": packages})


def _environment(target: BuildTarget) -> dict[str, str]:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}[target.platform.architecture]
    return {
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "python_version": target.python,
        "python_full_version": f"{target.python}.0",
        "implementation_version": f"{target.python}.0",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": machine,
        "platform_release": "",
        "platform_version": "",
    }


def _fitting(entry: Mapping[str, Any], target: BuildTarget) -> dict[str, Any]:
    wheels = entry.get("wheels") or []
    if len(wheels) < 2:
        return dict(entry)
    rank = {tag: number for number, tag in enumerate(target_tags(target))}
    tags = ((wheel, wheel_tags(_place(wheel))) for wheel in wheels)
    found = [(min((rank[tag] for tag in fits if tag in rank), default=-1), wheel) for wheel, fits in tags]
    fitting = [(best, wheel) for best, wheel in found if best >= 0]
    if fitting:
        return {**entry, "wheels": [min(fitting, key=lambda pair: pair[0])[1]]}
    if "sdist" in entry:
        return {key: value for key, value in entry.items() if key != "wheels"}
    raise UsageError(
        f"{entry.get('name')} {entry.get('version')}: the lock has no wheel for Python {target.python} on "
        f"{target.platform}.",
        code="no-wheel",
    )


def _place(wheel: Mapping[str, Any]) -> str:
    return str(wheel.get("name") or wheel.get("path") or wheel.get("url", ""))


def _check(lock: Lock, requirements: list[str]) -> None:
    """Raise `UsageError` naming the first requirement that the lock does not meet."""
    versions = {canonicalize_name(package.name): package.version for package in lock.packages}
    for line in requirements:
        try:
            wanted = Requirement(take_apart(line).wanted)
        except InvalidRequirement:  # an option or a path, which uv has checked
            continue
        found = versions.get(canonicalize_name(wanted.name))
        if found is None:
            raise UsageError(f"The lock does not have {wanted.name}, which is required.", hint=_AGAIN, code="bad-lock")
        if not wanted.specifier.contains(found, prereleases=True):
            raise UsageError(
                f"The lock has {wanted.name} {found}, where {line} is required.", hint=_AGAIN, code="bad-lock"
            )
