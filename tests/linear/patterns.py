"""Every regular expression of the package, and texts made of it that cost a careless one most."""

from __future__ import annotations

import ast
import importlib
import itertools
import random
import re
import re._constants as op
import re._parser as sre
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services import CHECKOUT

PACKAGE = CHECKOUT / "jupyter_modelpack"
_ANCHORED = {"match", "fullmatch"}
_SEARCHING = {"search", "sub", "subn", "split", "findall", "finditer"}
_COMMON = ["a", "0", " ", "\n", "-", "_", ".", ":", "=", "'", "\\", "A", "/", "x"]


@dataclass(frozen=True)
class Found:
    """A pattern, where it stands and how it is used: `match`, `fullmatch` or `search`."""

    where: str
    pattern: re.Pattern[Any]
    use: str

    def apply(self, text: str) -> None:
        """Use it on `text` as the package does, or harder."""
        given: Any = text.encode("latin-1", "replace") if isinstance(self.pattern.pattern, bytes) else text
        if self.use == "search":
            for _ in self.pattern.finditer(given):
                pass
        else:
            getattr(self.pattern, self.use)(given)


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """Give every module of the package, parsed."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_bytes())


def using_re() -> Iterator[tuple[Path, ast.Module]]:
    """Give the modules that may have patterns, parsed: every worker of a run asks for them while it collects."""
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_bytes()
        if re.search(rb"\bre\.", source):
            yield path, ast.parse(source)


def all_patterns() -> list[Found]:
    """Give those that modules keep, and those that stand where they are used."""
    return [found for path, tree in using_re() for found in (*_kept(path, tree), *_inline(path, tree))]


def unknown_patterns() -> list[str]:
    """Give the places where a pattern is made of what only a run can tell."""
    return [
        f"{path.relative_to(PACKAGE)}:{ast.unparse(node)}"
        for path, tree in using_re()
        for node in ast.walk(tree)
        if _of_re(node) and not _top(tree, node) and _literal(node) is None
    ]


def _of_re(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in {"compile", *_ANCHORED, *_SEARCHING}
    )


def _top(tree: ast.Module, wanted: ast.AST) -> bool:
    return any(wanted is node for body in tree.body if isinstance(body, ast.Assign) for node in ast.walk(body))


def _literal(node: Any) -> Any:
    return node.args[0].value if isinstance(node.args[0], ast.Constant) else None


def _kept(path: Path, tree: ast.Module) -> Iterator[Found]:
    if not _imports_re(tree):
        return
    name = ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)
    own = {
        node.id
        for body in tree.body
        if isinstance(body, ast.Assign)
        for node in body.targets
        if isinstance(node, ast.Name)
    }
    for variable, value in vars(importlib.import_module(name)).items():
        if variable not in own:
            continue
        for one in value if isinstance(value, tuple | list) else [value]:
            pattern = one if isinstance(one, re.Pattern) else getattr(one, "pattern", None)
            if isinstance(pattern, re.Pattern):
                yield Found(f"{path.relative_to(PACKAGE)}:{variable}", pattern, _use(tree, variable))


def _imports_re(tree: ast.Module) -> bool:
    return "re" in {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}


def _use(tree: ast.Module, variable: str) -> str:
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == variable
    }
    others = used - _ANCHORED
    return "search" if others or not used else "match" if "match" in used else "fullmatch"


def _inline(path: Path, tree: ast.Module) -> Iterator[Found]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _of_re(node) and not _top(tree, node) and _literal(node) is not None:
            assert isinstance(node.func, ast.Attribute)
            use = node.func.attr if node.func.attr in _ANCHORED else "search"
            yield Found(f"{path.relative_to(PACKAGE)}:{node.lineno}", re.compile(_literal(node)), use)


@dataclass(frozen=True)
class Shape:
    """A text of any length: a beginning, what is repeated, an end."""

    begin: str
    pump: str
    end: str

    def text(self, length: int) -> str:
        """Give it with about `length` characters."""
        return self.begin + self.pump * (length // len(self.pump)) + self.end


def shapes(pattern: re.Pattern[Any]) -> list[Shape]:
    """Give shapes made of what the pattern takes, or nearly takes."""
    chance = random.Random(7)
    text = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    tree = sre.parse(text, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags)
    examples = {_example(tree, chance) for _ in range(6)}
    parts = {part for example in examples for part in _parts(example)}
    letters = sorted({*_COMMON, *(letter for example in examples for letter in example)})
    pumps = [*letters, *map("".join, itertools.permutations(letters[:11], 2)), *sorted(parts)]
    begins = ["", *sorted({example[:cut] for example in examples for cut in range(1, len(example))})][:16]
    plain = [Shape("", pump, end) for pump in pumps for end in ("", "\x00")]
    words = sorted({example[left:right] for example in examples for left, right in itertools.combinations(range(7), 2)})
    firsts = sorted({example[:1] for example in examples})
    return [
        *plain,
        *(Shape(begin, pump, "\x00") for begin in begins for pump in letters),
        *(Shape(first, word, "\x00") for first in firsts for word in words if word),
    ]


def _parts(example: str) -> Iterator[str]:
    for cut in range(2, len(example) + 1):
        yield example[:cut]
        yield example[-cut:]


def _example(tree: Any, chance: random.Random) -> str:
    """Give a short text that the pattern, or most of it, takes."""
    return "".join(_one(kind, value, chance) for kind, value in tree)


def _one(kind: Any, value: Any, chance: random.Random) -> str:
    if kind is op.LITERAL:
        return chr(value)
    if kind in {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}:
        low, high, body = value
        return "".join(_example(body, chance) for _ in range(chance.randint(low, min(int(high), low + 2))))
    if kind is op.SUBPATTERN:
        return _example(value[3], chance)
    if kind is op.ATOMIC_GROUP:
        return _example(value, chance)
    if kind is op.BRANCH:
        return _example(chance.choice(value[1]), chance)
    if kind is op.IN:
        return _of_class(value, chance)
    if kind in {op.ANY, op.NOT_LITERAL}:
        return "a"
    return ""  # a place, or what stands before or behind


def _of_class(value: Any, chance: random.Random) -> str:
    candidates = [letter for letter in (*_COMMON, *map(chr, range(33, 127))) if _within(value, letter)]
    return chance.choice(candidates[:8]) if candidates else chr(value[-1][1][0] if value[-1][0] is op.RANGE else 97)


def _within(value: Any, letter: str) -> bool:
    negated = value[0][0] is op.NEGATE
    code, found = ord(letter), False
    for kind, content in value:
        if kind is op.LITERAL:
            found |= code == content
        elif kind is op.RANGE:
            found |= content[0] <= code <= content[1]
        elif kind is op.CATEGORY:
            name = str(content)
            known = {"DIGIT": letter.isdigit(), "SPACE": letter.isspace(), "WORD": letter.isalnum() or letter == "_"}
            hit = next(said for word, said in known.items() if word in name)
            found |= hit != ("NOT_" in name)
    return found != negated
