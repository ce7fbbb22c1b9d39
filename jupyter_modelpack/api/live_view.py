"""What a notebook shows of a build that is waited for, in place of its lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from jupyter_modelpack.events import Reporter


class LiveView(Protocol):
    """A view of one build."""

    report: Reporter
    """Told about the build; may cancel it."""

    def end(self) -> None:
        """Show how the build ended."""
        ...


def no_live_view(_package: Any) -> LiveView | None:
    """Show lines."""
    return None


open_live_view: Callable[[Any], LiveView | None] = no_live_view
"""Opens the view of a `ModelPackage`; a notebook's front end puts its own here, since `api` must not know it."""
