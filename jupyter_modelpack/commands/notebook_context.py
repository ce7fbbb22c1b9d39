"""What a notebook can give to a package beside words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_modelpack.analysis.pickle_names import MainNames

Carry = Callable[[bytes, "MainNames"], tuple[str, tuple[str, ...]]]
"""Makes the module of what a script and its models' pickles use of other cells: text, then what is in it."""


@dataclass(frozen=True, slots=True)
class Notebook:
    """The notebook as it was when its cell began to run.

    Attributes:
        models: By the word of ``--model`` that means a variable, the file it was written to.
        files: Holds these files until it is left.
        carry: Asked once the models are known; an empty text when nothing needs to be carried.
        types: By a column of the sample, the type that JSON loses, as Python writes it.
    """

    models: Mapping[str, Path]
    files: AbstractContextManager[object]
    carry: Carry
    types: Mapping[str, str] = field(default_factory=dict)
