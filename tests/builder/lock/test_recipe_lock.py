import hashlib
import tomllib

import pytest
import tomli_w

from jupyter_modelpack.builder.build import build
from jupyter_modelpack.builder.lock.pylock import Lock
from jupyter_modelpack.builder.lock.recipe_lock import _narrowed, _read, recipe_lock
from jupyter_modelpack.builder.recipe import Recipe
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import Platform

TARGET = BuildTarget("3.11", Platform())
ARM = BuildTarget("3.11", Platform("linux", "arm64"))


def wheel(tags: str) -> dict:
    return {
        "url": f"https://index.example.com/thing-1.0-{tags}.whl",
        "hashes": {"sha256": hashlib.sha256(tags.encode()).hexdigest()},
    }


def lock(*tags: str, **more) -> str:
    package = {"name": "thing", "version": "1.0", "wheels": [wheel(tag) for tag in tags], **more}
    return tomli_w.dumps({"lock-version": "1.0", "created-by": "test", "packages": [package]})


def chosen(text: str, target: BuildTarget = TARGET) -> str:
    (package,) = tomllib.loads(_narrowed(text, target))["packages"]
    return package["wheels"][0]["url"].partition("-1.0-")[2].removesuffix(".whl")


def test_the_wheel_that_fits_best_is_taken():
    text = lock(
        "cp311-cp311-win_amd64",
        "py3-none-any",
        "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
        "cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64",
        "cp312-cp312-manylinux_2_17_x86_64",
        "cp311-cp311-manylinux_2_39_x86_64",
    )
    assert chosen(text) == "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"
    assert chosen(text, ARM) == "cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64"


def test_a_lock_for_this_platform_alone_stays_as_it_is():
    text = lock("py3-none-any") + "# a comment\n"
    assert _narrowed(text, TARGET) == text


def test_packages_for_other_platforms_are_left_out():
    text = lock("py3-none-any", marker="sys_platform == 'win32'")
    assert tomllib.loads(_narrowed(text, TARGET))["packages"] == []


def test_a_lock_without_a_wheel_for_the_platform_is_named():
    with pytest.raises(UsageError, match=r"thing 1\.0: the lock has no wheel for Python 3\.11 on linux/arm64"):
        _narrowed(lock("cp311-cp311-win_amd64", "cp311-cp311-manylinux_2_17_x86_64"), ARM)


@pytest.mark.parametrize("text", ["no = toml = at all", "lock-version = '2.0'\npackages = []", "name = 'x'"])
def test_what_is_no_lock_is_refused(text):
    with pytest.raises(UsageError):
        _narrowed(text, TARGET)


def with_lock(recipe: Recipe, text: str) -> Recipe:
    return Recipe(recipe.name, recipe.needs, recipe.models, recipe.source, lock=text)


@pytest.mark.network
def test_a_lock_that_is_brought_gives_the_image_it_came_from(recipe, store, monkeypatch):
    first = build(recipe("tqdm"), store, Reporter())
    # Were anything resolved, it would fail here.
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    again = build(with_lock(recipe("tqdm"), first.lock), store, Reporter())
    assert again.image.digest == first.image.digest


def test_a_lock_that_does_not_meet_the_requirements_is_refused(recipe, tmp_path):
    text = lock("py3-none-any")
    with pytest.raises(UsageError, match="does not have numpy"):
        recipe_lock(with_lock(recipe("thing", "numpy"), text), TARGET, tmp_path, Reporter())
    with pytest.raises(UsageError, match=r"has thing 1\.0, where thing>2 is required"):
        recipe_lock(with_lock(recipe("thing>2"), text), TARGET, tmp_path, Reporter())


SHAPES = [
    "[5]",
    '[{name = "x", version = "1", wheels = [{name = "x-1-py3-none-any.whl", hashes = "y"}]}]',
    '[{name = "x", wheels = [{size = "big", hashes = {sha256 = "%s"}}]}]' % ("ab" * 32),
]


@pytest.mark.parametrize("packages", [*SHAPES, '[{name = "x", marker = 5}]'])
def test_a_lock_of_another_shape_is_refused_in_a_line(packages):
    with pytest.raises(UsageError, match="not written as PEP 751 says"):
        _read(f'lock-version = "1.0"\npackages = {packages}\n', TARGET)


@pytest.mark.parametrize("packages", [*SHAPES, "5"])
def test_so_is_one_that_an_image_holds(packages):
    """Save and verify read the lock of a package that another user may have made."""
    with pytest.raises(UsageError, match="not written as PEP 751 says"):
        Lock.parse(f'lock-version = "1.0"\npackages = {packages}\n')


@pytest.mark.parametrize("read", [Lock.parse, lambda text: _read(text, TARGET)])
def test_nesting_without_end_is_refused(read):
    with pytest.raises(UsageError, match="The lock is not TOML"):
        read(f'lock-version = "1.0"\nx = {"[" * 5000}{"]" * 5000}\n')
