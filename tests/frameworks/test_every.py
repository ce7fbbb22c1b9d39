"""Every framework by both engines (`make frameworks`): gigabytes of wheels, and five minutes once they are here."""

import pytest

from tests.frameworks.cases import EVERY
from tests.frameworks.served import ENGINES, check

pytestmark = [pytest.mark.engine, pytest.mark.network]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", EVERY)
def test_it_answers_the_right_numbers_with_no_switch_set(say, case, engine, tmp_path):
    check(say, case, engine, tmp_path)
