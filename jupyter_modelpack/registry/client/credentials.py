"""Find passwords stored by ``docker login`` and ``podman login``.

Sources: containers-auth.json(5), Docker's ``config.json`` and the docker-credential-helpers protocol.
Podman's files come first, as in Podman; unreadable files count as absent.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_modelpack.errors import Denied
from jupyter_modelpack.home import expand
from jupyter_modelpack.oci.names import DOCKER_HUB
from jupyter_modelpack.redact import Secret

HELPER_SECONDS = 30.0
"""How long a credential helper may take; it may have to wait for a keyring to be unlocked."""

_HUB_NAMES = (DOCKER_HUB, "index.docker.io", "registry-1.docker.io")
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_TOKEN_USER = "<token>"  # noqa: S105 - what helpers put in place of a user name


@dataclass(frozen=True, slots=True)
class RegistryCredentials:
    """A user name with its password, or an identity token to be exchanged for access tokens."""

    username: str
    password: Secret
    identity_token: Secret = Secret("")  # noqa: RUF009 - immutable


def find_credentials(registry: str, repository: str = "") -> RegistryCredentials | None:
    """Return the login stored for `registry` (``host[:port]``), or for a repository of it, or None."""
    for path in auth_files():
        document = _read(path)
        for key in _keys(registry, repository):
            found = _kept(document, key)
            if found:
                return found
    return None


def auth_files() -> Iterator[Path]:
    """Yield the files that may hold logins, by precedence."""
    given = os.environ.get("REGISTRY_AUTH_FILE")
    if given:
        yield Path(given)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        yield Path(runtime) / "containers" / "auth.json"
    config = os.environ.get("XDG_CONFIG_HOME")
    yield (Path(config) if config else expand("~/.config")) / "containers" / "auth.json"
    docker = os.environ.get("DOCKER_CONFIG")
    yield (Path(docker) if docker else expand("~/.docker")) / "config.json"


def unreadable() -> list[Path]:
    """Return existing login files that cannot be read, for error messages."""
    return [path for path in auth_files() if path.exists() and _document(path) is None]


def _read(path: Path) -> Mapping[str, Any]:
    return _document(path) or {}


def _document(path: Path) -> Mapping[str, Any] | None:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _keys(registry: str, repository: str) -> Iterator[str]:
    """Yield the keys a login may be stored under: Podman has logins for a part of a registry."""
    for name in _HUB_NAMES if registry in _HUB_NAMES else (registry,):
        parts = repository.split("/") if repository else []
        for count in range(len(parts), -1, -1):
            yield "/".join([name, *parts[:count]])


def _kept(document: Mapping[str, Any], key: str) -> RegistryCredentials | None:
    helpers, auths = document.get("credHelpers"), document.get("auths")
    helper = helpers.get(key) if isinstance(helpers, dict) else None
    helper = helper or document.get("credsStore")
    entries = auths if isinstance(auths, dict) else {}
    written = next((name for name in entries if _plain(name) == key), None)
    if isinstance(helper, str) and helper:
        # Docker stores the login of Docker Hub under its old URL, with scheme and path.
        hub = "https://index.docker.io/v1/" if key in _HUB_NAMES else key
        found = _ask_helper(helper, written or hub)
        if found:
            return found
    return _decode(entries.get(written)) if written else None


def _plain(name: str) -> str:
    host, _, path = name.removeprefix("https://").removeprefix("http://").partition("/")
    return host if path.rstrip("/") in {"", "v1", "v2"} else f"{host}/{path}"


def _decode(entry: object) -> RegistryCredentials | None:
    if not isinstance(entry, dict):
        return None
    username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    try:
        decoded = base64.b64decode(str(entry.get("auth") or ""), validate=True).decode()
    except (binascii.Error, ValueError):
        decoded = ""
    if decoded:
        username, _, password = decoded.partition(":")
    token = str(entry.get("identitytoken") or "")
    return RegistryCredentials(username, Secret(password.rstrip("\0")), Secret(token)) if username or token else None


def _ask_helper(helper: str, server: str) -> RegistryCredentials | None:
    if not _HELPER.fullmatch(helper):
        raise Denied(f"The credential helper {helper[:80]!r} named in Docker's config has no proper name.")
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(
            [program, "get"], input=server.encode(), capture_output=True, timeout=HELPER_SECONDS, check=False
        )
    except FileNotFoundError:
        return None  # a config copied from another machine; the registry will say if it needs a login
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Denied(
            f"{program} gave no password for {server}: {type(error).__name__}.",
            hint="Run `docker login` again, or unlock the keyring it uses.",
        ) from error
    if done.returncode:
        return None  # "credentials not found in native keychain", worded differently by each
    try:
        answer = json.loads(done.stdout)
        username, secret = str(answer["Username"]), Secret(str(answer["Secret"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Denied(f"{program} gave an answer that cannot be read.") from error
    if username == _TOKEN_USER:
        return RegistryCredentials("", Secret(""), secret)
    return RegistryCredentials(username, secret)
