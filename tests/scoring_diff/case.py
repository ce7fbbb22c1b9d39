"""What the corpus is made of: scripts, and requests to each of them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ask:
    """One request, under the name that differences.toml knows it by."""

    name: str
    body: bytes | str | None = None
    method: str = "POST"
    path: str = "/score"
    headers: dict[str, str] = field(default_factory=dict)
    exact: bool = False
    """Compare the bytes of the body too, not only what they mean."""


@dataclass(frozen=True)
class Script:
    """One entry script, started once in either server; without requests, one that must not start."""

    name: str
    text: str
    asks: tuple[Ask, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def get(name: str, path: str, **headers: str) -> Ask:
    """Make a GET."""
    return Ask(name, None, "GET", path, {key.replace("_", "-"): value for key, value in headers.items()})


def post(name: str, body: bytes | str, *, kind: str = "application/json", **headers: str) -> Ask:
    """Make a POST to /score."""
    given = {key.replace("_", "-"): value for key, value in headers.items()}
    return Ask(name, body, headers={"Content-Type": kind, **given})
