"""Rules of the codebase that no linter knows."""

import ast
import importlib
import inspect
import itertools
import json
import re
import statistics
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import jupyter_modelpack
from tests.services import CHECKOUT

PACKAGE = CHECKOUT / "jupyter_modelpack"
HEAVY = {"IPython", "ipywidgets", "tornado", "docker", "requests"}
# Spelled in parts, so that this file does not name them.
REGISTRIES = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "yarn" + "pkg.com"]
REGISTRIES += ["deb." + "debian.org", "security." + "debian.org", "snapshot." + "debian.org"]
MACHINE_PATHS = r"(?<![\w.-])/(?:work|root|farm)/"


PUBLIC = getattr(jupyter_modelpack, "__all__", [])


def tracked(*patterns: str) -> list[Path]:
    said = subprocess.run(["git", "ls-files", "-z", "--", *patterns], cwd=CHECKOUT, capture_output=True, check=True)
    paths = [CHECKOUT / name for name in said.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def milliseconds(program: str) -> float:
    """Give the processor's time: a busy machine has others wait, and that is not the program's doing."""
    clock = f"import time; start = time.process_time(); {program}; print((time.process_time() - start) * 1000)"
    return float(subprocess.check_output([sys.executable, "-c", clock]))


def test_importing_the_package_is_quick():
    # Interleaved, so that a busy moment of the machine hits both; the least disturbed runs count.
    pairs = [(milliseconds("pass"), milliseconds("import jupyter_modelpack")) for _ in range(7)]
    assert statistics.median(package - bare for bare, package in pairs) < 60


def test_importing_the_package_pulls_in_nothing_heavy():
    program = "import jupyter_modelpack, json, sys; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.check_output([sys.executable, "-c", program]))
    assert HEAVY.isdisjoint(loaded)


def test_the_first_panel_waits_for_no_engine_and_no_workspace():
    works = ("engine", "registry", "store", "oci", "api", "catalog", "delivery", "analysis", "builder")
    program = (
        "import jupyter_modelpack.frontends.notebook.magics, jupyter_modelpack.frontends.notebook.session, json, sys;"
        "import jupyter_modelpack.frontends.widgets.presenter;"
        "from jupyter_modelpack.commands.grammar.parse import parse; parse(['package', '--model', 'x'], 'cell');"
        "print(json.dumps(sorted(sys.modules)))"
    )
    loaded = json.loads(subprocess.check_output([sys.executable, "-c", program]))
    assert [name for name in loaded if name.startswith(tuple(f"jupyter_modelpack.{one}" for one in works))] == []


@pytest.mark.parametrize("pattern", ["|".join(map(re.escape, REGISTRIES)), MACHINE_PATHS], ids=["registry", "machine"])
def test_no_tracked_file_names_a_place_of_ours(pattern):
    hits = [
        f"{path.relative_to(CHECKOUT)}:{number}: {line.strip()[:120]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert hits == []


@pytest.mark.parametrize("path", tracked("jupyter_modelpack/*.py"), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_file_says_in_one_sentence_what_it_is(path):
    first = (ast.get_docstring(ast.parse(path.read_bytes())) or "").partition("\n")[0]
    assert first, "the module has no docstring"
    assert first.endswith((".", ":", "?")), first


def test_every_text_below_a_name_stands_below_one():
    """What moves leaves none behind."""
    assert [
        f"{path.relative_to(CHECKOUT)}:{text.lineno}"
        for path in tracked("jupyter_modelpack/*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(body := getattr(node, "body", None), list)
        for before, text in itertools.pairwise(body)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
        if not isinstance(before, ast.Assign | ast.AnnAssign)
    ] == []


def test_no_subpackage_is_a_long_list_of_files():
    """At most 18 beside each other, so that a newcomer reads the list; in commands/ a file is a verb."""
    beside = Counter(path.parent for path in tracked("jupyter_modelpack/*.py") if path.name != "__init__.py")
    assert len(beside) > 30
    assert {
        str(folder.relative_to(CHECKOUT)): count
        for folder, count in beside.items()
        if count > 18 and folder.name != "commands"
    } == {}


def test_no_two_classes_share_a_name():
    """A name that means two things makes its reader look up which; what a file keeps to itself is its own matter."""
    # Scripts written for Azure import a Model inside images, and notebooks one outside.
    known = {"Model"}
    named = Counter(
        node.name
        for path in tracked("jupyter_modelpack/*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert len(named) > 200
    assert {name for name, count in named.items() if count > 1} == known


def test_the_lock_knows_every_dependency():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    wanted = {canonicalize_name(Requirement(line).name) for line in [*project["dependencies"], *extras]}
    locked = re.findall(r"^([\w.-]+)==", (CHECKOUT / "requirements.lock").read_text(), re.MULTILINE)
    assert wanted - {"jupyter-modelpack"} <= set(locked), "run `make lock`"


def test_all_is_exact():
    assert len(PUBLIC) == len(set(PUBLIC))
    assert set(PUBLIC) <= set(dir(jupyter_modelpack))
    for name in set(PUBLIC) - {"__version__"}:
        thing = getattr(jupyter_modelpack, name)
        assert inspect.getdoc(thing), f"{name} has no docstring"
        assert getattr(importlib.import_module(thing.__module__), name) is thing


def test_all_leaves_nothing_public_out():
    # Jupyter looks for the first two by name; the others are how the module itself is written.
    known = {"load_ipython_extension", "unload_ipython_extension", "TYPE_CHECKING", "annotations"}
    names = {
        name
        for name, value in vars(jupyter_modelpack).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert names - known <= set(PUBLIC)


def public_calls() -> list[tuple[str, Callable[..., object], str]]:
    """Give each public function and method with its text: that of a constructor is its class's."""
    calls: dict[Callable[..., object], tuple[str, str]] = {}
    for name in PUBLIC:
        thing = getattr(jupyter_modelpack, name)
        if inspect.isfunction(thing):
            calls[thing] = (name, inspect.getdoc(thing) or "")
        owners = inspect.getmro(thing) if inspect.isclass(thing) else ()
        for owner in owners:
            if not owner.__module__.startswith(jupyter_modelpack.__name__):
                continue
            for attribute, value in vars(owner).items():
                call = getattr(value, "__func__", value)
                if inspect.isfunction(call) and (attribute == "__init__" or not attribute.startswith("_")):
                    calls[call] = (
                        f"{owner.__name__}.{attribute}",
                        owner.__doc__ or "" if attribute == "__init__" else call.__doc__ or "",
                    )
    return [(name, call, inspect.cleandoc(text)) for call, (name, text) in calls.items()]


def described(text: str) -> set[str]:
    """Give the names that the ``Args:`` of a docstring describe."""
    _, _, after = text.partition("\nArgs:\n")
    section = re.split(r"\n\n?(?=\S)", after)[0]
    return set(re.findall(r"^    (\w+): \S", section, re.MULTILINE))


def test_every_public_call_describes_its_parameters():
    calls = public_calls()
    assert len(calls) > 70
    lacking = {}
    for name, call, text in calls:
        parameters = inspect.signature(call).parameters.keys() - {"self", "cls"}
        # Those of what is only Azure's say by their underscore that nobody names them.
        wanted = {one for one in parameters if not one.startswith("_")}
        if (missing := wanted - described(text)) or (unknown := described(text) - parameters):
            lacking[name] = sorted(missing or unknown)
    assert lacking == {}


def imported(path: Path) -> set[str]:
    """Give the names of modules that a file imports, those of `from package import module` among them."""
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return names


def is_test_module(name: str) -> bool:
    return any(part.startswith("test_") or part == "conftest" for part in name.split(".")[1:])


def test_tests_share_what_they_need_by_plain_modules():
    """A file of tests imported by another would run, and change, with it; pytest loads a conftest.py by itself."""
    offences = {
        f"{path.relative_to(CHECKOUT)}: {name}"
        for path in tracked("tests/*.py")
        for name in imported(path)
        if name.startswith("tests.") and is_test_module(name)
    }
    assert sorted(offences) == []


COLLECTED = """
import os
import sys
import pytest

found = []

class Named(pytest.Module):
    def collect(self):
        found.append(str(self.path))
        return []

class Plugin:
    def pytest_pycollect_makemodule(self, module_path, parent):
        return Named.from_parent(parent, path=module_path)

os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # none of them finds files, but for nbval, which is left out here
code = pytest.main(["--collect-only", "-qq", "-p", "pytest_timeout", "-p", "no:cacheprovider"], plugins=[Plugin()])
print(*found, sep="\\n")
sys.exit(code)
"""
"""Names the files that pytest takes for tests, by its own configuration, without the cost of importing them."""


def has_tests(path: Path) -> bool:
    functions = (node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.FunctionDef))
    return any(function.name.startswith("test_") for function in functions)


def test_every_test_file_is_collected():
    said = subprocess.run([sys.executable, "-c", COLLECTED], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert said.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, said.stdout + said.stderr
    collected = {Path(line) for line in said.stdout.splitlines()}
    written = {path for path in tracked("tests/*.py") if path.name.startswith("test_")}
    assert sorted(written - collected) == []
    assert [str(path) for path in sorted(written) if not has_tests(path)] == []


PARTS = ["unit", "real", "faults", "clients", "whole", "frameworks"]


def test_every_test_file_runs_in_one_part_of_make_test():
    """`unit` and `real` share all but what `whole`, `faults`, `clients` and `frameworks` name, and split it by a mark.

    `make frameworks` is no part of `make test`; the short form beside its file is.
    """
    said = subprocess.run(
        ["make", "--no-print-directory", "-n", "-o", ".venv/.ready", *PARTS],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = [line.split() for line in said.splitlines() if "/pytest " in line]
    shared = [line for line in lines if "-m" in line]
    assert [line[line.index("-m") + 1] for line in shared] == ['"not', "real"]
    left_out = {word.partition("=")[2] for line in shared for word in line if word.startswith("--ignore=")}
    named = [word for line in lines if line not in shared for word in line if word.startswith("tests/")]
    assert sorted(named) == sorted(left_out)
    assert len(named) == len(set(named))
