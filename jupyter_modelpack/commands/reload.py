"""reload: a newer script in a running service, without a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.results import Reloaded
from jupyter_modelpack.errors import Conflict, NotFound
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import DIGEST_LABEL

if TYPE_CHECKING:
    from jupyter_modelpack.api.package import ModelPackage
    from jupyter_modelpack.api.workspace import Workspace
    from jupyter_modelpack.engine.base import Engine, Service


def reload(
    report: Reporter,
    *,
    package: options.Package = None,
    timeout: options.ReadyIn = 120,
    service: options.ServiceFlag = None,
    workspace: options.Workspace = None,
    engine: options.Engine = None,
) -> Reloaded:
    """Let a service that was run with --watch serve the script of a newer package of its image."""
    chosen, ws = lookup.engine(engine), lookup.workspace(workspace)
    found = lookup.service(chosen, service, workspace)
    wanted = lookup.package(ws, package) if package else _newest(ws, found)
    return reload_with(wanted, chosen, found, report, timeout)


def reload_with(
    wanted: ModelPackage, chosen: Engine, service: Service, report: Reporter, timeout: int = 120
) -> Reloaded:
    """Let `service` serve the script of `wanted`; the files are those of the package, so it runs what is packaged."""
    from jupyter_modelpack.api.package import ModelPackage
    from jupyter_modelpack.builder.script_diff import newer_script
    from jupyter_modelpack.commands.ensure_image import check_is_image
    from jupyter_modelpack.engine.reload import MORE
    from jupyter_modelpack.engine.reload import reload as lay_over

    check_is_image(wanted)
    try:
        running = ModelPackage.get(wanted.workspace, service.labels.get(DIGEST_LABEL, ""))
    except NotFound as error:
        raise Conflict(
            f"{service.name} runs a package that this workspace does not hold any more.",
            hint="Start it again with: run --replace --watch.",
            code=MORE,
        ) from error
    files = newer_script(running.image, wanted.image)
    digest = str(wanted.digest)
    seconds = lay_over(chosen, service, digest.replace(":", "-"), files, report, timeout)
    return Reloaded(service, wanted.location or "", digest, seconds)


def _newest(ws: Workspace, service: Service) -> ModelPackage:
    """Return the newest package that has the name of the service's image."""
    name = repository(service.image)
    for one in ws.packages:
        if not one.generate_dockerfile and repository(one.location or "") == name:
            return one
    raise NotFound(f"This workspace holds no package of {name}.", hint="See: packages.", code="no-package")


def repository(reference: str) -> str:
    """Return a reference without its tag and digest."""
    return reference.partition("@")[0].rpartition(":")[0]
