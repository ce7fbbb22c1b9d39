"""Stream a generator: each of its items becomes a chunk of the body."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any

from ..body_stream import ClientGoneError, Stream
from ..convert.encode import Encoder
from ..observe import log
from ..script.tracebacks import of_user
from .chunks import Shape

END: Any = object()
"""What `next` gives after the last item."""

_Limited = Callable[[Callable[[], Any]], Any]
_Timed = Callable[[Awaitable[Any]], Awaitable[Any]]


class Streaming(Stream):
    """A stream with the generator that feeds it; an error before its first item was answered with status 500."""

    def __init__(self, walk: Generator[Any, None, None] | AsyncIterator[Any], first: Any, encode: Encoder) -> None:
        super().__init__()
        self._walk: Any = walk
        self._first = first
        self._shape = Shape([] if first is END else first, encode)
        self.content_type = self._shape.content_type

    def pump(self, limited: _Limited) -> BaseException | None:
        """Send everything; return the error that ended it early. That the client has disconnected is no error."""
        item = self._first
        try:
            while item is not END:
                self.send(self._shape.chunk(item))
                item = limited(lambda: next(self._walk, END))
            self.put(self._shape.end())
        except ClientGoneError:
            pass
        except BaseException as error:  # noqa: BLE001  the boundary to the user's code
            return error
        finally:
            try:
                limited(self._walk.close)
            except BaseException as error:  # noqa: BLE001  its `finally` is the user's code, too
                _tell_of(error)
        return None

    async def pump_async(self, timed: _Timed) -> BaseException | None:
        """Send everything that an asynchronous generator yields; stop it when the client disconnects."""
        mine, changed, item = asyncio.get_running_loop(), asyncio.Event(), self._first
        self.on_writable = lambda: _tell(mine, changed)
        try:
            while item is not END:
                self.put(self._shape.chunk(item))
                while not self.writable:
                    changed.clear()
                    if not self.writable:
                        await changed.wait()
                item = await self._next(timed, changed)
            self.put(self._shape.end())
        except ClientGoneError:
            pass
        except BaseException as error:  # noqa: BLE001  the boundary to the user's code
            return error
        finally:
            try:
                await timed(self._walk.aclose())
            except BaseException as error:  # noqa: BLE001  the same
                _tell_of(error)
        return None

    async def _next(self, timed: _Timed, changed: asyncio.Event) -> Any:
        step = asyncio.ensure_future(timed(anext(self._walk, END)))
        while not step.done():
            changed.clear()
            if self.disconnected:
                step.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await step
                raise ClientGoneError
            woken = asyncio.ensure_future(changed.wait())
            await asyncio.wait({step, woken}, return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()
        return step.result()


def _tell_of(error: BaseException) -> None:
    log.error(f"The generator of run() failed while it was closed\n{of_user(error)}")


def _tell(loop: asyncio.AbstractEventLoop, changed: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the script's loop has ended before the connection did
        loop.call_soon_threadsafe(changed.set)
