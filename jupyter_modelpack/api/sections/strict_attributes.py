"""Settings whose names cannot be misspelt.

azure-differences.md 5: ``env.dokcer.base_image = ...`` must not pass in silence.
"""

from __future__ import annotations

import difflib


class Section:
    """Only attributes that the class declares, by annotation or property, can be set."""

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_") and name not in self._declared():
            raise AttributeError(f"{type(self)} has no attribute {name}{_near(name, self._declared())}")
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> object:
        raise AttributeError(f"{type(self)} has no attribute {name}{_near(name, self._declared())}")

    @classmethod
    def _declared(cls) -> set[str]:
        declared: set[str] = set()
        for base in cls.__mro__:
            declared.update(getattr(base, "__annotations__", ()))
            declared.update(name for name, value in vars(base).items() if isinstance(value, property))
        return declared


def _near(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), 1)
    return f"; did you mean {close[0]}?" if close else ""
