"""Lines in batches: none lost, none twice, few messages."""

import threading
import time

from jupyter_modelpack.frontends.live.line_feed import KEPT, Feed


class Page:
    """Puts batches together as `log.js` does."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.batches: list[float] = []
        self.next = 0

    def __call__(self, first: int, lines) -> None:
        self.batches.append(time.monotonic())
        self.lines += lines[max(0, self.next - first) :]
        self.next = max(self.next, first + len(lines))


def test_every_line_arrives_in_order() -> None:
    page = Page()
    feed = Feed(page)
    for number in range(300):
        feed.line(str(number))
    feed.close()
    assert page.lines == [str(number) for number in range(300)]


def test_a_thousand_lines_a_second_are_at_most_nine_messages_a_second() -> None:
    page = Page()
    feed = Feed(page)
    began = time.monotonic()
    while time.monotonic() - began < 1.0:
        feed.line("x")
        time.sleep(0.001)
    feed.close()
    assert len(page.batches) <= 11
    assert page.next > 300


def test_a_single_line_is_not_held_back() -> None:
    arrived = threading.Event()
    feed = Feed(lambda _first, lines: arrived.set() if lines else None)
    feed.line("now")
    assert arrived.wait(0.1)
    feed.close()


def test_a_late_view_gets_the_last_lines_with_their_numbers() -> None:
    feed = Feed(Page())
    for number in range(KEPT + 50):
        feed.line(str(number))
    first, lines = feed.backlog()
    assert (first, lines[0], len(lines)) == (50, "50", KEPT)
    feed.close()


def test_a_flood_keeps_the_end_and_says_which_lines_they_are() -> None:
    told: list[tuple[int, int]] = []
    feed = Feed(lambda first, lines: told.append((first, len(lines))))
    for number in range(10 * KEPT):
        feed.line(str(number))
    feed.close()
    assert sum(told[-1]) == 10 * KEPT


def test_a_change_without_lines_is_told() -> None:
    told: list[list[str]] = []
    feed = Feed(lambda _first, lines: told.append(list(lines)))
    feed.touch()
    feed.close()
    assert all(not lines for lines in told)
    assert told
