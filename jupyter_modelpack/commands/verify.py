"""verify: make a package again from what it says it was made of, and compare."""

from __future__ import annotations

import time

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.results import Verified
from jupyter_modelpack.events import Reporter


def verify(
    report: Reporter,
    *,
    build_sources: options.BuildSources = False,
    package: options.Package = None,
    workspace: options.Workspace = None,
) -> Verified:
    """Rebuild a package in a place where nothing is kept from before, compare digests, name what differs.

    Source archives of its lock are built only with `build_sources`: it may be another's package.
    """
    from jupyter_modelpack.builder.verify import verify as rebuild
    from jupyter_modelpack.commands.ensure_image import check_is_image

    started = time.monotonic()
    wanted = lookup.package(lookup.workspace(workspace), package)
    check_is_image(wanted)
    found = rebuild(wanted.image, report, build_sources=build_sources)
    return Verified(
        wanted.location or "", str(found.digest), found.differences, not found.differences, time.monotonic() - started
    )
