"""SOURCE_DATE_EPOCH, right and wrong."""

import datetime as dt

import pytest

from jupyter_modelpack.build.source_date import source_date
from jupyter_modelpack.errors import UsageError


def test_the_time_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert source_date() == dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    assert source_date() is None


@pytest.mark.parametrize("given", ["abc", "1.5", "9" * 30, "1e9", "9" * 5000])
def test_no_time_is_said_so(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", given)
    with pytest.raises(UsageError, match="no time in seconds since 1970"):
        source_date()
