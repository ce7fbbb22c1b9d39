import pytest

from jupyter_modelpack.builder.build import build
from jupyter_modelpack.builder.plan import plan_image
from jupyter_modelpack.builder.recipe import AppSource, Needs, Recipe
from jupyter_modelpack.errors import PathNotFound
from jupyter_modelpack.events import Reporter

pytestmark = pytest.mark.network


def states(made) -> dict[str, str]:
    return {step.title.partition(" ")[0]: step.state for step in made.steps}


def test_a_plan_says_what_the_build_then_does(recipe, store, home):
    wanted = recipe("tqdm==4.67.1")
    before = plan_image(wanted, Reporter())
    assert states(before) | {"tqdm": "downloaded", "scoring": "made", "model": "kept", "app": "made"} == states(before)
    assert before.steps[0].state == "kept"
    assert before.steps[0].size > 10**7
    tqdm = next(step for step in before.steps if step.title == "tqdm 4.67.1")
    assert 50_000 < tqdm.download < 200_000
    assert before.download >= tqdm.download
    assert before.bytecode
    assert list((home / "cache" / "blobs" / "sha256").glob("*")) != [], "the base image, which lies here, is taken over"
    build(wanted, store, Reporter())
    after = plan_image(wanted, Reporter())
    assert {step.state for step in after.steps if step.title != "app"} == {"kept"}
    assert after.download == 0


def test_an_edit_is_planned_as_one_layer(recipe, store):
    build(recipe(), store, Reporter())
    made = [
        step.title
        for step in plan_image(recipe(script="def run(data): return 1\n"), Reporter()).steps
        if step.state != "kept"
    ]
    assert made == ["app"]


def test_a_base_image_that_must_be_fetched_is_said(recipe):
    wanted = recipe()
    far = Recipe("package", Needs("3.11", base="registry.example.com/python:3.11"), wanted.models, wanted.source)
    first = plan_image(far, Reporter()).steps[0]
    assert (first.title, first.state) == ("registry.example.com/python:3.11", "downloaded")


def test_a_missing_script_is_named_before_the_build(recipe):
    with pytest.raises(PathNotFound):
        plan_image(recipe(source=AppSource("nowhere.py")), Reporter())
