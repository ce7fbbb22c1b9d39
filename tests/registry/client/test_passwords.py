"""A registry's password goes to the registry, a token for it to nobody else, whatever the registry asks for."""

import base64
import json
from pathlib import Path

import pytest

from jupyter_modelpack.errors import Denied, Unavailable, Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.redact import Secret
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.credentials import RegistryCredentials
from jupyter_modelpack.registry.client.transfer import pull_image, push_image
from jupyter_modelpack.store.layout import Layout
from tests.registry.evil import Asked, Lie, Say, evil, redirect_to
from tests.registry.samples import sample
from tests.registry.victim import PASSWORD, pull, registry

BASIC = 'Basic realm="x"'


def challenge(value: str) -> Lie:
    return lambda asked: None if "authorization" in asked.headers else Say(401, headers={"WWW-Authenticate": value})


def secret_bytes() -> list[bytes]:
    pair = base64.b64encode(f"user:{PASSWORD}".encode())
    return [PASSWORD.encode(), pair, b"authorization", b"Bearer", b"Basic"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_a_redirect_elsewhere_carries_no_password(sink: Layout, host):
    with evil(lambda _asked: None, host) as second:

        def lie(asked: Asked) -> Say | None:
            if "authorization" not in asked.headers:
                return Say(401, headers={"WWW-Authenticate": BASIC})
            return (
                Say(307, headers={"Location": f"http://{second.address}{asked.path}"})
                if "/blobs/" in asked.path
                else None
            )

        with evil(lie) as first:
            pull(first, sink)
        assert PASSWORD.encode() not in first.heard
        assert base64.b64encode(f"user:{PASSWORD}".encode()) in first.heard
    assert second.asked
    for secret in secret_bytes():
        assert secret.lower() not in second.heard.lower()


def test_a_redirected_host_that_asks_for_a_password_gets_none(sink: Layout):
    with evil(challenge(BASIC)) as second:
        with evil(redirect_to(f"http://{second.address}/x")) as first, pytest.raises(Denied):
            pull(first, sink)
        for secret in secret_bytes():
            assert secret.lower() not in second.heard.lower()


REALMS = [
    "https://tokens.example.invalid/token",
    "http://tokens.example.invalid/token",
    "https://user@tokens.example.invalid/token",
    "file:///etc/passwd",
    "token",
    "",
]


@pytest.mark.parametrize("realm", REALMS)
def test_a_foreign_realm_is_not_asked(sink: Layout, realm):
    with evil(challenge(f'Bearer realm="{realm}",service="x"')) as server, pytest.raises(Untrusted):
        pull(server, sink)


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.2:9/upload", "https://127.0.0.1/upload", "//evil.invalid/upload", "file:///tmp/x", "ftp:x"],
)
def test_a_foreign_upload_location_is_not_used(tmp_path: Path, location):
    _layout, image = sample(tmp_path / "layout")

    def lie(asked: Asked) -> Say | None:
        return Say(202, headers={"Location": location}) if asked.method == "POST" else None

    with evil(lie) as server, pytest.raises(Untrusted):
        push_image(image, Reference.parse(f"{server.address}/thing:1"), Reporter(), registry(server))


def bearer(asked: Asked, **token) -> Say | None:
    """A registry that wants a token and gives it itself."""
    if asked.path.startswith("/token"):
        return Say(200, json.dumps(token or {"token": "t0ken"}).encode())
    if asked.headers.get("authorization") == "Bearer t0ken":
        return None
    realm = f"http://{asked.headers['host']}/token?a=b"
    return Say(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}",service="the service"'})


@pytest.mark.parametrize("token", [{"token": "t0ken"}, {"access_token": "t0ken"}])
def test_a_token_is_fetched_and_used(sink: Layout, token):
    with evil(lambda asked: bearer(asked, **token)) as server:
        pull(server, sink)
        asked = [one for one in server.asked if one.path.startswith("/token")]
    assert len(asked) == 1
    assert asked[0].path == "/token?a=b&service=the+service&scope=repository%3Athing%3Apull"
    pair = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    assert asked[0].headers["authorization"] == f"Basic {pair}"


def test_pushing_asks_for_the_right_to_push(tmp_path: Path):
    _layout, image = sample(tmp_path / "layout")
    with evil(bearer) as server:
        name = Reference.parse(f"{server.address}/thing:1")
        push_image(image, name, Reporter(), registry(server), mount_from="other")
        scopes = {one.path.partition("&scope=")[2] for one in server.asked if one.path.startswith("/token")}
    both = "repository%3Athing%3Apull%2Cpush"
    assert scopes == {both, f"{both}&scope=repository%3Aother%3Apull"}


def test_an_identity_token_is_exchanged(sink: Layout):
    with evil(bearer) as server:
        credentials = RegistryCredentials("", Secret(""), Secret("identity-t0ken"))
        name = Reference.parse(f"{server.address}/thing:1")
        pull_image(name, sink, Platform(), Reporter(), Registry(server.address, credentials=credentials))
        asked = next(one for one in server.asked if one.path.startswith("/token"))
    assert asked.method == "POST"
    assert b"grant_type=refresh_token" in asked.body
    assert b"refresh_token=identity-t0ken" in asked.body


def test_an_expired_token_is_renewed_during_an_upload(tmp_path: Path):
    _layout, image = sample(tmp_path / "layout")
    given = []

    def lie(asked: Asked) -> Say | None:
        if asked.path.startswith("/token"):
            given.append(f"t{len(given)}")
            return Say(200, json.dumps({"token": given[-1]}).encode())
        expired = asked.method == "PUT" and "/uploads/" in asked.path and asked.headers["authorization"] == "Bearer t0"
        if asked.headers.get("authorization", "").removeprefix("Bearer ") in given and not expired:
            return None
        realm = f"http://{asked.headers['host']}/token"
        return Say(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}"'})

    with evil(lie) as server:
        push_image(image, Reference.parse(f"{server.address}/thing:1"), Reporter(), registry(server))
        uploads = [one for one in server.asked if one.method == "PUT" and "/uploads/" in one.path]
    assert {Digest.of(one.body) for one in uploads if one.headers["authorization"] != "Bearer t0"} == {
        image.manifest.config.digest,
        *(part.digest for part in image.manifest.layers),
    }


TOKENS = {
    "no JSON": Say(200, b"<html>"),
    "a list": Say(200, b"[]"),
    "no token": Say(200, b"{}"),
    "a token that is a number": Say(200, b'{"token": 7}'),
    "a token with a line end": Say(200, b'{"token": "a\\r\\nX-Evil: b"}'),
    "too large": Say(200, b'{"token": "' + b"a" * 100_000 + b'"}'),
    "endless": Say(200, b"{", length=None, then="endless"),
    "forbidden": Say(403),
    "not found": Say(404),
    "elsewhere": Say(302, headers={"Location": "http://127.0.0.2:9/token"}),
}


@pytest.mark.parametrize("say", TOKENS.values(), ids=TOKENS)
def test_a_bad_token_server(sink: Layout, say: Say):
    with evil(lambda asked: say if asked.path.startswith("/token") else bearer(asked)) as server:
        with pytest.raises((Untrusted, Denied, Unavailable)) as caught:
            pull(server, sink)
        assert len([one for one in server.asked if one.path.startswith("/token")]) == 1
    assert PASSWORD not in str(caught.value)


def test_netrc_is_not_read(sink: Layout, tmp_path: Path, monkeypatch):
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login user password {PASSWORD}\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with evil(challenge(BASIC)) as server:
        name = Reference.parse(f"{server.address}/thing:1")
        with pytest.raises(Denied):
            pull_image(name, sink, Platform(), Reporter())
        assert b"authorization" not in server.heard.lower()
