"""base: a base image where no registry can be reached."""

from __future__ import annotations

from typing import Annotated

from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Base
from jupyter_modelpack.events import Reporter


def base(
    report: Reporter,
    *,
    again: Annotated[bool, Option("Make it again from today's packages, even if there is one")] = False,
) -> Base:
    """Make a base image for this Python out of Debian packages; packages use it from then on."""
    from jupyter_modelpack import home
    from jupyter_modelpack.builder.base_image import base_name, debian
    from jupyter_modelpack.oci.manifest import Platform
    from jupyter_modelpack.store.layout import Layout

    python, platform = debian.host_python(), Platform()
    name, cache = base_name.made_name(python, platform), Layout.create(home.cache())
    known = cache.names(name).get(name)
    image = cache.image(known) if known and not again else debian.make_base(python, platform, cache, report)
    return Base(name, image.digest, image.size, python, before=bool(known and not again))
