"""Every route that is answered stands in the manual with its methods, and no other."""

import json
import re
from types import SimpleNamespace

import pytest

from jupyter_modelpack.commands.grammar.verbs import verbs
from jupyter_modelpack.frontends.lab.routes import PREFIX
from jupyter_modelpack.frontends.lab.routes import routes as lab_routes
from jupyter_modelpack.registry.server import push_api, read_api, server
from jupyter_modelpack.scoring.app.application import Application
from jupyter_modelpack.scoring.messages import Request, Response
from jupyter_modelpack.scoring.settings import Settings
from tests.docs.tables import code, rows

ROUTES = {code(row["route"]): row["methods"].split(", ") for row in rows("routes", "route")}
LAB = {route: methods for route, methods in ROUTES.items() if route.startswith(PREFIX)}
REGISTRY = {route for route in ROUTES if re.match(r"/v2/(?:$|_|<name>)", route)}
SERVICE = {route: methods for route, methods in ROUTES.items() if route not in {*LAB, *REGISTRY}}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(scope="module")
def service() -> Application:
    def submit(_request: Request, respond) -> bool:
        respond(Response(200, b"[1]"))
        return True

    return Application(Settings(), submit, metrics=SimpleNamespace(text=lambda: b""))


def asked(service: Application, method: str, path: str) -> Response:
    answers: list[Response] = []
    service.handle(Request(method, path, b"", {}), answers.append)
    return answers[0]


@pytest.mark.parametrize("route", SERVICE)
def test_a_route_of_a_service_is_answered_by_its_methods_and_no_other(service: Application, route: str):
    path = route.replace("<model>", "model")
    found = {method: asked(service, method, path).status for method in METHODS}
    assert 404 not in found.values()
    assert [method for method, status in found.items() if status != 405] == sorted(SERVICE[route])


def test_every_route_of_a_service_is_in_the_manual(service: Application):
    described = json.loads(asked(service, "GET", "/openapi.json").body)["paths"]
    known = {path.replace("/model", "/<model>").replace("/<model>s", "/models") for path in described}
    assert known | set(service._routes) == set(SERVICE)


def answered(handler: type) -> set[str]:
    """Return the methods that a handler has of its own; Tornado's refuse."""
    ours = [kind for kind in handler.__mro__ if kind.__module__.startswith("jupyter_modelpack.")]
    return {method for method in METHODS if any(method.lower() in vars(kind) for kind in ours)}


def test_every_route_of_the_jupyter_server_is_in_the_manual():
    known: dict[str, set[str]] = {}
    for pattern, handler, more in lab_routes(None):  # type: ignore[arg-type] # a desk is for those who ask
        path = re.sub(r"\(.*?\)(?=/|$)", "<…>", pattern)
        if verb := more.get("verb"):
            path = path.removesuffix(verb) + "<…>"
        known.setdefault(path, set()).update(answered(handler))
    assert {re.sub("<.*?>", "<…>", route): set(methods) for route, methods in LAB.items()} == known


def test_the_verbs_behind_routes_are_those_of_the_side_panel():
    named = {more["verb"] for _, _, more in lab_routes(None) if "verb" in more}  # type: ignore[arg-type] # as above
    assert named == {verb.name for verb in verbs("lab")}


def test_every_route_of_a_registry_is_in_the_manual():
    kinds = set(re.search(r"\?P<kind>([a-z|]+)", read_api._ROUTE.pattern)[1].split("|"))
    assert {route.split("/")[3] for route in REGISTRY if "<name>" in route} == kinds
    assert {"/v2/", "/v2/_catalog", server.LEAVE} == {route for route in REGISTRY if "<name>" not in route}


@pytest.mark.parametrize("route", sorted(route for route in REGISTRY if set(ROUTES[route]) - {"GET"} and "<" in route))
def test_what_is_written_to_a_registry_is_taken_by_that_route(route: str):
    path = route.replace("<name>", "team/name").replace("<id>", "0f").replace("<digest>", "sha256:0")
    patterns = (push_api._UPLOAD, push_api._BLOB, push_api._MANIFEST)
    assert any(pattern.fullmatch(path) for pattern in patterns)
