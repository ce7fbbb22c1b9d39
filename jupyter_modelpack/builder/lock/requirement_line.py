"""Parse one line of a requirements file as pip documents it.

Every option that pip knows is obeyed or refused by its name; a line that is ignored silently would be a constraint
without effect.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, canonicalize_name
from packaging.utils import parse_sdist_filename as parse_sdist
from packaging.utils import parse_wheel_filename as parse_wheel

from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.redact import scrub

_SHORT = {
    "-i": "--index-url",
    "--pypi-url": "--index-url",
    "-f": "--find-links",
    "-c": "--constraint",
    "-r": "--requirement",
    "-e": "--editable",
    "-C": "--config-settings",
    "--config-setting": "--config-settings",
}
PATHS = ("--constraint", "--requirement", "--editable", "--find-links")
ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")
_VALUES = (*PATHS, "--index-url", "--extra-index-url", "--no-binary", "--only-binary", "--trusted-host", "--hash")
_FLAGS = ("--no-index", "--pre", "--require-hashes")
_BUILT = "Build a wheel with it (`python -m build --wheel`) and name the wheel's file in its place."
_REFUSED = {
    "--prefer-binary": "Write `--only-binary :all:` for wheels alone, or pin the version that has a wheel.",
    "--use-feature": "It is a switch of pip itself, which does not take part: take the line out.",
    "--all-releases": "Write --pre to allow pre-releases of all packages.",
    "--only-final": "Final releases are what is taken unless --pre is written: take the line out.",
    "--global-option": _BUILT,
    "--config-settings": _BUILT,
}
_HASH = re.compile(r"sha256:[0-9a-fA-F]{64}")
_FRAGMENT = re.compile(r"(?:^|&)sha256=([0-9a-fA-F]{64})(?:&|$)")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s*=\s*|\s+|(?<=-e))(?P<rest>\S.*)")
_FROM_OPTION = re.compile(r"\s(?=--?[A-Za-z])")
_COMMENT = re.compile(r"(^|(?<!\s)\s+)#.*$")
_EXTRAS = re.compile(r"(?P<place>.*?)(?P<extras>\[[^\[\]]*\])?")


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """A parsed line.

    Attributes:
        wanted: The requirement without options; empty on a line of options alone.
        options: Each option by its long name, with its value; empty for a flag.
    """

    wanted: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def hashes(self) -> frozenset[str]:
        """The sha256 hex digests that the requirement allows."""
        return frozenset(value.partition(":")[2].lower() for name, value in self.options if name == "--hash")

    def value(self, option: str) -> str | None:
        """Return the value of an option, or None when the line does not have it."""
        return next((value for name, value in self.options if name == option), None)


def take_apart(text: str) -> RequirementLine:
    """Parse a logical line, dropping its comment.

    Raises:
        UsageError: it has an option that pip does not know, or one that is not supported here.

    """
    editable = _EDITABLE.fullmatch(text)
    if editable:
        place, rest = _cut(editable["rest"])
        return RequirementLine("", (("--editable", place), *_options(rest, scrub(place))))
    wanted, rest = ("", text) if text.startswith("-") else _cut(text)
    return RequirementLine(wanted, tuple(_options(rest, scrub(wanted))))


def _cut(text: str) -> tuple[str, str]:
    """Split a line before its first option, as pip does."""
    found = _FROM_OPTION.search(text)
    return (text[: found.start()].strip(), text[found.end() :]) if found else (text.strip(), "")


def _options(text: str, wanted: str) -> Iterator[tuple[str, str]]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(
            f"{text.split(maxsplit=1)[0].partition('=')[0]} among the requirements has a quote that nothing closes.",
            code="bad-requirements",
        ) from error
    while words:
        option, given, value = _named(words.pop(0))
        if option in _REFUSED:
            raise UsageError(
                f"{option}{f' of {wanted}' if wanted else ''} among the requirements is not obeyed here.",
                hint=_REFUSED[option],
                code="option-not-obeyed",
            )
        if option in _FLAGS and not given:
            yield option, ""
            continue
        if option not in _VALUES:
            raise UsageError(
                f"{option}{f' of {wanted}' if wanted else ''} is no option that pip takes among requirements.",
                hint="Take it out, or check its spelling.",
                code="option-unknown",
            )
        if not given:
            value = words.pop(0) if words else ""
        while option in PATHS and words and not words[0].startswith("-"):  # a path with a space
            value += f" {words.pop(0)}"
        _check(option, value, wanted)
        yield option, value


def _named(word: str) -> tuple[str, bool, str]:
    """Return an option's long name, whether the word holds its value, and the value."""
    option, equals, value = word.partition("=")
    if not option.startswith("--") and option[:2] in _SHORT and len(option) > 2:  # -rbase.txt
        option, equals, value = word[:2], "=", word[2:].removeprefix("=")
    return _SHORT.get(option, option), bool(equals), value


def _check(option: str, value: str, wanted: str) -> None:
    if not value:
        raise UsageError(f"{option} among the requirements lacks its value.", code="bad-requirements")
    if option != "--hash":
        return
    if not wanted:
        raise UsageError(
            "--hash among the requirements stands on a line of its own: it is for no requirement.",
            hint="Write it behind its requirement, or end the line before with \\.",
            code="bad-requirements",
        )
    if not _HASH.fullmatch(value):
        kind = value.partition(":")[0][:20]
        raise UsageError(
            f"--hash={kind}:... of {wanted} is not a sha256 in full, and no other hash is checked here.",
            hint="Write --hash=sha256: with 64 hex digits; `pip hash FILE` prints it.",
            code="bad-hash",
        )


def logical_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield the logical lines of a requirements file: without comments, continuations joined."""
    joined = ""
    for line in (part for text in lines for part in text.splitlines()):
        joined += _COMMENT.sub("", line)
        if joined.endswith("\\"):
            joined = joined[:-1]
            continue
        if joined.strip():
            yield joined.strip()
        joined = ""
    if joined.strip():
        yield joined.strip()


def parse_lines(lines: Iterable[str]) -> list[RequirementLine]:
    """Parse each line."""
    return [take_apart(line) for line in lines]


def split_marker(wanted: str) -> tuple[str, str]:
    """Split a path or URL from its marker."""
    place, _, marker = wanted.partition(" ;" if "://" in wanted else ";")
    return place.strip(), marker.strip()


def split_extras(place: str) -> tuple[str, str]:
    """Split ``./pkg[extra]`` into ``./pkg`` and ``[extra]``."""
    found = _EXTRAS.fullmatch(place)
    return (found["place"], found["extras"] or "") if found else (place, "")


@dataclass(frozen=True, slots=True)
class Named:
    """What a requirement's text tells.

    Attributes:
        name: Normalised; empty where only the file has it.
        specifier: ``==1.0``; empty for an address or a path.
        marker: Its environment marker; empty for none.
        fragment: The sha256 of its URL's fragment; empty for none.
    """

    name: str
    specifier: str = ""
    marker: str = ""
    fragment: str = ""


def named(wanted: str) -> Named:
    """Parse a requirement: ``six==1.16``, ``six @ https://...``, a URL or the path of a file."""
    try:
        if split_extras(split_marker(wanted)[0])[0].endswith(ARCHIVES) and " @ " not in wanted:
            raise InvalidRequirement  # a file name looks like a package name
        found = Requirement(wanted)
    except InvalidRequirement:
        place, marker = split_marker(wanted)
        file = unquote(urlsplit(split_extras(place)[0]).path).rpartition("/")[2]
        return Named(_of_file(file), "", marker, _fragment(place))
    marker = str(found.marker or "")
    return Named(canonicalize_name(found.name), str(found.specifier), marker, _fragment(found.url or ""))


def _of_file(name: str) -> str:
    try:
        return parse_wheel(name)[0] if name.endswith(".whl") else parse_sdist(name)[0]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return ""


def _fragment(url: str) -> str:
    found = _FRAGMENT.search(urlsplit(url).fragment)
    return found[1].lower() if found else ""


def trusted_hosts(lines: Sequence[RequirementLine]) -> list[str]:
    """Return uv's arguments for hosts that the requirements trust without a valid certificate."""
    hosts = (value for line in lines for name, value in line.options if name == "--trusted-host")
    return [word for host in hosts for word in ("--allow-insecure-host", host)]
