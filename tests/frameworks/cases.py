"""Scripts that warm their framework up in init(), as people write them, with what they have to answer.

The answers are fixed truths, for a library cannot be the judge of itself: sums that are known, trees that learn a
step and weights that are set by hand.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent / "scripts"


@dataclass(frozen=True)
class Case:
    """One framework: its script, what it needs, what is to come of it.

    Attributes:
        name: Of the script's file, too.
        requirements: As pip writes them.
        answer: To a sample of three rows.
        alone: A part of the log's reason why every worker loads for itself; empty where memory is shared.
        short: Whether `make test` serves it, too; `make frameworks` serves all.
    """

    name: str
    requirements: tuple[str, ...]
    answer: Any
    alone: str = ""
    short: bool = False

    @property
    def script(self) -> Path:
        return SCRIPTS / f"{self.name}.py"


SAMPLE = "[[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]"
"""Three rows of two columns."""

_STEP = [3.0, 7.0, 7.0]
"""What trees have learnt: 3 where the first column is below 0.5, else 7."""

_LINE = [1.0, 3.0, 5.0]
"""Twice the first column and once the second."""

CASES = (
    Case("polars_frame", ("polars<2",), _LINE, alone="polars", short=True),
    Case("numba_parallel", ("numba<1", "numpy<3"), _LINE, alone="numba|workqueue"),
    Case("onnx_parallel", ("onnxruntime<2", "onnx<2"), _LINE, alone="onnxruntime"),
    Case("tensorflow_keras", ("tensorflow-cpu<3",), _LINE, alone="tensorflow"),
    Case("jax_jit", ("jax<1",), _LINE, alone="jax"),
    Case("numpy_only", ("numpy<3",), _LINE),
    Case("sklearn_gradient", ("scikit-learn<2",), _STEP),
    Case("lightgbm_trees", ("lightgbm<5", "scikit-learn<2"), _STEP),
    Case("xgboost_trees", ("xgboost-cpu<4", "scikit-learn<2"), _STEP),
    Case("catboost_trees", ("catboost<2",), _STEP),
    Case("pyarrow_table", ("pyarrow",), _LINE),
    Case("duckdb_query", ("duckdb<2",), _LINE),
    Case("faiss_index", ("faiss-cpu<2",), [0, 1, 2]),
    Case("torch_linear", ("torch==2.13.0", "numpy<3"), _LINE),
    Case("transformers_bert", ("torch==2.13.0", "transformers<6"), [8 * math.tanh(0.5)] * 3),
    Case("spacy_sentences", ("spacy<4",), [1, 2, 2]),
)


EVERY = [pytest.param(case, id=case.name) for case in CASES]
SHORT = [pytest.param(case, id=case.name) for case in CASES if case.short]
