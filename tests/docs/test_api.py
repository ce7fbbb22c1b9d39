"""Every public name, with every attribute that is public, is in the manual, and nothing that no longer exists."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import jupyter_modelpack

PREFIX = "jupyter_modelpack."
CLASSES = [name for name in jupyter_modelpack.__all__ if inspect.isclass(getattr(jupyter_modelpack, name))]


@pytest.fixture(scope="module")
def described(anchors: dict[str, set[str]]) -> set[str]:
    names = set().union(*(found for kind, found in anchors.items() if kind.startswith("py:")))
    assert all(name.startswith(PREFIX) for name in names)
    return {name.removeprefix(PREFIX) for name in names}


def told(name: str) -> set[str]:
    """Return the attributes that a class's docstring tells of."""
    section = (inspect.getdoc(getattr(jupyter_modelpack, name)) or "").partition("\nAttributes:\n")[2]
    return set(re.findall(r"^    (\w+): ", section, re.MULTILINE))


def assigned(thing: type) -> set[str]:
    """Return the attributes that a class's own methods set on ``self``."""
    sources = [inspect.getsource(kind) for kind in thing.__mro__ if kind.__module__.startswith(PREFIX)]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    return {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}


def test_the_manual_has_every_public_name_and_no_other(described: set[str]):
    assert {name for name in described if "." not in name} == set(jupyter_modelpack.__all__)


def test_every_public_name_has_a_page_and_no_other_has(manual: Path):
    pages = {page.stem for page in (manual / "reference" / "api").glob("*.html")} - {"index"}
    assert pages == {name.strip("_") for name in jupyter_modelpack.__all__}


@pytest.mark.parametrize("name", CLASSES)
def test_the_manual_has_every_public_attribute_of_a_class(described: set[str], name: str):
    known = {attribute for attribute in vars(getattr(jupyter_modelpack, name)) if not attribute.startswith("_")}
    assert {attribute for attribute in known if f"{name}.{attribute}" not in described} == set()


@pytest.mark.parametrize("name", CLASSES)
def test_the_manual_has_no_attribute_that_is_no_more(described: set[str], name: str):
    thing = getattr(jupyter_modelpack, name)
    annotated = set().union(*(inspect.get_annotations(kind) for kind in thing.__mro__))
    there = {*dir(thing), *annotated, *assigned(thing)}
    listed = {each.split(".")[1] for each in described if each.startswith(f"{name}.")}
    assert (listed | told(name)) - there == set()


def test_what_docstrings_tell_of_attributes_is_read():
    assert {"step", "log_tail"} <= told("BuildFailed")
