"""Who comes back to the stream late gets what was missed, or all of it again; never a stream that ends at once."""

import asyncio

import pytest

from jupyter_modelpack.frontends.lab.hub import KEPT, KEPT_BYTES, WAITING, WAITING_BYTES, Hub, Listener


def came_back(missed: int, data: str = "") -> list[str]:
    """Join after so many events; return the kinds of what is told."""

    async def come() -> list[str]:
        hub, first = Hub(), Listener(asyncio.get_running_loop())
        hub.join(first, "", list)
        last = (await first.get(1)).id
        for number in range(missed):
            hub.publish("job", data or number)
        late = Listener(asyncio.get_running_loop())
        hub.join(late, last, list)
        hub.publish("changed", None)
        await asyncio.sleep(0)  # as the stream's first write does: everything is handed on
        assert not late.lost
        told = []
        while not told or told[-1] != "changed":
            told.append((await late.get(1)).kind)
        return told

    return asyncio.run(come())


@pytest.mark.parametrize("missed", [0, 1, WAITING // 2, KEPT])
def test_what_was_missed_is_told_however_much_it_is(missed):
    assert came_back(missed) == ["job"] * missed + ["changed"]


def test_who_missed_more_than_is_kept_begins_anew():
    assert came_back(KEPT + 1) == ["whole", "changed"]


def test_a_page_that_lags_behind_is_let_go_and_comes_back():
    async def lag() -> bool:
        hub, slow = Hub(), Listener(asyncio.get_running_loop())
        hub.join(slow, "", list)
        for number in range(WAITING + 1):
            hub.publish("job", number)
        await asyncio.sleep(0)
        return slow.lost

    assert asyncio.run(lag())


BIG = 1 << 20


def test_a_page_that_lags_behind_by_much_is_let_go_too():
    async def lag() -> list[bool]:
        hub, slow, lost = Hub(), Listener(asyncio.get_running_loop()), []
        hub.join(slow, "", list)
        for _ in range(WAITING_BYTES // BIG + 1):
            hub.publish("job", "x" * BIG)
            await asyncio.sleep(0)
            lost.append(slow.lost)
        return lost

    *before, last = asyncio.run(lag())
    assert not any(before[:-1])
    assert last


def test_what_is_kept_for_those_who_come_back_is_bounded_and_they_begin_anew_where_it_is_not_enough():
    assert came_back(KEPT_BYTES // BIG - 1, "x" * BIG) == ["job"] * (KEPT_BYTES // BIG - 1) + ["changed"]
    assert came_back(KEPT_BYTES // BIG + 1, "x" * BIG) == ["whole", "changed"]


def test_who_has_nothing_else_to_read_gets_what_is_larger_than_all_bounds():
    async def come() -> int:
        hub, page = Hub(), Listener(asyncio.get_running_loop())
        hub.join(page, "", lambda: "x" * (WAITING_BYTES + 1))
        return len((await page.get(1)).text)

    assert asyncio.run(come()) > WAITING_BYTES
