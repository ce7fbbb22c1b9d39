"""SOURCE_DATE_EPOCH, right and wrong."""

import datetime as dt

import pytest

from jupyter_modelpack.builder.source_date import parse_time, source_date
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


@pytest.mark.parametrize(
    "text", ["2026-12-31", "2026-12-31T00:00:00", "2026-12-31T00:00:00Z", "2026-12-31T05:30:00+05:30", "1798675200"]
)
def test_a_time_means_the_same_everywhere(text):
    assert parse_time(text) == dt.datetime(2026, 12, 31, tzinfo=dt.UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "9" * 20, "2026-13-01", "-5", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_refused_with_what_to_type(text):
    with pytest.raises(UsageError, match="is no time that an image could name") as caught:
        parse_time(text)
    assert "--created now" in caught.value.hint
