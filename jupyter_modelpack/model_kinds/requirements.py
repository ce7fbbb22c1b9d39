"""What a made script and its model need that a Python does not have, as requirement lines.

What it has is captured from the script's imports and the model's pickles (capture/).
"""

from __future__ import annotations

from jupyter_modelpack.capture.distributions import Distributions
from jupyter_modelpack.model_kinds.kind import Detected

_MODULES = {"scikit-learn": "sklearn", "imbalanced-learn": "imblearn"}
"""By the name of a package, that of its module where it is another."""


def requirements_of(found: Detected, here: Distributions) -> tuple[str, ...]:
    """Return a line for each package whose module `here` lacks, with the version that the model's file names."""
    needed = (*found.kind.packages, *found.made_with, *(("pandas",) if found.columns else ()))
    modules = {name: _MODULES.get(name, name) for name in dict.fromkeys(needed)}
    has = here.owners(modules.values())
    versions = found.made_with
    return tuple(
        f"{name}=={versions[name]}" if name in versions else name
        for name, module in modules.items()
        if module not in has
    )
