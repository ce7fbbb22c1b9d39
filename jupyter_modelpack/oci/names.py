"""Parse references, the names of images.

Source: the grammar of distribution/reference (``registry/repository:tag@digest``) with Docker's
defaults: no registry means ``docker.io``, one path component there means ``library/``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.limits import NAME_BYTES
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.redact import scrub

DOCKER_HUB = "docker.io"

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:.]+\])(?::[0-9]{{1,5}})?")


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed image name.

    Attributes:
        registry: ``host[:port]``; empty when the name has none (an image of this workspace).
        repository: Lower-case path, ``library/python``.
        tag: The tag, or an empty string.
        digest: The manifest digest, or None.

    """

    registry: str
    repository: str
    tag: str = ""
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `text`; raise `UsageError` that says which part is wrong.

        A first component is a registry when it has a dot, a colon or is ``localhost``.
        """
        scheme, slashes, bare = text.partition("://")
        if slashes:
            bare = re.sub(r"^[^/]*@", "", bare).rstrip("/")  # user information is not allowed in a reference either
            raise UsageError(
                f"Image name {scrub(text)!r}: a name has no {scheme}://.", hint=f"Write {bare}", code="bad-name"
            )
        rest, at, digest_text = text.partition("@")
        digest = None
        if at:
            if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest_text):
                raise UsageError(f"Image name {text!r}: {digest_text!r} is not a sha256 digest.")
            digest = Digest(digest_text)
        registry = ""
        head, slash, tail = rest.partition("/")
        if slash and ("." in head or ":" in head or head == "localhost"):
            registry, rest = head, tail
            port = registry.rpartition("]")[2].partition(":")[2]
            if not _REGISTRY.fullmatch(registry) or int(port or 1) not in range(1, 1 << 16):
                raise UsageError(f"Image name {text!r}: {registry!r} is not a registry address (host:port).")
        repository, colon, tag = rest.partition(":")
        if colon:
            check_tag(tag, text)
        check_repository(repository, text)
        return cls(registry, repository, tag, digest)

    def on_hub(self) -> Self:
        """Return the name with Docker's defaults filled in, as an engine would read it."""
        registry = self.registry or DOCKER_HUB
        repository = self.repository
        if registry in {DOCKER_HUB, "index.docker.io"}:
            registry = DOCKER_HUB
            if "/" not in repository:
                repository = f"library/{repository}"
        tag = self.tag or ("" if self.digest else "latest")
        return type(self)(registry, repository, tag, self.digest)

    @property
    def name(self) -> str:
        """``registry/repository`` without tag or digest."""
        return f"{self.registry}/{self.repository}" if self.registry else self.repository

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def check_repository(repository: str, shown: str | None = None) -> str:
    """Return `repository` if it is well formed, else raise `UsageError` naming `shown`."""
    if len(repository) > NAME_BYTES or not _REPOSITORY.fullmatch(repository):
        raise UsageError(
            f"Image name {shown or repository!r}: {repository[:80]!r} is not a repository name.",
            hint="Use lower-case letters and digits, separated by one of . _ - or /, like team/my-model.",
            code="bad-name",
        )
    return repository


def check_tag(tag: str, shown: str | None = None) -> str:
    """Return `tag` if it is well formed, else raise `UsageError` naming `shown`."""
    if not _TAG.fullmatch(tag):
        raise UsageError(
            f"Image name {shown or tag!r}: {tag[:80]!r} is not a tag.",
            hint="A tag is 1 to 128 letters, digits, dots, dashes or underscores, starting with none of . or -.",
            code="bad-tag",
        )
    return tag
