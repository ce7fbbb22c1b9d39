"""Explain why uv could not resolve or fetch, with a hint.

The log has uv's output in full.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from jupyter_modelpack.errors import BuildFailed, Denied, ModelpackError, Unavailable, Untrusted, UsageError
from jupyter_modelpack.oci.manifest import Platform

_CAUSE_CHARACTERS = 300
"""A line or two; three facts fit."""

_SAID_CHARACTERS = 16_384
"""Most of what uv says that is looked through, half from its beginning and half from its end: a conflict of 200
packages fits, and names that packages choose cannot make a search long."""

_FACTS = 3
_FACT = re.compile(
    r"(?:Because|[Aa]nd because|and) (?P<fact>(?:you require|(?!we |only |there |you )\S+ depends on) .+?)"
    r"(?=,? (?:and (?:you require|because|only|\S+ depends on)|we can conclude)|\. |\.?$)"
)


def explain(error: BuildFailed, platform: Platform) -> ModelpackError:
    """Return the error that explains uv's last lines for requirements of an image for `platform`."""
    text = _bounded(" ".join(" ".join(error.log_tail).split()))
    for found in (*_OUTSIDE, *_HASHES, *_CAUSES):
        said = _no_wheel(text, platform) if found is _no_wheel else found(text)
        if said:
            return said
    reason = text.partition("cause:")[2].strip() or text
    reason = reason.partition(" hint:")[0].replace(", we can conclude that your requirements are unsatisfiable", "")
    return _unmet(_short(reason) if reason else error.message, "The log has all that uv says of it.")


def _bounded(text: str) -> str:
    half = _SAID_CHARACTERS // 2
    return text if len(text) <= _SAID_CHARACTERS else f"{text[:half]} ... {text[-half:]}"


def _unmet(reason: str, hint: str) -> BuildFailed:
    reason = reason.rstrip(".")
    return BuildFailed(
        f"The requirements cannot be met: {reason[:1].lower() + reason[1:] if reason[:7] == 'Because' else reason}.",
        step="Resolving the requirements",
        code="unsatisfiable",
        hint=hint,
    )


def _short(text: str) -> str:
    return text if len(text) <= _CAUSE_CHARACTERS else f"{text[:_CAUSE_CHARACTERS].rsplit(' ', 1)[0]} ..."


# --- what lies outside the requirements ---


def _unreachable(text: str) -> ModelpackError | None:
    if "error sending request" not in text and "Request failed after" not in text:
        return None
    return Unavailable(
        "The package index cannot be reached, and what is needed is not in the cache.",
        hint="Check the network and its settings (UV_DEFAULT_INDEX, HTTPS_PROXY, SSL_CERT_FILE) and try again.",
        code="index-unreachable",
        retry=True,
    )


def _denied(text: str) -> ModelpackError | None:
    if "401 Unauthorized" not in text and "403 Forbidden" not in text:
        return None
    place = re.search(r"https?://(?:[^/\s]*@)?([^/\s)]+)", text)
    return Denied(
        f"The package index at {place[1] if place else 'one of the addresses'} wants another password, or any.",
        hint="Write it into UV_INDEX (https://user:password@host/simple) or ~/.netrc, or use `uv auth login`: "
        "one that stood in the requirements is kept nowhere.",
        code="index-denied",
    )


def _offline(text: str) -> ModelpackError | None:
    if "network was disabled" not in text and "Network connectivity is disabled" not in text:
        return None
    name = re.search(r"Because (\S+) was not found in the cache", text)
    return Unavailable(
        f"{name[1] if name else 'A package'} was never fetched on this machine, and UV_OFFLINE forbids to do it now.",
        hint="Take UV_OFFLINE out of the environment, or name a folder that has the wheels: --find-links FOLDER among "
        "the requirements.",
        code="index-unreachable",
        retry=True,
    )


# --- hashes ---


def _hash_mismatch(text: str) -> ModelpackError | None:
    found = re.search(r"Hash mismatch for `([^`]+)` Expected: (.+?) Computed: (.+?)(?: hint:|$)", text)
    if not found:
        return None
    package = found[1].replace("==", " ").partition(" @ ")[0]
    return Untrusted(
        f"{package} is not the file that is asked for: it has {found[3].strip()}, where "
        f"{' or '.join(found[2].split())} is asked for.",
        hint="It may have been changed. If you trust the file, write its hash into the requirements (that of the "
        "file for this Python and platform), or resolve again with --upgrade where a lock asks.",
        code="hash-mismatch",
    )


def _hash_missing(text: str) -> ModelpackError | None:
    listed = re.search(r"must have a hash, but none were provided for: (.+?)(?: hint:|$)", text)
    if listed:
        return UsageError(
            f"{listed[1].strip()} has no --hash, and the requirements ask for hashes.",
            hint="With one --hash, or --require-hashes, all need one: `uv pip compile --generate-hashes` writes them.",
            code="hash-missing",
        )
    pinned = re.search(r"pinned (?:upfront )?with `==`, but found: `?(.+?)`?(?: hint:|$)", text)
    if pinned:
        return UsageError(
            f"{pinned[1].strip()} is not pinned with ==, and the requirements ask for hashes.",
            hint="A hash is that of one version: `uv pip compile --generate-hashes` writes both.",
            code="hash-missing",
        )
    needed = re.search(r"no trusted hash was provided for: `([^`]+)`", text)
    if needed:
        return UsageError(
            f"{needed[1]} is needed by the requirements and has no line with --hash among them, though they ask for "
            "hashes.",
            hint="List what is needed in turn, too: `uv pip compile --generate-hashes` writes all of it.",
            code="hash-missing",
        )
    return None


# --- requirements that cannot be met ---


def _first_index(text: str) -> ModelpackError | None:
    found = re.search(r"`([^`]+)` was found on (\S+), but not at the requested version(?: \(([^)]+)\))?", text)
    if not found:
        return None
    return _unmet(
        f"{found[3] or found[1]} is not on {found[2]}, which has other versions of {found[1]} and is asked first",
        "Only the first index that has a name is asked for it, so that nobody can offer a package of yours elsewhere. "
        "Where all of them are trusted, set UV_INDEX_STRATEGY=unsafe-best-match in the environment, as pip does it.",
    )


def _no_such_name(text: str) -> ModelpackError | None:
    found = re.search(r"(?<!\S)(\S+) was not found in the (?:package registry|provided package locations|cache)", text)
    if not found:
        return None
    return _unmet(
        f"the package index has no package {found[1].removeprefix('Because ')}",
        "Check the spelling. A package may have another name than the module that is imported; one of your company's "
        "needs its index: --extra-index-url URL among the requirements.",
    )


def _no_wheel(text: str, platform: Platform | None = None) -> ModelpackError | None:
    every = list(re.finditer(r"(?<!\S)(\S+) has no (?:usable )?wheels(?: with a matching ([\w ]+?) tag)?", text))
    if not every:
        return None
    found = every[-1]  # of several versions, the newest comes last
    package, of_python = found[1], "Python" in (found[2] or "")
    if "building from source is disabled" in text and not found[2]:
        return _unmet(
            f"{package} has no wheel, and --only-binary allows nothing else",
            "Name another version, or take --only-binary out for this package.",
        )
    there = re.search(r"ABI tags: ((?:`\w+`(?:, )?)+)" if of_python else r"platforms: ((?:`\w+`(?:, )?)+)", text)
    wheels = f"; there are wheels for {there[1].replace('`', '').strip(', ')}" if there else ""
    wanted = re.search(r"You require (CPython [\d.]+)", text)
    if of_python:
        return _unmet(
            f"{package} has no wheel for {wanted[1] if wanted else 'the Python of the image'}{wheels}",
            "Name a newer version, or a Python that it has wheels for (python=3.10 in a conda file's dependencies).",
        )
    return _unmet(
        f"{package} has no wheel for {platform or 'the platform of the image'}{wheels}",
        "Name a version with a wheel for it, or leave the package out where it is for another system: "
        "PACKAGE; sys_platform == 'win32'",
    )


def _python(text: str) -> ModelpackError | None:
    found = re.search(r"requested Python version \(([^)]+)\) does not satisfy Python([^\s,]+(?:,[^\s,]+)*)", text)
    if not found:
        return None
    package = re.search(r"and (\S+) depends on Python", text)
    return _unmet(
        f"{package[1] if package else 'a package'} needs Python {found[2]}, and the image has Python {found[1]}",
        "Name another version of it, or another Python (python=3.10 in a conda file's dependencies).",
    )


def _no_such_version(text: str) -> ModelpackError | None:
    absent = re.search(r"there (?:is|are) no versions? of (\S+)", text)
    only = re.search(r"only (\S+) is available and you require ([^\s,]+(?:,\S+?)*?),? we can", text)
    if not absent and not only:
        return None
    wanted = absent[1] if absent else only[2] if only else ""
    name = re.split(r"[<>=!~{\[]", wanted, maxsplit=1)[0]
    there = f"; there is {only[1]}" if only else ""
    return _unmet(
        f"there is no version {wanted[len(name) :]} of {name}{there}" if name != wanted else f"{name} has no versions",
        f"See which there are: pip index versions {name}. Pre-releases count with --pre among the requirements alone.",
    )


def _conflict(text: str) -> ModelpackError | None:
    facts = list(dict.fromkeys(match["fact"].strip(" ,.") for match in _FACT.finditer(text.partition(" hint:")[0])))
    facts = [_readable(fact) for fact in facts if "we can conclude" not in fact]
    if not facts or "No solution found" not in text:
        return None
    shown = facts if len(facts) <= _FACTS else [*facts[: _FACTS - 1], facts[-1]]
    rest = f" (and {len(facts) - len(shown)} more that the log names)" if len(facts) > len(shown) else ""
    return _unmet(
        _short(f"two of them contradict each other: {'; '.join(shown)}") + rest,
        "Loosen one of them: take its version out, or name one that goes with the other.",
    )


def _readable(fact: str) -> str:
    return re.sub(r"\{[^{}]*\}", "", fact)


def _not_built(text: str) -> ModelpackError | None:
    found = re.search(r"Failed to (?:download and )?build `([^`]+)`", text)
    if not found:
        return None
    return BuildFailed(
        f"{found[1].replace('==', ' ')} has no wheel that fits, and cannot be built from its source here.",
        hint="Name a version that has a wheel: --only-binary :all: among the requirements takes no other. "
        "Why its build failed is in the log.",
        code="source-not-built",
        step="Building from source",
    )


_OUTSIDE: tuple[Callable[[str], ModelpackError | None], ...] = (_unreachable, _denied, _offline)
_HASHES: tuple[Callable[[str], ModelpackError | None], ...] = (_hash_mismatch, _hash_missing)
_CAUSES: tuple[Callable[[str], ModelpackError | None], ...] = (
    _not_built,
    _first_index,
    _no_such_name,
    _no_wheel,
    _python,
    _no_such_version,
    _conflict,
)
