"""What a notebook used last, so that the next verb need not name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_modelpack import opened
from jupyter_modelpack.commands.grammar.parse import VerbCall
from jupyter_modelpack.commands.results import Deleted, Killed, Packaged, Running


@dataclass(frozen=True, slots=True)
class _Used:
    """Something that was used.

    Attributes:
        value: Its name.
        target: The workspace and the engine that have it.
        opened: The workspace that the notebook's code had opened last by then.
    """

    value: str
    target: Mapping[str, Any]
    opened: Path | None


class LastUsed:
    """The last package and the last service of one notebook."""

    def __init__(self) -> None:
        self._last: dict[str, _Used] = {}

    def fill(self, request: VerbCall) -> VerbCall:
        """Return `request` with what was used last where it names nothing, and with where that is.

        Where no workspace is named, it is the one that the notebook's code made or opened last.
        """
        values = dict(request.values)
        for option, used in self._last.items():
            if option in values and option not in request.given and self._is_meant(option, used, request.values):
                values |= {option: used.value, **{name: used.target[name] for name in used.target if name in values}}
        last = opened.last()
        if last is not None and values.get("workspace", "") is None:
            values["workspace"] = str(last)
        return replace(request, values=values)

    def learn(self, result: Any, target: Mapping[str, Any]) -> None:
        """Take note of a package that was made, a service that was started or ended, there."""
        place = {"workspace": target.get("workspace")}
        match result:
            case Packaged():
                self._last["package"] = _Used(result.reference, place, opened.last())
            case Running(service=service):
                self._last["service"] = _Used(service.name, {**place, "engine": service.engine}, opened.last())
            case Killed():
                self._last.pop("service", None)
            case Deleted(dry_run=False):
                self._forget(result.names)
            case _:
                pass

    def _forget(self, names: Sequence[str]) -> None:
        """Forget what was deleted; a package is kept by its reference, and deleted by its name."""
        for option, used in list(self._last.items()):
            if used.value in names or used.value.partition("/")[2] in names:
                del self._last[option]

    @staticmethod
    def _is_meant(option: str, used: _Used, values: Mapping[str, Any]) -> bool:
        """Whether the verb is said of the workspace and the engine that were used then.

        A service is found wherever it runs. The packages of another workspace are not meant any more as soon as one
        was opened.
        """
        if option == "package" and used.opened != opened.last():
            return False
        return all(values.get(name) in {None, place} for name, place in used.target.items())
