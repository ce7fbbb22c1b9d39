"""A kind of model that a made script can serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

METHODS = ("predict", "predict_proba", "decision_function", "transform")
"""What a script may be made to answer by; a kind offers some of these."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind.

    Attributes:
        name: For people: ``scikit-learn``.
        script: Module of `jupyter_modelpack.model_kinds.scripts` that serves it.
        packages: What that script and the model need, by the names on the package index; the first is the framework.
        methods: Which of `METHODS` its models may have; the first is what a script calls where nobody says.
        framework: The word of Azure's for it, or None.
        words: What stands in place of words of that script.
    """

    name: str
    script: str
    packages: tuple[str, ...]
    methods: tuple[str, ...] = ("predict",)
    framework: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Detected:
    """What a model's files turned out to be.

    Attributes:
        kind: Their kind.
        path: Where the file or folder to load lies, below the model's version.
        made_with: Packages that wrote them, by name, with the versions that they name.
        columns: Whether the model knows its columns by name, so that it takes a data frame.
        words: What more stands in place of words of the kind's script.
    """

    kind: Kind
    path: str
    made_with: Mapping[str, str] = field(default_factory=dict)
    columns: bool = False
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The framework's version that wrote the files; empty where they name none."""
        return self.made_with.get(self.kind.packages[0], "")
