"""Make the image config: what a container of the image runs, and as which user.

Source: OCI image specification 1.1, config.md; ``Healthcheck`` is Docker's addition to it. Nothing
in here comes from the clock, the host or the user who builds.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from jupyter_modelpack import _version
from jupyter_modelpack.builder.base_image.resolve import BaseImage
from jupyter_modelpack.builder.dockerfile.text import command
from jupyter_modelpack.builder.recipe import LayerNote, Recipe
from jupyter_modelpack.builder.source_date import source_date
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.image_contract import (
    APP_ROOT,
    ENV_DIR,
    HOST_VARIABLE,
    IMAGE_PORT,
    LOCK_LABEL,
    MODELS_LABEL,
    NAME_LABEL,
    PORT_VARIABLE,
    PYTHON_LABEL,
    SAMPLE_LABEL,
    SAMPLE_VARIABLE,
    SERVER,
    USER,
    USER_NAME,
    USES_BASE_LABEL,
    VERSION_LABEL,
)
from jupyter_modelpack.oci.digest import Digest

_VARIABLE_BYTES = 32 << 10
"""Size of the largest sample that also goes into the environment, where Linux allows 128 KiB a variable."""

_SECOND = 1_000_000_000  # Docker's Healthcheck counts nanoseconds


_HEALTH = {"Interval": 10, "Timeout": 5, "StartPeriod": 60}
_RETRIES = 3


def image_config(
    recipe: Recipe,
    base: BaseImage,
    target: BuildTarget,
    notes: Sequence[LayerNote],
    variables: Mapping[str, str],
    lock: str,
) -> dict[str, Any]:
    """Return the config of an image made of `base` and the layers in `notes`."""
    below = base.image.config()
    created = _created(recipe, below).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "architecture": below.get("architecture") or recipe.platform.architecture,
        "os": below.get("os") or recipe.platform.os,
        **({"variant": below["variant"]} if below.get("variant") else {}),
        "created": created,
        "config": {
            "User": USER,
            "ExposedPorts": {f"{IMAGE_PORT}/tcp": {}},
            "Env": [
                f"{name}={value}" for name, value in environment_of(recipe, variables, base.image.variables()).items()
            ],
            "Entrypoint": [f"{ENV_DIR}/bin/python", "-m", SERVER],
            "WorkingDir": APP_ROOT,
            "Labels": {**base.image.labels(), **_labels(recipe, base, target, lock)},
            "StopSignal": "SIGTERM",
            "Healthcheck": {
                "Test": ["CMD", *_health_command(target)],
                **{name: seconds * _SECOND for name, seconds in _HEALTH.items()},
                "Retries": _RETRIES,
            },
        },
        "rootfs": {
            "type": "layers",
            "diff_ids": [*base.image.diff_ids(), *(note.digest for note in notes)],
        },
        "history": [
            *(below.get("history") or [{"created_by": "base image"} for _ in base.image.manifest.layers]),
            *({"created": created, "created_by": f"modelpack: {note.title}"} for note in notes),
        ],
    }


def _created(recipe: Recipe, below: Mapping[str, Any]) -> dt.datetime:
    """Return the time that the user named, else the base image's; the time of packaging is no part of an image."""
    created = recipe.created or source_date()
    if created:
        return created
    with contextlib.suppress(ValueError, OverflowError):  # a base image need not have a time
        found = dt.datetime.fromisoformat(str(below.get("created")))
        # Without a time zone it would differ between machines.
        return found.astimezone(dt.UTC) if found.tzinfo else found.replace(tzinfo=dt.UTC)
    return dt.datetime(1980, 1, 2, tzinfo=dt.UTC)


def health_check(target: BuildTarget) -> str:
    """Return a Dockerfile instruction equivalent to the image's health check."""
    times = zip(("interval", "timeout", "start-period"), _HEALTH.values(), strict=True)
    given = " ".join(f"--{name}={seconds}s" for name, seconds in times)
    return f"HEALTHCHECK {given} --retries={_RETRIES} {command('CMD', _health_command(target))}"


def _health_command(target: BuildTarget) -> list[str]:
    return [f"{ENV_DIR}/bin/python", "-I", "-S", f"/{target.site_packages}/{SERVER}/healthcheck.py"]


def environment_of(
    recipe: Recipe, variables: Mapping[str, str], inherited: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Return the variables of an image whose base has those `inherited`."""
    path = inherited.get("PATH", "/usr/local/bin:/usr/bin:/bin")
    return {
        **inherited,
        "PATH": f"{ENV_DIR}/bin:{path}",
        "VIRTUAL_ENV": ENV_DIR,
        # The user has no entry in /etc/passwd and the root file system may be read-only.
        "HOME": "/tmp",  # noqa: S108
        "USER": USER_NAME,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        HOST_VARIABLE: "0.0.0.0",  # noqa: S104 - inside a container, which publishes what its user asks for
        PORT_VARIABLE: str(IMAGE_PORT),
        **_sample(recipe),
        **recipe.needs.variables,
        **variables,
    }


def _sample(recipe: Recipe) -> dict[str, str]:
    """Pass the sample to the server, which describes the service by it."""
    sample = recipe.labels.get(SAMPLE_LABEL, "")
    return {SAMPLE_VARIABLE: sample} if sample and len(sample.encode()) <= _VARIABLE_BYTES else {}


def _labels(recipe: Recipe, base: BaseImage, target: BuildTarget, lock: str) -> dict[str, str]:
    return {
        "org.opencontainers.image.title": recipe.name,
        # A path would reveal the builder's folders, and differ between machines.
        **({"org.opencontainers.image.base.name": base.reference} if base.reference else {}),
        "org.opencontainers.image.base.digest": base.image.digest,
        NAME_LABEL: recipe.name,
        MODELS_LABEL: ",".join(f"{model.name}:{model.version}" for model in recipe.models),
        PYTHON_LABEL: target.python,
        LOCK_LABEL: Digest.of(lock.encode()),
        **({USES_BASE_LABEL: "true"} if recipe.needs.uses_base or recipe.needs.needs_engine else {}),
        VERSION_LABEL: _version.__version__,
        **recipe.labels,
    }
