"""A fitted model of the notebook as a file."""

from __future__ import annotations

import importlib
import importlib.util
import pickle  # noqa: TID251 - written here and never read: the object is the kernel's own
import sys
from pathlib import Path
from typing import Any

from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.model_kinds.kind import METHODS

_VERBS = ("predict", "transform", "generate")
"""What makes an object a model, whatever library it is of, beside that it can be called: one is enough."""


def dump(word: str, name: str, value: Any, folder: Path) -> Path:
    """Write `value` into `folder` as ``<name>.pkl``: by joblib where there is one, else by pickle.

    Args:
        word: As it was typed; with an equals sign, any object is taken for a model.
        name: Name of the model.
        value: The variable's value.
        folder: Where the file goes.

    Raises:
        UsageError: it is no model, is not fitted yet, or cannot be pickled.

    """
    if "=" not in word and not _is_model(value):
        raise UsageError(
            f"The variable {word} holds a {type(value).__name__}, which is no model: it has no predict().",
            hint=f"--model {name}={word} takes any object; --model {{{word}}} takes the path it holds.",
            code="not-a-model",
        )
    _check_fitted(word, value)
    path = folder / f"{name}.pkl"
    try:
        if importlib.util.find_spec("joblib"):
            importlib.import_module("joblib").dump(value, path)
        else:
            path.write_bytes(pickle.dumps(value))
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{word} cannot be pickled: {error}", hint=_way_out(word, str(error)), code="not-picklable"
        ) from error
    return path


def method_of(word: str, value: Any, method: str | None) -> str | None:
    """Return the method that a made script calls: the one that was asked for, or what this model has.

    Raises:
        UsageError: the model has no such method.

    """
    if method is None:
        return None if hasattr(value, "predict") or not hasattr(value, "transform") else "transform"
    if not hasattr(value, method):
        has = [name for name in METHODS if hasattr(value, name)]
        raise UsageError(
            f"{word}, a {type(value).__name__}, has no {method}().",
            hint=f"It has {', '.join(has)}: --method {has[0]}" if has else "",
            code="no-such-method",
        )
    return method


def _way_out(word: str, said: str) -> str:
    """Return what helps against an error of pickle's, by what it says."""
    if "not the same object as" in said:
        name = said.rpartition(".")[2]
        return (
            f"The cell that defines {name} was run again after {word} was made: run the cell that makes {word}, "
            "and then this one."
        )
    if "<lambda>" in said or "<locals>" in said:
        return (
            "A lambda, or what a function defines inside itself, has no name that pickle could write: define it by "
            f"def or class at the beginning of a line, make {word} again, and then the package."
        )
    return (
        f"What is open or running (files, locks, connections) is no part of a model: take it out of {word}, or save "
        "the model in its library's own format and give that path: --model PATH."
    )


def _is_model(value: Any) -> bool:
    return not isinstance(value, type) and (callable(value) or any(hasattr(value, verb) for verb in _VERBS))


def _check_fitted(word: str, value: Any) -> None:
    """Ask scikit-learn, if the notebook has loaded it, whether an estimator of its kind is fitted."""
    validation = sys.modules.get("sklearn.utils.validation")
    if validation is None or not hasattr(value, "fit"):
        return
    try:
        validation.check_is_fitted(value)
    except sys.modules["sklearn.exceptions"].NotFittedError as error:
        raise UsageError(
            f"{word} is not fitted yet.", hint=f"Call {word}.fit(...) first.", code="not-fitted"
        ) from error
    except TypeError:  # another library's: it has its own ways
        return
