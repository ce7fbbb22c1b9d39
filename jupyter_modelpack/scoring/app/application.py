"""The routes (azure-differences.md 7.1), and what every answer carries."""

from collections.abc import Callable, Mapping

from .. import VERSION
from ..convert import open_inference
from ..describe.description import Description, tensors
from ..describe.swagger import Swagger
from ..http import request_id
from ..messages import HTML, Header, Request, Response, json_response, problem
from ..observe import generations, tracing
from ..observe.data_collector import Collector
from ..observe.data_records import CollectedCall
from ..observe.metrics import CONTENT_TYPE, Counters, Metrics
from ..observe.roster import Roster
from ..settings import Settings
from .cors import Cors
from .hosts import Hosts
from .keys import Keys
from .routes import Paths, Route

Respond = Callable[[Response], None]
Submit = Callable[[Request, Respond], bool]

_NOT_FAILED: Header = (b"x-ms-run-function-failed", b"False")
_RETRY: Header = (b"retry-after", b"1")
_NOT_FOUND = (
    "The requested URL was not found on the server. If you entered the URL manually please check your "
    "spelling and try again."
)
_NOT_ALLOWED = "The method is not allowed for the requested URL."
_READ = frozenset({"GET", "HEAD"})


class Application:
    """Routes requests to the script or to our own answers; `submit` is None until init() has returned."""

    def __init__(
        self,
        settings: Settings,
        submit: Submit | None,
        *,
        raw: bool = False,
        described: Description | None = None,
        models: Mapping[str, Description] | None = None,
        metrics: Metrics | None = None,
        counters: Counters | None = None,
        collector: Collector | None = None,
        roster: Roster | None = None,
    ) -> None:
        self._cors = Cors(settings.cors_origins)
        self._submit = submit
        self._raw = raw
        self._keys = Keys(settings)
        self._hosts = Hosts(settings, self._cors)
        self._metrics = metrics
        self._counters = counters
        self._collector = collector
        self._roster = roster
        self._paths = Paths(settings, frozenset(models or {}))
        self._described = {"": described or Description(), **(models or {})}
        self._description = Swagger(
            settings, self._described[""], self._paths.name, models or {}, keys=self._keys.needed
        )
        self._generations, self._package = settings.generations_fd, settings.package
        self._routes: dict[str, Callable[[Request], Response]] = {
            "/": self._liveness,
            "/ready": self._readiness,
            "/swagger.json": self._swagger,
            "/openapi.json": self._openapi,
            "/metrics": self._metered,
            "/v2": self._server,
            "/v2/health/live": self._liveness,
            "/v2/health/ready": self._readiness,
        }

    @property
    def guard(self) -> Callable[[Request], Response | None] | None:
        """The check of each request's head, before its body is read; None where there is none."""
        return self._refused if self._keys.needed or self._hosts.needed else None

    def _refused(self, request: Request) -> Response | None:
        foreign = self._hosts.refusal(request)
        if foreign is not None or self._cors.is_preflight(request):  # a preflight request has no key
            return foreign
        refusal = self._keys.refusal(request)
        if refusal is not None:
            refusal.headers += self._cors.headers(request)
        return refusal

    def handle(self, request: Request, respond: Respond) -> None:
        """Answer at once, or hand the request to the script and answer later; `guard` has let it pass."""
        preflight = self._cors.preflight(request)
        if preflight is not None:
            preflight.headers.append(_NOT_FAILED)
            self._finish(request, preflight, respond)
            return
        target = self._paths.find(request.path)
        if target is not None:
            self._model(target, request, respond)
            return
        route = self._routes.get(request.path)
        response = route(request) if route else problem(404, _NOT_FOUND)
        if not route or response.status == 405 or request.path == "/swagger.json":
            response.headers.append(_NOT_FAILED)
        self._finish(request, response, respond)

    def _model(self, target: Route, request: Request, respond: Respond) -> None:
        request.model = target.model
        if target.verb == "score":
            self._score(request, respond)
        elif target.verb == "infer" and request.method == "POST":
            name, body = target.model or self._paths.name, request.body
            request.tensors = True
            self._score(request, lambda response: respond(open_inference.answer(response, name, body)))
        else:
            self._finish(request, self._about(target, request), respond)

    def _about(self, target: Route, request: Request) -> Response:
        if target.verb == "infer":
            return problem(405, _NOT_ALLOWED, [(b"allow", b"POST")])
        if target.verb == "ready":
            return self._readiness(request)
        name = target.model or self._paths.name
        described = self._described[target.model]
        about = open_inference.metadata(
            name, self._paths.version, tensors(described.given, "data"), tensors(described.returned, "predict")
        )
        return _reading(request) or json_response(200, about)

    def _score(self, request: Request, respond: Respond) -> None:
        refusal = request_id.too_long(request.headers) or self._refusal(request)
        if refusal is not None:
            refusal.headers.append(_NOT_FAILED)
            self._finish(request, refusal, respond)
            return

        ends = self._watchers(request)

        def finish(response: Response) -> None:
            self._finish(request, response, respond)
            for end in ends:
                end(response)

        def returned(response: Response) -> None:
            if self._counters is not None and response.stream is not None:
                response.stream.on_end = self._counters.returned
            elif self._counters is not None:
                self._counters.returned()
            finish(response)

        if self._submit is None:
            finish(problem(503, "The service is starting: init() has not returned yet.", [_RETRY]))
        elif not self._submit(request, returned):
            finish(problem(503, "The service is busy: its queue is full (MODELPACK_QUEUE).", [_RETRY]))
        elif self._counters is not None:
            self._counters.submitted()

    def _watchers(self, request: Request) -> list[Respond]:
        """Start trace and data collection of a call; return what to call with its response."""
        ends: list[Respond] = []
        traces, collector, body = tracing.active(), self._collector, request.body
        if traces is not None:
            traces.begin(request)
            ends.append(lambda response: traces.end(request, response))
        if collector is not None and collector.sampled():
            ends.append(lambda response: self._collect(collector, CollectedCall(request, body, response)))
        return ends

    def _collect(self, collector: Collector, call: CollectedCall) -> None:
        if not collector.offer(call) and self._counters is not None:
            self._counters.dropped()

    def _refusal(self, request: Request) -> Response | None:
        method = request.method
        if method in {"POST", "GET"} or (method == "OPTIONS" and self._raw):
            return None
        if method == "OPTIONS":
            return Response(200, b"", HTML, [(b"allow", b"GET, OPTIONS, POST")])
        return problem(405, _NOT_ALLOWED, [(b"allow", b"GET, OPTIONS, POST")])

    def _finish(self, request: Request, response: Response, respond: Respond) -> None:
        response.headers += request_id.identify(request.headers)
        response.headers += self._cors.headers(request)
        respond(response)

    def _liveness(self, request: Request) -> Response:
        return _reading(request) or Response(200, b"Healthy", HTML)

    def _readiness(self, request: Request) -> Response:
        state: dict[str, object] = {"status": "ready" if self._submit else "starting"}
        if self._roster is not None and (troubles := self._roster.troubles()):
            state["troubles"] = troubles
        if self._submit is None:
            return _reading(request) or json_response(503, state, [_RETRY])
        if self._generations >= 0:  # tells the sender of a new script what became of it
            state |= {"package": self._package or None, "scripts": generations.read(self._generations)._asdict()}
        return _reading(request) or json_response(200, state)

    def _metered(self, request: Request) -> Response:
        if self._metrics is None:
            return problem(404, "This service keeps no metrics (MODELPACK_METRICS).")
        return _reading(request) or Response(200, self._metrics.text(), CONTENT_TYPE)

    def _server(self, request: Request) -> Response:
        about = {"name": "modelpack", "version": VERSION, "extensions": []}
        return _reading(request) or json_response(200, about)

    def _openapi(self, request: Request) -> Response:
        return _reading(request) or self._description.everything()

    def _swagger(self, request: Request) -> Response:
        return _reading(request) or self._description.respond(request.query)


def _reading(request: Request) -> Response | None:
    """Return the response to a request that is neither GET nor HEAD, else None."""
    if request.method in _READ:
        return None
    allow: Header = (b"allow", b"GET, HEAD, OPTIONS")
    if request.method == "OPTIONS":
        return Response(200, b"", HTML, [allow])
    return problem(405, _NOT_ALLOWED, [allow])
