"""push: send a package to a registry."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Pushed
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter

if TYPE_CHECKING:
    from jupyter_modelpack.api.workspace import Workspace


def push(
    report: Reporter,
    *,
    package: options.Package = None,
    target: Annotated[
        str | None,
        Option(
            "Where to: registry/repository[:tag]; by default, the package's own tag", positional=True, metavar="TARGET"
        ),
    ] = None,
    plain_http: options.PlainHttp = False,
    workspace: options.Workspace = None,
) -> Pushed:
    """Send a package to a registry, with the password that docker login or podman login keeps."""
    from jupyter_modelpack.commands.ensure_image import check_is_image
    from jupyter_modelpack.oci.names import Reference

    started = time.monotonic()
    ws = lookup.workspace(workspace)
    for word in (package, target):
        if word is not None and "://" in word:
            Reference.parse(word)  # which says how a registry's name is written
    if target is None and package is not None and _is_elsewhere(package, ws):
        package, target = None, package
    if target is None and ws.remote is not None:
        wanted = lookup.package(ws, package)
        target, plain_http = f"{ws.remote.address}/{wanted.record.name}", ws.remote.plain_http
    if target is None:
        raise UsageError(
            "push needs to know where to.",
            hint="push [PACKAGE] registry.example.com/team/my-model:1, for example.",
            code="no-target",
        )
    wanted = lookup.package(ws, package)
    check_is_image(wanted)
    name = wanted.push(target, plain_http=plain_http, report=report)
    return Pushed(str(replace(name, digest=None)), str(name.digest), time.monotonic() - started)


def _is_elsewhere(word: str, ws: Workspace) -> bool:
    """Whether a word names a registry that is not the workspace's."""
    from jupyter_modelpack.oci.names import Reference

    if ws.remote and word.startswith(f"{ws.remote.address}/"):
        return False
    try:
        return Reference.parse(word).registry not in {"", ws.endpoint().address}
    except UsageError:  # an image id, or no name at all: the search for the package says so
        return False
