"""A library that a model's file says it was made with, and what other versions of that library may do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

Rule = Literal["same", "not-newer", "within", "told"]
"""Which versions of the library a file asks for.

``same``: of the same release but for its last number. A pickle is the state of a library's objects: to load one with
another scikit-learn is "entirely unsupported and inadvisable" in its words, and XGBoost guarantees nothing for pickles
either. Their bug-fix releases (1.5.1 to 1.5.2) change no estimator's state on purpose, so such a difference is told
and no error, though scikit-learn warns of it too.
``not-newer``: that version or a newer one, for formats that newer libraries read (XGBoost's JSON, CatBoost's, Keras's).
``within``: what a specifier allows, in place of a version.
``told``: any; a difference is worth a line.
"""

Verdict = Literal["fits", "told", "drifts"]

DISTRIBUTIONS = {"xgboost": ("xgboost", "xgboost-cpu"), "keras": ("keras", "tf-keras")}
"""Packages that bring a library, where there are several."""


@dataclass(frozen=True, slots=True, order=True)
class Made:
    """One library that one file names.

    Attributes:
        library: Its name on a package index.
        version: The version that made the file, of the rule ``within`` a specifier; empty where the file says none.
        rule: Which versions it asks for.
        what: Class of the object that it holds; empty where that is not told.
        imports: Whether loading the file imports the library.
    """

    library: str
    version: str
    rule: Rule
    what: str = ""
    imports: bool = False

    def __str__(self) -> str:
        return f"{self.library} {self.version}".rstrip() + (f" ({self.what})" if self.what else "")

    def verdict(self, other: str) -> Verdict:
        """Return what another version of the library is for this file."""
        try:
            there = Version(other)
            if self.rule == "within":
                return "fits" if SpecifierSet(self.version).contains(there, prereleases=True) else "drifts"
            here = Version(self.version)
        except (InvalidVersion, InvalidSpecifier):  # of a fork or a nightly build, or none at all
            return "fits"
        mine, its = (here.epoch, *_minor(here)), (there.epoch, *_minor(there))
        if (self.rule == "same" and mine != its) or (self.rule == "not-newer" and mine > its):
            return "drifts"
        return "fits" if here.public == there.public else "told"


def _minor(version: Version) -> tuple[int, int]:
    return version.major, version.minor
