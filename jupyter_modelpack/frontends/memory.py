"""What a notebook used last, so that the next verb need not name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jupyter_modelpack.commands.parse import Request


class Memory:
    """The last package and the last service of one notebook."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def fill(self, request: Request) -> Request:
        """Return `request` with what was used last where it names nothing."""
        known = {
            name: value
            for name, value in self._last.items()
            if name in request.values and name not in request.given and not self._elsewhere(request.values)
        }
        return replace(request, values={**request.values, **known})

    def learn(self, result: Any) -> None:
        """Take note of a package that was made, a service that was started or ended."""
        from jupyter_modelpack.commands.delete import Deleted  # noqa: PLC0415 - the first panel does not wait for the verbs
        from jupyter_modelpack.commands.kill import Killed  # noqa: PLC0415
        from jupyter_modelpack.commands.package import Packaged  # noqa: PLC0415
        from jupyter_modelpack.commands.run import Running  # noqa: PLC0415

        match result:
            case Packaged():
                self._last["package"] = result.reference
            case Running():
                self._last["service"] = result.service.name
            case Killed():
                self._last.pop("service", None)
            case Deleted(dry_run=False):
                self._forget(result.names)
            case _:
                pass

    def _forget(self, names: Sequence[str]) -> None:
        """Forget what was deleted; a package is kept by its reference, and deleted by its name."""
        for option, known in list(self._last.items()):
            if known in names or known.partition("/")[2] in names:
                del self._last[option]

    @staticmethod
    def _elsewhere(values: Mapping[str, Any]) -> bool:
        """Whether another workspace or engine is meant than the one that was used."""
        return bool(values.get("workspace") or values.get("engine"))
