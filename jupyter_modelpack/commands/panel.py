"""panel: models, packages, images and services in one place."""

from __future__ import annotations

from jupyter_modelpack.commands import options
from jupyter_modelpack.commands.images import images
from jupyter_modelpack.commands.models import models
from jupyter_modelpack.commands.packages import packages
from jupyter_modelpack.commands.results import Overview
from jupyter_modelpack.commands.services import services
from jupyter_modelpack.events import Reporter


def panel(
    report: Reporter,
    *,
    workspace: options.Workspace = None,
    engine: options.Engine = None,
) -> Overview:
    """Return what a workspace and an engine hold."""
    return Overview(
        models(report, workspace=workspace),
        packages(report, workspace=workspace),
        images(report, workspace=workspace, engine=engine),
        services(report, engine=engine),
    )
