"""Pickles of objects that speak scikit-learn's interface, by the package that their class is of."""

from __future__ import annotations

from jupyter_modelpack.catalog.models.framework import Framework
from jupyter_modelpack.model_kinds.kind import METHODS, Kind

_SCRIPT = "estimator"

OWN = Kind("a class of your own", _SCRIPT, ("numpy", "joblib"), METHODS)
"""Of a class that a notebook or a program defines itself, ``__main__``."""

_WITH_SKLEARN = {"import numpy as np\n": "import numpy as np\nimport sklearn  # which the model's class is made of\n"}
"""XGBoost and LightGBM do not require it themselves, and their pickles need not name it."""

_LIBRARIES = {
    "sklearn": Kind("scikit-learn", _SCRIPT, ("scikit-learn", "joblib"), METHODS, Framework.SCIKITLEARN),
    "imblearn": Kind("imbalanced-learn", _SCRIPT, ("imbalanced-learn", "scikit-learn", "joblib"), METHODS),
    "xgboost": Kind("XGBoost", _SCRIPT, ("xgboost", "scikit-learn", "joblib"), METHODS[:2], words=_WITH_SKLEARN),
    "lightgbm": Kind("LightGBM", _SCRIPT, ("lightgbm", "scikit-learn", "joblib"), METHODS[:2], words=_WITH_SKLEARN),
    "catboost": Kind("CatBoost", _SCRIPT, ("catboost", "joblib"), METHODS[:2]),
    "statsmodels": Kind("statsmodels", _SCRIPT, ("statsmodels", "joblib"), METHODS[:1]),
}
"""By the first part of the module's name."""


def kind_of(module: str) -> Kind | None:
    """Return the kind of an object by the module of its class; None where no such script could serve it."""
    first = module.partition(".")[0]
    return OWN if first == "__main__" else _LIBRARIES.get(first)
