"""threat-model.md T8: a request that may not come in is refused on every route."""

import re

import pytest
import requests

from jupyter_modelpack.frontends.lab.routes import PREFIX, routes

ROUTES = [
    (re.sub(r"\([^)]*\)", "images", path.removeprefix(f"{PREFIX}/")), handler) for path, handler, _ in routes(None)
]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def spoken(handler) -> set[str]:
    """The methods that a handler answers."""
    return {method for method in METHODS if method.lower() in vars(handler) or _inherited(handler, method.lower())}


def _inherited(handler, name: str) -> bool:
    return any(name in vars(one) for one in handler.__mro__ if one.__module__.startswith("jupyter_modelpack"))


CASES = [(path, method) for path, handler in ROUTES for method in sorted(spoken(handler))]
CHANGING = [(path, method) for path, method in CASES if method != "GET"]


@pytest.fixture(scope="module")
def cookies(server):
    """A browser that has logged in: its cookies, and the value that a form must repeat."""
    session = requests.Session()
    session.get(f"{server.server.root}?token={server.server.token}", timeout=60)
    xsrf = next(cookie.value for cookie in session.cookies if cookie.name == "_xsrf")
    return session.cookies, xsrf


def test_the_stream_opens_with_the_token_alone(server):
    """So what is refused below is refused for its sender's sake."""
    sent = {"Authorization": f"token {server.server.token}"}
    here = f"http://127.0.0.1:{server.server.port}"
    assert server.raw("GET", "events", headers=sent).status_code == 101
    assert server.raw("GET", "events", headers={**sent, "Origin": here}).status_code == 101
    assert server.raw("GET", "events", headers={**sent, "Connection": "close"}).status_code == 400  # no socket


def test_a_page_of_this_server_opens_the_stream_with_its_cookies(server, cookies):
    here = f"http://127.0.0.1:{server.server.port}"
    assert server.raw("GET", "events", headers={"Origin": here}, cookies=cookies[0]).status_code == 101


def test_there_is_a_route_for_every_verb_and_each_answers_one_method():
    assert len(CASES) == len(ROUTES) > 40
    for path, method in CASES:
        assert method == ("POST" if path.startswith(("do/", "start/", "cancel/")) else "GET"), path


@pytest.mark.parametrize(("path", "method"), CASES)
def test_nobody_comes_in_without_the_token(server, path, method):
    assert server.raw(method, path, json={}).status_code == 403
    assert server.raw(method, path, json={}, headers={"Authorization": "token wrong"}).status_code == 403


@pytest.mark.parametrize(("path", "method"), CASES)
def test_no_page_of_another_place_comes_in_with_the_users_cookies(server, cookies, path, method):
    known, xsrf = cookies
    for header, value in (("Origin", "https://evil.example"), ("Host", "evil.example"), ("Host", "evil.example:80")):
        sent = {"X-XSRFToken": xsrf, header: value}
        assert server.raw(method, path, json={}, headers=sent, cookies=known).status_code == 403, header


@pytest.mark.parametrize(("path", "method"), CASES)
def test_the_token_does_not_open_a_page_of_another_place(server, path, method):
    sent = {"Authorization": f"token {server.server.token}", "Origin": "https://evil.example"}
    assert server.raw(method, path, json={}, headers=sent).status_code == 403


@pytest.mark.parametrize(("path", "method"), CHANGING)
def test_a_forged_form_changes_nothing(server, cookies, path, method):
    known, xsrf = cookies
    assert server.raw(method, path, json={}, cookies=known).status_code == 403
    assert server.raw(method, path, json={}, cookies=known, headers={"X-XSRFToken": "0" * len(xsrf)}).status_code == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", "text/json", ""):
        sent = {"X-XSRFToken": xsrf, "Content-Type": kind}
        assert server.raw(method, path, data="{}", headers=sent, cookies=known).status_code == 415, kind
    assert server.raw(method, path, headers={"X-XSRFToken": xsrf}, cookies=known).status_code == 415


@pytest.mark.parametrize(("path", "method"), CASES)
def test_no_other_method_is_spoken(server, path, method):
    for other in METHODS:
        if other != method:
            sent = {"Authorization": f"token {server.server.token}"}
            assert server.raw(other, path, json={}, headers=sent).status_code in {403, 405}, other


@pytest.mark.parametrize("path", [path for path, method in CASES if method == "GET" and path != "events"])
def test_no_answer_can_become_a_page(server, path):
    answer = server.get(path)
    assert answer.status_code in {200, 404}
    assert answer.headers["Content-Type"] == "application/json"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers.get("Access-Control-Allow-Origin", "") == ""


def test_looking_changes_nothing(fresh_server):
    home = fresh_server.server.notebooks.parent / "home"
    assert not home.exists()
    for path, method in CASES:
        if method == "GET" and path != "events":
            fresh_server.get(path)
    for kind in ("model", "package", "environment", "workspace", "service"):
        assert fresh_server.get(f"names/{kind}").status_code == 200
    for name in ("models", "packages", "images", "services"):
        assert fresh_server.get(f"table/{name}").status_code == 200, name
    stream = fresh_server.events()
    stream.until("whole")
    stream.close()
    assert not home.exists()
