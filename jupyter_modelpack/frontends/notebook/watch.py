"""A service that follows its cell: packaged again, it serves the new script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.commands import lookup, perform
from jupyter_modelpack.commands.grammar.parse import VerbCall
from jupyter_modelpack.commands.reload import reload_with, repository
from jupyter_modelpack.commands.results import Killed, Packaged, Running
from jupyter_modelpack.engine.base import Engine, Service
from jupyter_modelpack.engine.reload import MORE
from jupyter_modelpack.errors import Conflict, NotFound
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends.render import humanize
from jupyter_modelpack.image_contract import KEYS_VARIABLE

if TYPE_CHECKING:
    from jupyter_modelpack.api.package import ModelPackage


class Watch:
    """The one service of a notebook that was started with ``--watch``."""

    def __init__(self) -> None:
        self._request: VerbCall | None = None
        self._service = ""
        self._repository = ""
        self._served = ""
        self._engine: Engine | None = None  # kept: connecting takes as long as packaging a script

    def learn(self, request: VerbCall, result: Any) -> None:
        """Take note of a service that was started to be watched, or that was ended."""
        match result:
            case Running(service=service) if request.values.get("watch"):
                # The same name, port and variables again, whatever the last cells use.
                values = {**request.values, "name": service.name, "port": service.port, "replace": True}
                if result.keys:
                    values["env_var"] = (*values["env_var"], f"{KEYS_VARIABLE}={','.join(result.keys)}")
                self._request, self._engine = replace(request, values=values), None
                self._service, self._repository = service.name, repository(service.image)
            case Running(service=service) | Killed(service=service) if service.name == self._service:
                self._request = None
            case _:
                pass

    def hurried(self, request: VerbCall) -> VerbCall:
        """Leave the proof out where the service is to serve an edit at once, unless the proof was asked for."""
        values = request.values
        awaited = self._request is not None and self._repository.endswith(f"/{values['name'] or 'package'}")
        return replace(request, values={**values, "no_prove": True}) if awaited and not values["prove"] else request

    def reload(self, package: ModelPackage, report: Reporter) -> None:
        """Let the service serve the script of `package`, which no engine has yet; leave it where that is not enough."""
        request = self._request
        if request is None or package.generate_dockerfile or repository(package.location or "") != self._repository:
            return
        engine = self._engine or lookup.engine(request.values["engine"])
        self._engine = None
        service = self._running(engine)
        if service is None:
            self._request = None
            report.log(f"{self._service} runs no more, so nothing is reloaded.")
            return
        try:
            done = reload_with(package, engine, service, report, request.values["timeout"])
            self._engine = engine
        except Conflict as error:
            if error.code != MORE:
                raise
            report.log(f"{error.message} {self._service} is swapped.")
        else:
            self._served = done.reference
            report.log(f"{self._service} serves the new script after {humanize.seconds(done.seconds)}")

    def _running(self, engine: Engine) -> Service | None:
        """Return the service; None when it was ended elsewhere: in a panel, in a shell."""
        try:
            service = engine.find(self._service)
        except NotFound:
            return None
        return None if service.ended else service

    def follow(self, result: Any, report: Reporter, learn: Callable[[Any, Mapping[str, Any]], None]) -> None:
        """Swap the service where a newer package of its image has more that is new than the script.

        The old one ends before the new one starts, since both have one name and one port: what is asked
        in between is refused, and a script that does not start leaves no service.
        """
        request = self._request
        if request is None or not isinstance(result, Packaged) or result.dockerfile:
            return
        if repository(result.reference) != self._repository or result.reference == self._served:
            return
        running = perform(replace(request, values={**request.values, "package": result.reference}), report)
        learn(running, request.values)
        report.log(f"{running.service.name} was swapped and answers after {humanize.seconds(running.seconds)}")
