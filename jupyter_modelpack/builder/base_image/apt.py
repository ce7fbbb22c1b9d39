"""Make a base image with more Debian packages, on this machine, without an engine."""

from __future__ import annotations

from jupyter_modelpack.builder.base_image.base_name import MADE, made_name
from jupyter_modelpack.builder.base_image.debian import make_base
from jupyter_modelpack.builder.base_image.resolve import BaseImage, resolve_base, wanted_base
from jupyter_modelpack.builder.recipe import Needs
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.store.layout import Layout


def apt_base(
    needs: Needs, platform: Platform, cache: Layout, report: Reporter, *, fresh: bool = False
) -> BaseImage | None:
    """Return the base image with the Debian packages of `needs`, made if there is none; None where only an engine can.

    Raises:
        BuildFailed: there is no such package, or the Debian mirror is out of reach.
        Unavailable: mmdebstrap is not installed.
    """
    wanted, _ = wanted_base(needs.base, needs.python, platform, cache)
    if needs.needs_engine or not wanted.startswith(MADE):
        return None
    name = made_name(needs.python, platform, needs.apt)
    if fresh or name not in cache.names(name):
        make_base(needs.python, platform, cache, report, needs.apt)
    return resolve_base(name, needs.python, platform, cache, report)
