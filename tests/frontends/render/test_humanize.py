"""Sizes and ages read as in `docker images` (the real program is compared in test_docker_images.py)."""

from datetime import UTC, datetime, timedelta

import pytest

from jupyter_modelpack.frontends.render import humanize

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("count", "digits", "shown"),
    [
        (0, 4, "0B"),
        (999, 4, "999B"),
        (1000, 4, "1kB"),
        (1024, 4, "1.024kB"),
        (224_300_000, 3, "224MB"),
        (224_300_000, 4, "224.3MB"),
        (1_234_000_000, 3, "1.23GB"),
        (999_999, 3, "1MB"),  # rounds up to the next unit, and never to 1e+03kB
        (10**24, 3, "1YB"),
    ],
)
def test_size_is_decimal_with_few_digits(count: int, digits: int, shown: str) -> None:
    assert humanize.size(count, digits) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.4, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (MINUTE, "About a minute"),
        (2 * MINUTE, "2 minutes"),
        (59 * MINUTE + 59, "59 minutes"),
        (HOUR, "About an hour"),
        (1.5 * HOUR, "2 hours"),
        (47 * HOUR, "47 hours"),
        (48 * HOUR, "2 days"),
        (13 * DAY, "13 days"),
        (14 * DAY, "2 weeks"),
        (59 * DAY, "8 weeks"),
        (60 * DAY, "2 months"),
        (729 * DAY, "24 months"),
        (730 * DAY, "2 years"),
        (56 * 365 * DAY, "56 years"),
    ],
)
def test_duration_in_dockers_words(seconds: float, shown: str) -> None:
    assert humanize.duration(seconds) == shown


def test_ago_is_not_available_without_a_time() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert humanize.ago(None) == "N/A"
    assert humanize.ago(now - timedelta(minutes=2), now) == "2 minutes ago"


@pytest.mark.parametrize(("count", "shown"), [(0.44, "0.4 s"), (31.4, "31 s"), (125, "2 min 5 s")])
def test_short_times(count: float, shown: str) -> None:
    assert humanize.seconds(count) == shown
