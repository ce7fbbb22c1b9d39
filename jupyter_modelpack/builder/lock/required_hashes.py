"""Compare the hashes of a requirements file with those of a lock.

As with pip, one ``--hash`` (or ``--require-hashes``) makes all packages need one. A lock is checked for every
image, whether it is new, cached or from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from jupyter_modelpack.builder.lock.pylock import Lock, Locked
from jupyter_modelpack.builder.lock.requirement_line import ARCHIVES, RequirementLine, named, parse_lines, take_apart
from jupyter_modelpack.builder.server_layer import server_requirements
from jupyter_modelpack.errors import Untrusted, UsageError
from jupyter_modelpack.redact import scrub

_SERVER = Path(__file__).with_name("server_hashes.txt")


def hashes_required(lines: Iterable[RequirementLine]) -> bool:
    """Whether every package needs a hash."""
    return any(line.hashes or line.value("--require-hashes") is not None for line in lines)


def server_pins(requirements: Sequence[str], constraints: Sequence[str]) -> list[str]:
    """Return the scoring server's requirements with their hashes, or those of the constraints.

    Those that the requirements pin are left out; a constraint alone installs nothing.
    """
    theirs = {named(line.wanted).name for line in parse_lines(requirements) if line.hashes}
    limited = [line for line in with_constraints(server_requirements(), constraints) if take_apart(line).hashes]
    text = _SERVER.read_text().replace("\\\n", "")
    ours = [" ".join(line.split()) for line in text.splitlines()]
    pins = {named(take_apart(line).wanted).name: line for line in (*ours, *limited)}
    return [line for name, line in pins.items() if name not in theirs]


def with_constraints(requirements: Sequence[str], constraints: Sequence[str]) -> list[str]:
    """Return the requirements with versions and hashes of their constraints, since uv wants both in one line."""
    pins = {named(line.wanted).name: line for line in parse_lines(constraints) if line.hashes}
    found = []
    for given in requirements:
        text = given
        line = take_apart(given)
        pin = pins.get(named(line.wanted).name) if line.wanted and not line.hashes else None
        try:
            wanted = Requirement(line.wanted) if pin else None
        except InvalidRequirement:  # a path: its constraint is compared with the lock
            wanted = None
        if pin and wanted and not wanted.url:
            wanted.specifier = _both(wanted.specifier, SpecifierSet(named(pin.wanted).specifier))
            text = " ".join([str(wanted), *(f"--hash=sha256:{digest}" for digest in sorted(pin.hashes))])
        found.append(text)
    return found


def _both(wanted: SpecifierSet, pin: SpecifierSet) -> SpecifierSet:
    """Return the combined specifier; the pin alone where that suffices, since uv wants only ``==``."""
    for only in pin if len(pin) == 1 else ():
        exact = only.operator == "==" and not only.version.endswith("*")
        if exact and wanted.contains(only.version, prereleases=True):
            return pin
    return wanted & pin


def refuse_unnamed(lines: Iterable[RequirementLine]) -> None:
    """Raise `UsageError` for a requirement whose file cannot be verified before it runs code."""
    for line in lines:
        place = named(line.wanted)
        address = "://" in line.wanted and line.wanted.partition(";")[0].partition("#")[0].strip()
        if line.value("--editable") is not None or (line.wanted and not place.name):
            what = line.value("--editable") or line.wanted
            raise UsageError(
                f"{scrub(what)}: a folder or repository has no hash, and the requirements ask for hashes.",
                hint="Build a wheel of it (`python -m build --wheel`) and name the wheel with its --hash.",
                code="no-hash",
            )
        if address and not address.startswith("file:") and address.endswith(ARCHIVES[1:]):
            raise UsageError(
                f"{scrub(line.wanted)}: a source archive at an address is run to learn what it needs, before its hash "
                "counts.",
                hint="Name a wheel, or fetch the archive and name the file.",
                code="no-hash",
            )


def check_hashes(lock: Lock, requirements: Sequence[str], environment: Mapping[str, str], *, all_of: bool) -> None:
    """Raise `Untrusted` naming the first package whose file is not one of those the requirements allow.

    Args:
        lock: What would be installed.
        requirements: Lines of the requirements, those of constraints files among them.
        environment: The environment to evaluate markers in.
        all_of: Whether a package without a hash is refused.

    """
    lines = parse_lines(requirements)
    allowed = [one for line in lines if line.wanted for one in _Allowed.of(line)]
    wanted = [one for one in allowed if one.counts(environment)]
    for package in lock.packages:
        asked = [one for one in wanted if one.fits(package)]
        for one in asked:
            if package.digest not in one.hashes:
                raise _mismatch(package, one)
        if all_of and not asked:
            raise UsageError(
                f"{package.name} {package.version} has no --hash, and the requirements ask for hashes.",
                hint=f"If {_file(package)} is the file you trust, add: {package.name}=={package.version} "
                f"--hash=sha256:{package.digest}",
                code="hash-missing",
            )


@dataclass(frozen=True, slots=True)
class _Allowed:
    name: str
    specifier: str
    marker: str
    hashes: frozenset[str]

    @classmethod
    def of(cls, line: RequirementLine) -> list[_Allowed]:
        """Return the digests of --hash, then that of the URL's fragment: a file must match both."""
        found = named(line.wanted)
        fragment = frozenset({found.fragment} if found.fragment else ())
        return [cls(found.name, found.specifier, found.marker, some) for some in (line.hashes, fragment) if some]

    def counts(self, environment: Mapping[str, str]) -> bool:
        try:
            return not self.marker or Marker(self.marker).evaluate({"extra": "", **environment})
        except InvalidMarker:  # uv reports it
            return True

    def fits(self, package: Locked) -> bool:
        if self.name != canonicalize_name(package.name):
            return False
        try:
            return SpecifierSet(self.specifier).contains(Version(package.version), prereleases=True)
        except InvalidVersion:  # an unknown digest is not accepted
            return True


def _mismatch(package: Locked, wanted: _Allowed) -> Untrusted:
    given = " or ".join(f"sha256:{digest}" for digest in sorted(wanted.hashes)[:3])
    more = f" or {len(wanted.hashes) - 3} more" if len(wanted.hashes) > 3 else ""
    return Untrusted(
        f"{package.name} {package.version} is not the file that is asked for: {_file(package)} has "
        f"sha256:{package.digest}, where the requirements ask for {given}{more}.",
        hint="It may have been changed. If you trust the file, write its hash into the requirements: that of the "
        "file for this Python and platform.",
        code="hash-mismatch",
    )


def _file(package: Locked) -> str:
    return package.place.partition("#")[0].rpartition("/")[2] or "its file"
