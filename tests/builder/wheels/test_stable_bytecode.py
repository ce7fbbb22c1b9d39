"""Bytecode is the same from each release of a minor version."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_modelpack.builder.build import build
from jupyter_modelpack.builder.lock.pylock import uv_environment, uv_program
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.verify import verify
from jupyter_modelpack.builder.wheels import bytecode
from jupyter_modelpack.builder.wheels.bytecode import Compilers
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import Platform
from tests.faults import SOAK
from tests.services.another_python import found

OTHER_RELEASE = "/usr/bin/python3.11"
"""Debian's own: another release than that of the tests, most often."""

CORPUS = ("numpy", "scipy", "pandas", "scikit-learn", "click")
LONG = ("torch", "sympy", "spacy", "statsmodels", "transformers") if SOAK else ()

WITH_MATCH = b"""
def kind(value):
    match value:
        case str():
            return "text"
        case None:
            return "nothing"
"""


def compiled(compiler: str, modules: list[tuple[str, bytes]], python: str = "3.11") -> dict[str, bytes]:
    with Compilers(BuildTarget(python, Platform("linux", "amd64"), compiler), Reporter()) as compilers:
        return compilers.compile(modules)


def sources(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*.py")):
        yield str(path.relative_to(folder)), path.read_bytes()


@pytest.mark.network
@pytest.mark.timeout(600)
def test_two_releases_make_the_same_of_all_that_services_use(tmp_path):
    argv = [uv_program(), "pip", "install", "--quiet", "--target", str(tmp_path), *CORPUS, *LONG]
    subprocess.run(argv, check=True, env=uv_environment())
    modules = list(sources(tmp_path))
    assert len(modules) > 3000
    ours, theirs = compiled(sys.executable, modules), compiled(OTHER_RELEASE, modules)
    assert sorted(path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path)) == []
    assert "click/__pycache__/utils.cpython-311.pyc" not in ours, "it has a match statement"
    assert len(ours) > 1500


def test_a_match_statement_stays_source_and_a_variable_of_that_name_does_not():
    modules = [
        ("a.py", WITH_MATCH),
        ("b.py", b"import re\nmatch = re.match('a', 'a')\ncase = 1\n"),
        ("c.py", b'"""\nmatch x:\n    case 1:\n"""\n'),
        ("d.py", WITH_MATCH.replace(b"\n", b"\r")),
    ]
    paths = {"__pycache__/b.cpython-311.pyc", "__pycache__/c.cpython-311.pyc"}
    assert compiled(sys.executable, modules).keys() == paths


SUBJECTS = ("(x)", "[x]", "{1: x}", "-x", "not x", "*x, 1", "'x'", "\\\n x", "\tx", "...", ".5")
CASES = ("(1)", "[1]", "{1: y}", "-1", "*y, 1", "'x'", "\\\n 1", "_", "[*_]", ".5")


def test_every_form_of_match_statement_is_seen():
    modules = []
    for number, (subject, pattern) in enumerate(itertools.product(SUBJECTS, CASES)):
        between = "" if subject[0] in "([{-." else " "
        source = f"x = 1\nif x:\n    match{between}{subject}:\n      case {pattern}:\n        pass\n"
        compile(source, "a.py", "exec")
        modules.append((f"a{number}.py", source.encode()))
    others = [("b.py", b"x = 1\n")]
    assert [*compiled(sys.executable, [*modules, *others])] == ["__pycache__/b.cpython-311.pyc"]


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_a_match_statement_on_the_first_line_is_seen(mark):
    source = f"{mark}match 1:\n  case _:\n    pass\n"
    compile(source.encode(), "a.py", "exec")
    assert compiled(sys.executable, [("a.py", source.encode())]) == {}


def test_a_set_of_texts_is_in_one_order_under_older_releases_too():
    """Before 3.11 a set's constants lie in the order of their hashes, which every process draws for itself."""
    older = found("==3.10.*", "3.10")
    words = ", ".join(f"'word{number}'" for number in range(20))
    module = [("a.py", f"def f(x):\n    return x in {{{words}}}\n".encode())]
    first = compiled(older, module, "3.10")
    assert len(first) == 1
    assert compiled(older, module, "3.10") == compiled(older, module, "3.10") == first


@pytest.mark.network
def test_verify_names_the_file_and_the_reason(recipe, store, tmp_path, monkeypatch):
    """As it was packaged by an earlier version, which compiled match statements, too."""
    earlier = tmp_path / "compile_wheel.py"
    text = bytecode._SCRIPT.read_text()
    assert "        if _is_unstable(source):\n" in text
    earlier.write_text(text.replace("        if _is_unstable(source):\n", "        if False:\n"))
    with monkeypatch.context() as patched:
        patched.setattr(bytecode, "_SCRIPT", earlier)
        built = build(recipe("click==8.5.1"), store, Reporter())
    library, difference = verify(built.image, Reporter()).differences
    assert library.what == "bytecode of Python's own modules"
    assert "click/__pycache__/utils.cpython-311.pyc (in the image alone)" in difference.why
    assert "bytecode that another release of Python 3.11 has made, or an earlier version of modelpack" in difference.why
