"""verify: make a package anew from what it says it was made of, and compare."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.commands.ensure_image import check_is_image
from jupyter_modelpack.events import Reporter

if TYPE_CHECKING:
    from jupyter_modelpack.builder.verify import Difference


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of making it anew.

    Attributes:
        reference: The package.
        digest: Of its manifest.
        rows: Inputs that are not what they were; none when the same bytes came out.
        sound: Whether they did.
        seconds: How long it took.
    """

    reference: str
    digest: str
    rows: tuple[Difference, ...]
    sound: bool
    seconds: float


def verify(
    report: Reporter, *, package: str | None = None, build_sources: bool = False, workspace: str | None = None
) -> Verified:
    """Rebuild a package in a place where nothing is kept from before, compare digests, name what differs.

    Source archives of its lock are built only with `build_sources`: it may be another's package.
    """
    from jupyter_modelpack.builder.verify import verify as rebuild  # noqa: PLC0415 - verbs start fast

    started = time.monotonic()
    wanted = lookup.package(lookup.workspace(workspace), package)
    check_is_image(wanted)
    found = rebuild(wanted.image, report, build_sources=build_sources)
    return Verified(
        wanted.location or "", str(found.digest), found.differences, not found.differences, time.monotonic() - started
    )
