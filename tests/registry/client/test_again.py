"""What passes is asked for again, from where it broke; what does not is given up."""

import threading
import time

import pytest

from jupyter_modelpack.errors import Cancelled, Unavailable, Untrusted
from jupyter_modelpack.events import Progress, Reporter
from jupyter_modelpack.store.layout import Layout
from tests.registry.evil import BLOB, IMAGE, Asked, Lie, Say, as_blob, evil, partial
from tests.registry.victim import LAYER_DIGEST, files, pull


def flaky(failures: int, say: Say) -> Lie:
    """Fail the first requests for each thing."""
    return lambda asked: say if asked.number < failures else None


PASSING = {
    "429 with Retry-After": Say(429, headers={"Retry-After": "0"}),
    "503": Say(503),
    "500": Say(500),
    "502": Say(502),
    "408": Say(408),
    "a date long past": Say(503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    "Retry-After nonsense": Say(503, headers={"Retry-After": "soon"}),
    "a reset after the headers": Say(200, b"", length=None, then="reset"),
    "a reset before the headers": Say(0, then="reset"),
    "a hang-up before the headers": Say(0, then="close"),
}


@pytest.mark.parametrize("say", PASSING.values(), ids=PASSING)
def test_what_passes_is_asked_again(sink: Layout, say: Say):
    with evil(flaky(2, say)) as server:
        image = pull(server, sink)
    assert files(sink) == {part.digest.hex for part in (image.descriptor, IMAGE.config, *IMAGE.layers)}


def test_what_does_not_pass_is_given_up_with_a_count(sink: Layout):
    with evil(flaky(99, Say(503))) as server:
        with pytest.raises(Unavailable, match="failed 3 times: it answered 503") as caught:
            pull(server, sink)
        assert len(server.asked) == 3
    assert caught.value.retry


def test_a_long_retry_after_is_handed_to_the_user(sink: Layout):
    with evil(flaky(99, Say(429, headers={"Retry-After": "3600"}))) as server:
        with pytest.raises(Unavailable, match=r"failed once: .*asks to wait 3600 seconds"):
            pull(server, sink)
        assert len(server.asked) == 1


def test_waiting_is_ended_by_cancel(sink: Layout):
    report = Reporter()
    began = time.monotonic()
    with evil(flaky(99, Say(503, headers={"Retry-After": "30"}))) as server:
        threading.Timer(0.2, report.cancel).start()
        with pytest.raises(Cancelled):
            pull(server, sink, report=report)
    assert time.monotonic() - began < 5


BREAKS = [1, 1000, len(BLOB) // 2, len(BLOB) - 1]


@pytest.mark.parametrize("then", ["reset", ""])
@pytest.mark.parametrize("after", BREAKS)
def test_a_broken_blob_is_taken_up_where_it_broke(sink: Layout, after, then):
    def lie(asked: Asked) -> Say | None:
        if asked.number:
            return None
        return Say(200, BLOB[:after], length=None if then == "" else len(BLOB), then=then)

    events: list[Progress] = []
    with evil(as_blob(lie)) as server:
        pull(server, sink, report=Reporter(events.append))
        asked = [one for one in server.asked if one.path.endswith(LAYER_DIGEST)]
    assert len(asked) == 2
    # A reset may swallow bytes that were under way; what arrived is not asked for again.
    first = int(asked[1].headers.get("range", "bytes=0-")[len("bytes=") : -1])
    assert first == after if then == "" else first <= after
    done = [event.done for event in events]
    assert done == sorted(done)
    assert done[-1] == events[-1].total


def test_a_server_without_ranges_sends_all_again(sink: Layout):
    def lie(asked: Asked) -> Say:
        return Say(200, BLOB) if asked.number else Say(200, BLOB[:100_000], length=None)

    with evil(as_blob(lie)) as server:
        pull(server, sink)
    assert LAYER_DIGEST.hex in files(sink)


@pytest.mark.parametrize("shift", [-1, 1])
def test_another_range_than_asked_for_is_not_taken(sink: Layout, shift):
    def lie(asked: Asked) -> Say:
        if not asked.number:
            return Say(200, BLOB[:100_000], length=None)
        first = 100_000 + shift
        return Say(206, BLOB[first:], {"Content-Range": f"bytes {first}-{len(BLOB) - 1}/{len(BLOB)}"})

    with evil(as_blob(lie)) as server, pytest.raises(Untrusted, match="another part"):
        pull(server, sink)


def test_a_blob_in_ever_smaller_pieces_is_given_up(sink: Layout):
    def lie(asked: Asked) -> Say:
        whole = partial(BLOB, asked)
        return Say(whole.status, whole.body[:10], whole.headers, None)

    with evil(as_blob(lie)) as server, pytest.raises(Unavailable, match="failed 3 times"):
        pull(server, sink)


def test_silence_mid_blob_is_not_waited_for_for_ever(sink: Layout, monkeypatch):
    monkeypatch.setattr("jupyter_modelpack.registry.client.transport.READ_SECONDS", 0.2)

    def lie(asked: Asked) -> Say | None:
        return None if asked.number else Say(200, BLOB[:1000], length=len(BLOB), then="stall")

    with evil(as_blob(lie)) as server:
        pull(server, sink)
    assert LAYER_DIGEST.hex in files(sink)


def test_cancel_while_nothing_arrives(sink: Layout):
    report = Reporter()
    began = time.monotonic()
    with evil(as_blob(lambda _asked: Say(200, BLOB[:1000], length=len(BLOB), then="stall"))) as server:
        threading.Timer(0.3, report.cancel).start()
        with pytest.raises(Cancelled):
            pull(server, sink, report=report)
    assert time.monotonic() - began < 5
    assert files(sink) <= {IMAGE.config.digest.hex}
