"""Whether a key or token would ship: in the source folder, the script, what is carried, the sample, a variable."""

from __future__ import annotations

import io
import os
import shlex
from collections.abc import Collection, Mapping
from contextlib import closing
from types import MappingProxyType

from jupyter_modelpack.analysis.secret_free_files import Searched
from jupyter_modelpack.builder.app_layer import AppFile, app_files, open_app_file
from jupyter_modelpack.builder.context.secret_text import Found, bound_of, find_secret
from jupyter_modelpack.builder.recipe import AppSource
from jupyter_modelpack.errors import UsageError

SAMPLE = "sample"


def check(source: AppSource, sample: str | None = None, variables: Mapping[str, str] = MappingProxyType({})) -> None:
    """Raise `UsageError` naming place and rule of the first secret in what ships, and never the secret itself.

    Of a folder, files are passed over that were searched before and have not changed since.

    Args:
        source: The script and what ships with it.
        sample: Kept in a label of the image.
        variables: Environment variables that the image sets.

    """
    for name, value in variables.items():
        if name not in source.allowed and (found := _in_bytes(name, value.encode(errors="surrogateescape"))):
            raise _refused_variable(name, found)
    if sample and not _may_ship(SAMPLE, source.allowed) and (found := _in_bytes(SAMPLE, sample.encode())):
        raise _refused(SAMPLE, found)
    searched = Searched(source.folder) if source.folder else None
    for file in app_files(source):
        name = _name(file)
        if not _may_ship(name, source.allowed) and (found := _in_file(name, file, searched)):
            if searched:
                searched.keep(whole=False)
            raise _refused(name, found)
    if searched:
        searched.keep(whole=True)


def _in_file(name: str, file: AppFile, searched: Searched | None) -> Found | None:
    if isinstance(file.content, bytes):
        return _in_bytes(name, file.content)
    remembered = searched if file.root else None
    if remembered and remembered.is_clean(name, file.content):
        return None
    stream, _ = open_app_file(file)
    with closing(stream):
        before = os.fstat(stream.fileno())
        found = find_secret(stream.read, bound_of(name))
        if remembered and not found:
            remembered.add(name, before, os.fstat(stream.fileno()))
    return found


def _in_bytes(name: str, content: bytes) -> Found | None:
    return find_secret(io.BytesIO(content).read, bound_of(name))


def _may_ship(name: str, allowed: Collection[str]) -> bool:
    return name in allowed or name.rpartition("/")[2] in allowed


def _refused(name: str, found: Found) -> UsageError:
    return UsageError(
        f"{name}, line {found.line}: holds what looks like a secret ({found.rule}), and would ship.",
        hint="Take it out: let the script read it from os.environ, and give it to the service with run "
        f"--env-var. If it may be public: --allow-secret {shlex.quote(name)}; in Python, "
        f"inference_config.allow_secrets = [{name!r}].",
        code="secret-in-source",
    )


def _refused_variable(name: str, found: Found) -> UsageError:
    return UsageError(
        f"The environment variable {name} holds what looks like a secret ({found.rule}), and would ship in the image.",
        hint=f"Leave it out here, and give it to the service: run --env-var {shlex.quote(name)}=... "
        f"If it may be public: --allow-secret {shlex.quote(name)}; in Python, "
        f"inference_config.allow_secrets = [{name!r}].",
        code="secret-in-variable",
    )


def _name(file: AppFile) -> str:
    """Return the path below the folder that was named, as people know it."""
    return file.path.partition("/")[2] if file.root else file.path
