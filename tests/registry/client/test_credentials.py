"""Logins that docker and podman keep, and what they ask helpers."""

import base64
import json
import os
from functools import partial
from pathlib import Path

import pytest

from jupyter_modelpack.errors import Denied
from jupyter_modelpack.registry.client.auth import parse_challenges
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.credentials import auth_files, find_credentials, unreadable
from tests.registry.evil import Asked, Say, evil


def pair(text: str) -> dict:
    return {"auth": base64.b64encode(text.encode()).decode()}


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("REGISTRY_AUTH_FILE", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))


def docker_config(folders: Path, **document) -> None:
    write(folders / "docker/config.json", document)


def found(registry: str, repository: str = "") -> tuple[str, str] | None:
    credentials = find_credentials(registry, repository)
    return credentials and (credentials.username, credentials.password.reveal())


def test_nothing_anywhere():
    assert found("example.com") is None


@pytest.mark.parametrize(
    "key", ["example.com:5000", "https://example.com:5000", "http://example.com:5000/", "example.com:5000/v2/"]
)
def test_what_docker_login_writes(folders, key):
    docker_config(folders, auths={"other.example": pair("no:no"), key: pair("user:pass:word")})
    assert found("example.com:5000") == ("user", "pass:word")
    assert found("example.com") is None


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"])
def test_docker_hub_has_many_names(folders, key):
    docker_config(folders, auths={key: pair("user:pass")})
    assert found("docker.io") == ("user", "pass")


def test_plain_fields_and_identity_tokens(folders):
    docker_config(folders, auths={"a.example": {"username": "u", "password": "p"}, "b.example": {"identitytoken": "t"}})
    assert found("a.example") == ("u", "p")
    token = find_credentials("b.example")
    assert token.identity_token.reveal() == "t"
    assert "t" not in repr(token.identity_token)


def test_the_file_that_counts_most(folders, monkeypatch):
    docker_config(folders, auths={"example.com": pair("docker:1")})
    assert found("example.com") == ("docker", "1")
    write(folders / "config/containers/auth.json", {"auths": {"example.com": pair("config:2")}})
    assert found("example.com") == ("config", "2")
    write(folders / "runtime/containers/auth.json", {"auths": {"example.com": pair("runtime:3")}})
    assert found("example.com") == ("runtime", "3")
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(folders / "given.json"))
    write(folders / "given.json", {"auths": {"example.com": pair("given:4")}})
    assert found("example.com") == ("given", "4")


def test_without_variables_the_files_lie_in_the_home(monkeypatch, folders):
    for name in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DOCKER_CONFIG"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folders))
    assert list(auth_files()) == [folders / ".config/containers/auth.json", folders / ".docker/config.json"]


def test_podman_keeps_logins_for_parts_of_a_registry(folders):
    write(
        folders / "runtime/containers/auth.json",
        {
            "auths": {
                "example.com": pair("all:1"),
                "example.com/team": pair("team:2"),
                "example.com/team/x": pair("x:3"),
            }
        },
    )
    assert found("example.com", "team/x") == ("x", "3")
    assert found("example.com", "team/y") == ("team", "2")
    assert found("example.com", "other") == ("all", "1")


BROKEN = [
    "",
    "[]",
    "{",
    '{"auths": []}',
    '{"auths": {"example.com": 1}}',
    '{"auths": {"example.com": {"auth": "!"}}}',
    '{"credHelpers": 1}',
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_file_is_as_good_as_none(folders, text):
    write(folders / "docker/config.json", text)
    assert found("example.com") is None


def test_a_broken_file_is_named_to_who_misses_a_login(folders):
    assert unreadable() == []
    write(folders / "docker/config.json", "{")
    write(folders / "config/containers/auth.json", {"auths": {}})
    assert unreadable() == [folders / "docker/config.json"]
    challenges = ('Basic realm="x"', 'Bearer realm="{}/token",service="x"')
    for value in challenges:
        lie = partial(_asks, value)
        with evil(lie) as server, pytest.raises(Denied) as caught:
            Registry(server.address).ping()
        assert f"Logins may be kept in {folders / 'docker/config.json'}, which cannot be read" in caught.value.hint


def _asks(value: str, asked: Asked) -> Say:
    return Say(401, headers={"WWW-Authenticate": value.format(f"http://{asked.headers['host']}")})


def helper(folders: Path, name: str, script: str) -> None:
    path = folders / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("config", [{"credsStore": "fake"}, {"credHelpers": {"example.com": "fake"}}])
def test_a_helper_is_asked(folders, config):
    helper(
        folders,
        "fake",
        'test "$1" = get && read server; echo "{\\"Username\\": \\"u\\", \\"Secret\\": \\"for $server\\"}"',
    )
    docker_config(folders, **config, auths={"example.com": {}})
    assert found("example.com") == ("u", "for example.com")


def test_a_helper_is_asked_for_the_hub_by_its_old_name(folders):
    helper(folders, "fake", 'read server; echo "{\\"Username\\": \\"u\\", \\"Secret\\": \\"$server\\"}"')
    docker_config(folders, credsStore="fake")
    assert found("docker.io") == ("u", "https://index.docker.io/v1/")


def test_a_helper_may_give_a_token(folders):
    helper(folders, "fake", 'echo "{\\"Username\\": \\"<token>\\", \\"Secret\\": \\"t\\"}"')
    docker_config(folders, credsStore="fake")
    assert find_credentials("example.com").identity_token.reveal() == "t"


def test_a_helper_that_knows_nothing_leaves_the_file(folders):
    helper(folders, "fake", "echo credentials not found in native keychain; exit 1")
    docker_config(folders, credsStore="fake", auths={"example.com": pair("user:pass")})
    assert found("example.com") == ("user", "pass")


def test_a_helper_that_is_not_there_is_passed_over(folders):
    docker_config(folders, credsStore="no-such-helper", auths={"example.com": pair("user:pass")})
    assert found("example.com") == ("user", "pass")


@pytest.mark.parametrize("name", ["../evil", "a b", "-x", "a;b", "a/b"])
def test_a_helper_with_an_odd_name_is_not_run(folders, name):
    docker_config(folders, credsStore=name)
    with pytest.raises(Denied, match="no proper name"):
        find_credentials("example.com")


@pytest.mark.parametrize("says", ["nonsense", "[]", "{}"])
def test_a_helper_that_says_nonsense(folders, says):
    helper(folders, "fake", f"echo '{says}'")
    docker_config(folders, credsStore="fake")
    with pytest.raises(Denied, match="cannot be read"):
        find_credentials("example.com")


def test_a_helper_that_hangs(folders, monkeypatch):
    monkeypatch.setattr("jupyter_modelpack.registry.client.credentials.HELPER_SECONDS", 0.1)
    helper(folders, "fake", "exec sleep 20")
    docker_config(folders, credsStore="fake")
    with pytest.raises(Denied, match="TimeoutExpired"):
        find_credentials("example.com")


CHALLENGES = [
    ('Basic realm="x y"', {"basic": {"realm": "x y"}}),
    (
        'Bearer realm="https://a/t",service="s",scope="repository:a:pull,push"',
        {"bearer": {"realm": "https://a/t", "service": "s", "scope": "repository:a:pull,push"}},
    ),
    (
        'bearer realm=https://a/t, service=s, Basic realm="b"',
        {"bearer": {"realm": "https://a/t", "service": "s"}, "basic": {"realm": "b"}},
    ),
    ("Basic", {"basic": {}}),
    ('Negotiate, Basic realm="x"', {"basic": {"realm": "x"}}),
    ("Negotiate", {}),
    ("", {}),
]


@pytest.mark.parametrize(("header", "expected"), CHALLENGES)
def test_challenges(header, expected):
    assert parse_challenges(header) == expected
