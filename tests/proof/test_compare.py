"""Two answers to one request, compared."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_modelpack.proof.compare import Comparison, compare

NUMBERS = st.integers() | st.floats(allow_nan=True, allow_infinity=True)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=5)
ANSWERS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def said(wanted, given, tolerance: float = 1e-9) -> Comparison:
    return compare(json.dumps(wanted), json.dumps(given), tolerance)


@given(ANSWERS)
def test_an_answer_equals_itself(answer) -> None:
    found = said(answer, answer)
    assert (found.equal, found.largest, found.difference) == (found.rows, 0, "")
    if isinstance(answer, list):
        assert found.rows == len(answer)


@given(ANSWERS, ANSWERS)
def test_a_comparison_goes_either_way(one, other) -> None:
    there, back = said(one, other), said(other, one)
    assert (there.equal, there.largest, bool(there.difference)) == (back.equal, back.largest, bool(back.difference))
    assert bool(there.difference) or there.equal == there.rows


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6), st.data())
def test_one_number_that_differs_is_found_and_measured(numbers, data) -> None:
    where = data.draw(st.integers(0, len(numbers) - 1))
    other = [*numbers]
    other[where] += 1.5
    found = said(numbers, other)
    assert (found.rows, found.equal) == (len(numbers), len(numbers) - 1)
    assert found.largest == pytest.approx(1.5)
    assert found.difference.startswith(f"row {where + 1}: the notebook says ")
    assert said(numbers, other, 2).equal == len(numbers)


@pytest.mark.parametrize(
    ("wanted", "given", "counts", "difference"),
    [
        ([1, 0], [1, 1], (2, 1), "row 2: the notebook says 0, the package 1"),
        ([1], [1.0], (1, 1), ""),
        ([1], [True], (1, 0), "row 1: the notebook says 1, the package true"),
        ([1], ["1"], (1, 0), 'row 1: the notebook says 1, the package "1"'),
        ([None], [0], (1, 0), "row 1: the notebook says null, the package 0"),
        ([1, 2], [1], (2, 1), "the notebook answers 2 rows, the package 1 row"),
        ([], [], (0, 0), ""),
        ([[1, 2], [3, 4]], [[1, 2], [3, 5]], (2, 1), "row 2, element 2: the notebook says 4, the package 5"),
        ([[1, 2]], [[1]], (1, 0), "row 1: the notebook says [1, 2], the package [1]"),
        ([{"a": 1}], [{"b": 1}], (1, 0), 'row 1, "a": the notebook says 1, the package nothing'),
        ({"result": [1, 2], "ok": True}, {"ok": True, "result": [1, 2]}, (2, 2), ""),
        ({"result": [1, 2]}, {"result": [2, 2]}, (2, 1), "row 1: the notebook says 1, the package 2"),
        ({"r": [1], "v": "1.5"}, {"r": [1], "v": "1.9"}, (1, 1), '"v": the notebook says "1.5", the package "1.9"'),
        ({"a": [1], "b": [2]}, {"a": [1], "b": [3]}, (1, 0), '"b", element 1: the notebook says 2, the package 3'),
        ({"r": [1]}, [1], (1, 0), 'the notebook says {"r": [1]}, the package [1]'),
        ("yes", "no", (1, 0), 'the notebook says "yes", the package "no"'),
        (math.nan, math.nan, (1, 1), ""),
        ([math.inf], [math.inf], (1, 1), ""),
        ([math.inf], [-math.inf], (1, 0), "row 1: the notebook says Infinity, the package -Infinity"),
        ([math.nan], [1], (1, 0), "row 1: the notebook says NaN, the package 1"),
        ([10**400], [10**400 + 1], (1, 0), None),
        ("[1, 2]", "[1, 2.0000000001]", (2, 2), ""),  # json.dumps in run()
    ],
)
def test_what_is_equal_and_what_is_said(wanted, given, counts, difference) -> None:
    found = said(wanted, given)
    assert (found.rows, found.equal) == counts
    if difference is not None:
        assert found.difference == difference


def test_the_tolerance_is_absolute_and_by_size() -> None:
    assert said([1e-10, 1e12], [0, 1e12 + 100]).equal == 2
    assert said([1e-8, 1e12], [0, 1e12 + 10_000]).equal == 0
    assert said([1.0], [1.0 + 1e-15], 0).equal == 0


def test_what_is_no_json_is_text() -> None:
    assert compare("plain", "plain") == Comparison(1, 1, 0)
    assert compare("plain", "other").difference == 'the notebook says "plain", the package "other"'
    assert len(compare("a" * 500, "b").difference) < 150


@pytest.mark.parametrize("depth", [500, 3_000, 100_000])
def test_json_of_any_depth_is_compared(depth) -> None:
    deep = "[" * depth + "]" * depth
    assert compare(deep, deep).equal == 1
    assert compare(deep, f"[{deep}]").difference
