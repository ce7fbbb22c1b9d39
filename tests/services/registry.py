"""A private CNCF registry on loopback, behind a password."""

import json
import re
import secrets
import subprocess
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

from tests.services import only_one
from tests.services.daemon import Daemon, ServiceError
from tests.services.packages import find, need

DAEMON = Daemon("registry")
USERNAME = "tester"


class Account(NamedTuple):
    """What a client needs to be let in."""

    address: str
    username: str
    password: str


def up() -> Account:
    """Start the registry unless it runs."""
    with only_one("registry"):
        if not DAEMON.running():
            need("docker-registry", "htpasswd")
            _clean()
            try:
                _start()
            except ServiceError:
                _clean()
                raise
        return Account(_address() or "", USERNAME, DAEMON.facts["password"])


def down() -> None:
    """End the registry with everything it kept."""
    with only_one("registry"):
        _clean()


def _clean() -> None:
    if DAEMON.known():
        DAEMON.stop()
        DAEMON.forget()


def _start() -> None:
    DAEMON.folder.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(16)
    users = subprocess.run(
        # The least work that bcrypt allows: the registry does it for each request.
        [find("htpasswd"), "-niBC", "4", USERNAME],
        input=password,
        capture_output=True,
        text=True,
        check=True,
    )
    (DAEMON.folder / "htpasswd").write_text(users.stdout)
    config = {
        "version": "0.1",
        "storage": {
            "filesystem": {"rootdirectory": str(DAEMON.folder / "data")},
            "delete": {"enabled": True},
        },
        "http": {"addr": "127.0.0.1:0"},
        "auth": {"htpasswd": {"realm": "tests", "path": str(DAEMON.folder / "htpasswd")}},
    }
    path = DAEMON.folder / "config.yml"
    path.write_text(json.dumps(config))  # JSON is YAML
    DAEMON.start([find("docker-registry") or "docker-registry", "serve", str(path)], {"password": password})
    DAEMON.wait(_asks_for_a_password, 30)


def _address() -> str | None:
    """Read off the log which port the kernel chose."""
    said = re.search(r"listening on (127\.0\.0\.1:\d+)", DAEMON.log.read_text(errors="replace"))
    return said and said[1]


def _asks_for_a_password() -> bool:
    if not (address := _address()):
        return False
    connection = HTTPConnection(address, timeout=2)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status == 401
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
