"""Secrets in the text of files: private keys, and tokens whose form is their issuer's alone.

A rule is here when hardly anything else looks like it: a prefix that was made to be searched for, a fixed length, a
fixed alphabet. So JSON Web Tokens are not (examples and expired ones are everywhere), nor passwords in URLs, nor long
random text. Nothing that is found is ever shown: file, line and rule are enough to find it again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from jupyter_modelpack.limits import CHUNK, SECRET_BINARY_BYTES, SECRET_DATA_BYTES, SECRET_TEXT_BYTES

_LOOK_BEHIND: Final = 1024
"""Kept of the chunk before: longer than any token, and than a key's header with its first line."""

_TYPED: Final = (
    *(".py", ".ipynb", ".r", ".jl", ".sh", ".js", ".ts", ".sql", ".md", ".rst", ".txt", ".log", ".html", ".xml"),
    *(".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".properties", ".env", ".tf", ".dockerfile"),
)
"""Endings of what people, or their tools, write secrets into; other text is data."""

_WIDE = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of secret looks like.

    Attributes:
        name: Short, for people.
        marker: What each begins with; searched for first, which costs next to nothing.
        pattern: The whole of it.
    """

    name: str
    marker: bytes
    pattern: re.Pattern[bytes]


def _rule(name: str, marker: str, pattern: str) -> Rule:
    return Rule(name, marker.encode(), re.compile(pattern.encode()))


_BEFORE, _AFTER = r"(?<![A-Za-z0-9_/+-])", r"(?![A-Za-z0-9_/+-])"
RULES: Final = (
    # A header alone is a word in a program; with a line of base64 behind it, it is a key.
    _rule(
        "private key",
        "-----BEGIN ",
        r"-----BEGIN (?:[A-Z0-9]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----(?:[ \t\r\n]|\\r|\\n|[\"',+]){1,40}"
        r"(?:[A-Z][\w-]{2,20}: [^\r\n]{1,100}[\r\n]+){0,4}[\r\n]{0,4}[ \t]{0,16}[A-Za-z0-9+/=]{32}",
    ),
    *(
        _rule("AWS access key", kind, rf"{_BEFORE}{kind}(?![A-Z0-9]{{9}}EXAMPLE)[A-Z2-7]{{16}}{_AFTER}")
        for kind in ("AKIA", "ASIA")
    ),
    *(
        _rule("GitHub token", kind, rf"{_BEFORE}{kind}[A-Za-z0-9]{{36,251}}{_AFTER}")
        for kind in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")
    ),
    _rule("GitHub token", "github_pat_", r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    _rule("GitLab token", "glpat-", rf"{_BEFORE}glpat-[A-Za-z0-9_-]{{20,60}}{_AFTER}"),
    _rule("Slack token", "xox", rf"{_BEFORE}xox[abeprs]-[0-9]{{6,}}-[A-Za-z0-9-]{{10,200}}"),
    _rule("Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/\w{24}"),
    _rule("Google API key", "AIza", rf"{_BEFORE}AIza[A-Za-z0-9_-]{{35}}{_AFTER}"),
    _rule("Google OAuth secret", "GOCSPX-", rf"{_BEFORE}GOCSPX-[A-Za-z0-9_-]{{28}}{_AFTER}"),
    _rule("Hugging Face token", "hf_", rf"{_BEFORE}hf_[A-Za-z]{{34}}{_AFTER}"),
    _rule("OpenAI key", "T3BlbkFJ", r"T3BlbkFJ[A-Za-z0-9_-]{20,120}"),  # its middle, the same in all of them
    _rule("Anthropic key", "sk-ant-", rf"{_BEFORE}sk-ant-[a-z]{{3,10}}\d\d-[A-Za-z0-9_-]{{80,120}}"),
    *(_rule("Stripe key", kind, rf"{_BEFORE}{kind}[A-Za-z0-9]{{24,120}}{_AFTER}") for kind in ("sk_live_", "rk_live_")),
    _rule("SendGrid key", "SG.", rf"{_BEFORE}SG\.[A-Za-z0-9_-]{{22}}\.[A-Za-z0-9_-]{{43}}{_AFTER}"),
    _rule("npm token", "npm_", rf"{_BEFORE}npm_[A-Za-z0-9]{{36}}{_AFTER}"),
    _rule("PyPI token", "pypi-AgE", rf"{_BEFORE}pypi-AgE[A-Za-z0-9_-]{{50,250}}"),
    _rule("Databricks token", "dapi", rf"{_BEFORE}dapi[0-9a-f]{{32}}(?:-\d)?{_AFTER}"),
    _rule("DigitalOcean token", "dop_v1_", rf"{_BEFORE}dop_v1_[0-9a-f]{{64}}{_AFTER}"),
    _rule("Vault token", "hvs.", rf"{_BEFORE}hvs\.[A-Za-z0-9_-]{{90,120}}"),
    _rule("Azure storage key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{86}=="),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A secret that stands in a text.

    Attributes:
        line: Counted from 1.
        rule: What it is.
    """

    line: int
    rule: str


_FORMAT: Final = 1
"""Raise it when the same rules find something else."""


@lru_cache
def version() -> str:
    """Return a word that changes with what is looked for, where, and how far."""
    rules = [(rule.name, rule.marker, rule.pattern.pattern, rule.pattern.flags) for rule in RULES]
    bounds = (SECRET_BINARY_BYTES, SECRET_DATA_BYTES, SECRET_TEXT_BYTES)
    return hashlib.sha256(repr((_FORMAT, rules, _TYPED, bounds)).encode()).hexdigest()


def find_secret(read: Callable[[int], bytes], most: int = SECRET_TEXT_BYTES) -> Found | None:
    """Return the first secret of a file, or None; it is read by chunks, and of what is no text the beginning alone.

    Args:
        read: Gives the next bytes, at most so many.
        most: Bytes of a text to look at.

    """
    before, lines, seen, bound = b"", 1, 0, 0
    wide = False
    while chunk := read(CHUNK if seen else min(CHUNK, most)):
        if not seen:
            wide = chunk.startswith(_WIDE)
            bound = SECRET_BINARY_BYTES if b"\0" in chunk[:SECRET_BINARY_BYTES] and not wide else most
        chunk = chunk[: bound - seen]
        seen += len(chunk)
        text = before + (chunk.replace(b"\0", b"") if wide else chunk)
        found = _first(text)
        if found:
            at, rule = found
            return Found(lines + text.count(b"\n", 0, at), rule)
        before = text[-_LOOK_BEHIND:]
        lines += text.count(b"\n", 0, len(text) - len(before))
        if seen >= bound:
            break
    return None


def _first(text: bytes) -> tuple[int, str] | None:
    """Return where the first secret begins; an expression is tried where its marker stands, and nowhere else."""
    found = []
    for rule in RULES:
        at = text.find(rule.marker)
        while at >= 0:
            if rule.pattern.match(text, at):
                found.append((at, rule.name))
                break
            at = text.find(rule.marker, at + len(rule.marker))
    return min(found, default=None)


def bound_of(name: str) -> int:
    """Return how much of a text file of that name to look at: all that people type, the beginning of data."""
    return SECRET_TEXT_BYTES if name.casefold().endswith(_TYPED) else SECRET_DATA_BYTES
