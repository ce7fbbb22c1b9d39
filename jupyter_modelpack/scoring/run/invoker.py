"""Call run() with a Request, and make a Response of its result."""

import asyncio
import inspect
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import orjson

from ..convert import open_inference
from ..convert.decode import BadInputError, body_of, text_of
from ..convert.encode import encoder
from ..convert.rawhttp import AMLRequest, AMLResponse, Headers
from ..convert.responses import from_aml, from_flask
from ..inference_schema.parameter_types import SchemaMismatch
from ..inference_schema.schema import arguments_of
from ..messages import Header, Request, Response, problem
from ..observe import log, tracing
from ..script import model_files
from ..script.entry_script import EntryScript
from ..script.tracebacks import of_user
from ..settings import Settings
from .chunks import AnyGenerator, is_generator, iterate, iterate_async
from .generator_stream import END, Streaming

_FAILED: Header = (b"x-ms-run-function-failed", b"True")
_NOT_FAILED: Header = (b"x-ms-run-function-failed", b"False")

_CANCEL_SECONDS = 0.1
"""Seconds a cancelled coroutine has to clean up before its caller gets the response."""

Limited = Callable[[Callable[[], Any]], Any]


class CallTimeoutError(BaseException):
    """Raised inside run() when its time is up; no Exception, so that `except Exception` lets it pass."""


class Scorer:
    """Calls one entry script; every outcome of a call becomes a response."""

    def __init__(self, entry: EntryScript, settings: Settings) -> None:
        self._entry = entry
        self._settings = settings
        self._encode = encoder(settings.nan)
        self._hinted = False
        self._pid = os.getpid()

    def perform(self, request: Request, limited: Limited) -> Response:
        """Answer one request; called on the thread that runs the script, timed by `limited`."""
        started = 0.0

        def call() -> Any:
            nonlocal started
            arguments = self._arguments(request)  # within the limit, too: a large body takes a while to parse
            started = time.perf_counter()
            return _called(self._entry_of(request).run, arguments, request)

        try:
            result = limited(call)
            if (generator := generator_of(result)) is not None:
                walk = iterate(generator)
                if request.tensors:
                    result = limited(lambda: list(walk))
                else:
                    return self._begun(result, Streaming(walk, limited(lambda: next(walk, END)), self._encode), started)
        except BaseException as error:  # noqa: BLE001  the boundary to the user's code
            return self._failure(error)
        return self._success(result, started)

    def perform_batch(self, requests: list[Request], limited: Limited) -> list[Response]:
        """Answer several requests with one call of run_batch(); an error of one does not affect the others."""
        run_batch = self._entry.run_batch
        assert run_batch is not None  # noqa: S101  for the type checker: the worker has looked
        responses: dict[int, Response] = {}
        inputs: dict[int, Any] = {}
        for place, request in enumerate(requests):
            try:
                inputs[place] = next(iter(limited(partial(self._arguments, request)).values()))
            except (BadInputError, CallTimeoutError) as error:  # noqa: PERF203  it stays with its request
                responses[place] = self._failure(error)
        started = time.perf_counter()
        try:
            results = list(limited(lambda: run_batch(list(inputs.values()))) if inputs else [])
            if len(results) != len(inputs):
                raise ValueError(f"run_batch() gave {len(results)} results for {len(inputs)} inputs")
        except BaseException as error:  # noqa: BLE001  the boundary to the user's code
            if len(inputs) == 1 or isinstance(error, CallTimeoutError):
                responses.update({place: self._failure(error) for place in inputs})
            else:  # one bad input must not fail the others: call each by itself
                for place in inputs:
                    responses[place] = self.perform_batch([requests[place]], limited)[0]
        else:
            responses.update(
                {place: self._success(result, started) for place, result in zip(inputs, results, strict=True)}
            )
        return [responses[place] for place in range(len(requests))]

    async def perform_async(self, request: Request) -> Response:
        """Answer one request by awaiting run()."""
        try:
            arguments = self._arguments(request)
            started = time.perf_counter()
            if request.span is not None and (traces := tracing.active()) is not None:
                traces.enter(request)  # this task has a context of its own, and takes it along
            result = self._entry_of(request).run(**arguments)
            if inspect.isawaitable(result):
                result = await self._timed(result)
            if (generator := generator_of(result)) is not None:
                walk = iterate_async(generator)
                if request.tensors:
                    result = await self._timed(_listed(walk))
                else:
                    first = await self._timed(anext(walk, END))
                    return self._begun(result, Streaming(walk, first, self._encode), started)
        except BaseException as error:  # noqa: BLE001  the boundary to the user's code
            return self._failure(error)
        return self._success(result, started)

    def pump(self, response: Response, limited: Limited) -> None:
        """Send the pieces of a body as the generator gives them; each may take as long as a call."""
        assert isinstance(response.stream, Streaming)  # noqa: S101  for the type checker
        self._ended(response, response.stream.pump(limited))

    async def pump_async(self, response: Response) -> None:
        """Send the pieces of a body as the asynchronous generator gives them."""
        assert isinstance(response.stream, Streaming)  # noqa: S101  for the type checker
        self._ended(response, await response.stream.pump_async(self._timed))

    async def _timed(self, awaited: Awaitable[Any]) -> Any:
        task = asyncio.ensure_future(self._alone(awaited))
        try:
            await asyncio.wait({task}, timeout=self._settings.call_limit)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=_CANCEL_SECONDS)
        if task.cancelled():
            raise CallTimeoutError
        return task.result()

    async def _alone(self, awaited: Awaitable[Any]) -> Any:
        try:
            return await awaited
        finally:
            self._end_a_copy()  # not later: in Python 3.14 a forked loop wakes nobody who waits for a task

    def timed_out(self) -> Response:
        """Answer a call that took too long (azure-differences.md 7.5)."""
        text = f"Scoring timeout after {round(self._settings.call_limit * 1000)} ms"
        log.error(f"run() was stopped: {text}")
        return problem(500, text, [_FAILED])

    def _begun(self, result: Any, stream: Streaming, started: float) -> Response:
        response = self._success(
            AMLResponse("", 200) if not isinstance(result, AMLResponse) else _headed(result), started
        )
        own = isinstance(result, AMLResponse) and any(name.lower() == "content-type" for name in result.headers)
        response.content_type = response.content_type if own else stream.content_type
        response.stream = stream
        return response

    def _ended(self, response: Response, error: BaseException | None) -> None:
        if isinstance(error, CallTimeoutError):
            self.timed_out()
        elif error is not None:
            log.error(f"run() failed after it had begun to answer\n{of_user(error)}")
        if error is not None:
            response.headers.append(_FAILED)  # too late for the client, in time for the metrics
        if response.stream is not None:
            response.stream.close(whole=error is None)

    def _end_a_copy(self) -> None:
        if os.getpid() != self._pid:
            os._exit(0)  # the script has forked, and both return: one of them answers, on the sockets and loop it has

    def _failure(self, error: BaseException) -> Response:
        self._end_a_copy()
        if isinstance(error, BadInputError):
            return problem(error.status, error.message, [_NOT_FAILED])
        if isinstance(error, SchemaMismatch):
            return problem(400, f"{error.place or 'The input'}: {error.message}.", [_NOT_FAILED])
        if isinstance(error, CallTimeoutError):
            return self.timed_out()
        log.error(f"run() failed\n{of_user(error)}")
        explanation = model_files.explain_miss(error, self._settings.model_dir)
        if explanation:
            log.error(explanation)
        return problem(500, "An unexpected error occurred in scoring script. Check the logs for more info.", [_FAILED])

    def _arguments(self, request: Request) -> dict[str, Any]:
        entry, limit, depth = self._entry_of(request), self._settings.max_body, self._settings.json_depth
        arguments: dict[str, Any]
        if request.tensors:
            request.body = open_inference.text_of(body_of(request, limit), depth).encode()
            request.headers = {
                **request.headers,
                b"content-type": b"application/json",
                b"content-encoding": b"identity",
            }
        if entry.schemas is not None:
            arguments = arguments_of(request, entry.parameters, limit, depth)
        elif entry.raw:
            arguments = {entry.data_name: AMLRequest(request, body_of(request, limit))}
        else:
            arguments = {entry.data_name: text_of(request, limit)}
        if entry.wants_headers:
            arguments["request_headers"] = Headers(request.headers)
        return arguments

    def _entry_of(self, request: Request) -> EntryScript:
        return self._entry.models[request.model] if request.model else self._entry

    def _success(self, result: Any, started: float) -> Response:
        self._end_a_copy()
        timing: Header = (b"x-ms-run-fn-exec-ms", b"%.3f" % ((time.perf_counter() - started) * 1000))
        try:
            if isinstance(result, AMLResponse):
                response = from_aml(result, self._encode)
                failed = result.run_function_failed or result.status_code >= 500
                response.headers += [timing, _FAILED if failed else _NOT_FAILED]
                return response
            flask = from_flask(result)
            if flask is not None:
                flask.headers += [timing, _FAILED if flask.status >= 500 else _NOT_FAILED]
                return flask
            if isinstance(result, str) and not self._hinted:
                self._hint(result)
            return Response(200, self._encode(result), headers=[timing, _NOT_FAILED])
        except Exception as error:  # noqa: BLE001  results bring their own code along
            log.error(f"The result of run() cannot be turned into JSON: {error}")
            return problem(500, "An unexpected internal error occurred. Check the logs for more info.", [_NOT_FAILED])

    def _hint(self, result: str) -> None:
        if result[:1] in {"{", "["}:
            try:
                orjson.loads(result)
            except orjson.JSONDecodeError:
                return
            self._hinted = True
            log.warning(
                "run() returned a string that already is JSON; it is quoted once more, as Azure ML does. "
                "Return the object itself, without json.dumps, to send it as JSON."
            )


def generator_of(result: Any) -> AnyGenerator | None:
    """Return what is to be streamed, where run() has returned or answered with a generator."""
    content = result.message if isinstance(result, AMLResponse) else result
    return content if is_generator(content) else None


def _headed(result: AMLResponse) -> AMLResponse:
    return AMLResponse("", result.status_code, result.headers, run_function_failed=result.run_function_failed)


async def _listed(walk: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in walk]


def _called(run: Callable[..., Any], arguments: dict[str, Any], request: Request) -> Any:
    traces = tracing.active() if request.span is not None else None
    token = traces.enter(request) if traces is not None else None
    try:
        result = run(**arguments)
        # A decorator may hide that run is `async def`.
        return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result
    finally:
        if traces is not None:
            traces.leave(token)


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result
