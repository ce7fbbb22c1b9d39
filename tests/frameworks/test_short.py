"""polars, for all frameworks with threads that no fork copies: the form that `make test` has time for."""

import pytest

from tests.frameworks.cases import SHORT
from tests.frameworks.served import ENGINES, check

pytestmark = [pytest.mark.engine, pytest.mark.network]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", SHORT)
def test_it_answers_the_right_numbers_with_no_switch_set(say, case, engine, tmp_path):
    check(say, case, engine, tmp_path)
