"""images: what ``docker images`` shows, with any engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.packages import image_row
from jupyter_modelpack.commands.results import Images
from jupyter_modelpack.events import Reporter

if TYPE_CHECKING:
    from jupyter_modelpack.engine.image_store import ImageRow


def _dated(rows: list[ImageRow], workspace: str | None) -> list[ImageRow]:
    """Give packages the time they were packaged at, which their images do not hold; newest first."""
    from jupyter_modelpack.catalog.package_record import packaged_times

    if not any(row.ours for row in rows):
        return rows
    times = packaged_times(lookup.workspace(workspace).store)
    found = [
        replace(row, created=times.get((row.id, row.tag)) or times.get((row.id, ""), row.created)) if row.ours else row
        for row in rows
    ]
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(found, key=lambda row: row.created or oldest, reverse=True)


def images(
    _report: Reporter,
    *,
    ours: Annotated[bool, Option("Only images that were packaged here")] = False,
    workspace: options.Workspace = None,
    engine: options.Engine = None,
) -> Images:
    """Return the engine's images, packages with the time of packaging; without an engine, the workspace's packages."""
    chosen = lookup.engine(engine)
    if chosen.images is not None:
        rows = _dated(chosen.images.rows(), workspace)
    else:
        packages = lookup.workspace(workspace).packages
        rows = [image_row(package) for package in packages if not package.generate_dockerfile]
    return Images(chosen.name, tuple(row for row in rows if row.ours or not ours))
