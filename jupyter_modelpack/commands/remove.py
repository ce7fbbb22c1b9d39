"""remove: take an image out of the container engine."""

from __future__ import annotations

from typing import Annotated

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Removed
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter


def remove(
    _report: Reporter,
    *,
    image: Annotated[str | None, Option("Name or id of the image", positional=True, metavar="IMAGE")] = None,
    engine: options.Engine = None,
) -> Removed:
    """Remove a name of an image from the engine, as ``docker rmi`` does; the workspace keeps its package.

    Services of ours that have ended, and were made from it, go with the image.
    """
    chosen = lookup.engine(engine)
    if image is None:
        raise UsageError("remove needs the name or the id of an image.", hint="See what there is with: images.")
    if chosen.images is None:
        raise UsageError(
            "The process engine has no images: packages lie in the workspace.", hint="See: packages.", code="no-image"
        )
    return Removed(image, chosen.name, chosen.images.remove(image))
