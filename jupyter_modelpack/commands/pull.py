"""pull: put a package into the container engine."""

from __future__ import annotations

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.results import Pulled
from jupyter_modelpack.events import Reporter


def pull(
    report: Reporter,
    *,
    package: options.Package = None,
    workspace: options.Workspace = None,
    engine: options.Engine = None,
) -> Pulled:
    """Put a package into the container engine, under its own name."""
    from jupyter_modelpack.commands.ensure_image import check_is_image, hand_over

    chosen = lookup.engine(engine)
    wanted = lookup.package(lookup.workspace(workspace), package)
    check_is_image(wanted)
    return Pulled(hand_over(wanted, chosen, report), chosen.name if chosen.images is not None else "")
