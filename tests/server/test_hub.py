"""Who comes back to the stream late gets what was missed, or all of it anew; never a stream that ends at once."""

import asyncio

import pytest

from jupyter_modelpack.frontends.lab.hub import KEPT, WAITING, Hub, Listener


def came_back(missed: int) -> list[str]:
    """Join after so many events; return the kinds of what is told."""

    async def come() -> list[str]:
        hub, first = Hub(), Listener(asyncio.get_running_loop())
        hub.join(first, "", list)
        last = (await first.get(1)).id
        for number in range(missed):
            hub.publish("job", number)
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
