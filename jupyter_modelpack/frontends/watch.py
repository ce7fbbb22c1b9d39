"""A service that follows its cell: packaged again, it is swapped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jupyter_modelpack.commands import perform
from jupyter_modelpack.commands.kill import Killed
from jupyter_modelpack.commands.package import Packaged
from jupyter_modelpack.commands.parse import Request
from jupyter_modelpack.commands.run import Running
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends import human


class Watch:
    """The one service of a notebook that was started with ``--watch``."""

    def __init__(self) -> None:
        self._request: Request | None = None
        self._service = ""
        self._repository = ""

    def learn(self, request: Request, result: Any) -> None:
        """Take note of a service that was started to be watched, or that was ended."""
        match result:
            case Running(service=service) if request.skin.get("watch"):
                # The same name, port and variables again, whatever the last cells use.
                values = {**request.values, "name": service.name, "port": service.port, "replace": True}
                self._request = replace(request, values=values)
                self._service, self._repository = service.name, _repository(service.image)
            case Running(service=service) | Killed(service=service) if service.name == self._service:
                self._request = None
            case _:
                pass

    def follow(self, result: Any, report: Reporter, learn: Callable[[Any], None]) -> None:
        """Swap the watched service when `result` is a newer package of its image; `learn` hears of it.

        The old one ends before the new one starts, since both have one name and one port: what is asked
        in between is refused, and a script that does not start leaves no service.
        """
        request = self._request
        if request is None or not isinstance(result, Packaged) or result.dockerfile:
            return
        if _repository(result.reference) != self._repository:
            return
        running = perform(replace(request, values={**request.values, "package": result.reference}), report)
        learn(running)
        report.log(f"{running.service.name} was swapped and answers after {human.seconds(running.seconds)}")


def _repository(reference: str) -> str:
    return reference.partition("@")[0].rpartition(":")[0]
