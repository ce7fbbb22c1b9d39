"""Find secrets in text: private keys, and tokens with a distinctive format.

Rules are limited to formats with few false positives: a distinctive prefix, a fixed length, a fixed alphabet. That
excludes JSON Web Tokens (examples and expired ones are everywhere), passwords in URLs and long random text. A secret
that is found is never shown: file, line and rule are enough to find it again.
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
"""Bytes kept of the previous chunk: more than any token, or a key's header with its first line."""

_TYPED: Final = (
    *(".py", ".ipynb", ".r", ".jl", ".sh", ".js", ".ts", ".sql", ".md", ".rst", ".txt", ".log", ".html", ".xml"),
    *(".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".properties", ".env", ".tf", ".dockerfile"),
)
"""Suffixes of files into which people or tools write secrets; other text is data."""

_WIDE = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Rule:
    """The format of one kind of secret.

    Attributes:
        name: Short, for people.
        marker: The prefix, which is searched for first, since that is fast.
        pattern: The complete format.
    """

    name: str
    marker: bytes
    pattern: re.Pattern[bytes]


def _rule(name: str, marker: str, pattern: str) -> Rule:
    return Rule(name, marker.encode(), re.compile(pattern.encode()))


_BEFORE, _AFTER = r"(?<![A-Za-z0-9_/+-])", r"(?![A-Za-z0-9_/+-])"
RULES: Final = (
    # A header alone occurs in programs; followed by a line of base64 it is a key.
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
    _rule("OpenAI key", "T3BlbkFJ", r"T3BlbkFJ[A-Za-z0-9_-]{20,120}"),  # the fixed middle part of such keys
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
    """A secret in a text.

    Attributes:
        line: Counted from 1.
        rule: What it is.
    """

    line: int
    rule: str


_FORMAT: Final = 1
"""Raise it when the same rules find different secrets."""


@lru_cache
def version() -> str:
    """Return a cache key of the rules and of how much is searched."""
    rules = [(rule.name, rule.marker, rule.pattern.pattern, rule.pattern.flags) for rule in RULES]
    bounds = (SECRET_BINARY_BYTES, SECRET_DATA_BYTES, SECRET_TEXT_BYTES)
    return hashlib.sha256(repr((_FORMAT, rules, _TYPED, bounds)).encode()).hexdigest()


def find_secret(read: Callable[[int], bytes], most: int = SECRET_TEXT_BYTES) -> Found | None:
    """Return the first secret of a file, or None; of binary files only the beginning is searched.

    Args:
        read: Returns the next bytes, at most so many.
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
    """Return the position of the first secret; patterns are tried only at their markers."""
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
    """Return how many bytes of a text file to search: all of what people write, the beginning of data."""
    return SECRET_TEXT_BYTES if name.casefold().endswith(_TYPED) else SECRET_DATA_BYTES
