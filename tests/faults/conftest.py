import pytest

from tests.faults import SOAK


@pytest.fixture
def scoreboard(record_property):
    """Note a line of the scoreboard; it is printed at the end."""

    def note(goal: str, figure: str) -> None:
        record_property("scoreboard", f"{goal}: {figure}")

    return note


def pytest_terminal_summary(terminalreporter):
    lines = [
        value
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        for key, value in report.user_properties
        if key == "scoreboard"
    ]
    if lines:
        terminalreporter.section("scoreboard" + (" (long form)" if SOAK else ""))
        for line in lines:
            terminalreporter.write_line(line)
