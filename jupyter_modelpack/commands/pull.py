"""pull: put a package into the container engine."""

from __future__ import annotations

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.commands.ensure_image import check_is_image, hand_over
from jupyter_modelpack.commands.results import Pulled
from jupyter_modelpack.events import Reporter


def pull(
    report: Reporter, *, package: str | None = None, workspace: str | None = None, engine: str | None = None
) -> Pulled:
    """Put a package into the container engine, under its own name."""
    chosen = lookup.engine(engine)
    wanted = lookup.package(lookup.workspace(workspace), package)
    check_is_image(wanted)
    return Pulled(hand_over(wanted, chosen, report), chosen.name if chosen.images is not None else "")
