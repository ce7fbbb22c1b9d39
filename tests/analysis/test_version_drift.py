"""What another version of a library is for a model, and what a user is told of it."""

import pytest

from jupyter_modelpack.analysis import version_drift
from jupyter_modelpack.analysis.made_with import Made
from jupyter_modelpack.builder.lock.pylock import Lock, Locked
from jupyter_modelpack.builder.recipe import AppSource, Needs, Recipe
from jupyter_modelpack.errors import UsageError

SKLEARN = Made("scikit-learn", "1.5.2", "same", "SVC", imports=True)
XGBOOST = Made("xgboost", "3.2.0", "not-newer")
OTHER = (
    "The model {} was made with scikit-learn 1.5.2 (SVC), and the environment has scikit-learn 1.9.1, "
    "which may answer otherwise or not load it."
)
ALLOW = "To package it all the same: --allow-version-drift (allow_version_drift=True in Python)."


@pytest.mark.parametrize(
    ("rule", "made", "there", "verdict"),
    [
        ("same", "1.5.2", "1.5.2", "fits"),
        ("same", "1.5.2", "1.5.2+local", "fits"),
        ("same", "1.5.2", "1.5.1", "told"),
        ("same", "1.5.2", "1.6.0", "drifts"),
        ("same", "1.5.2", "1.4.2", "drifts"),
        ("same", "1.5.2", "2.5.2", "drifts"),
        ("same", "1.10.0", "1.1.0", "drifts"),
        ("same", "1.9.dev0", "1.9.0", "told"),
        ("not-newer", "2.1.3", "3.2.0", "told"),
        ("not-newer", "3.2.1", "3.2.0", "told"),
        ("not-newer", "3.2.0", "3.1.9", "drifts"),
        ("not-newer", "3.2.0", "3.2.0", "fits"),
        ("within", ">=3.8.18,<3.9.0", "3.8.20", "fits"),
        ("within", ">=3.8.18,<3.9.0", "3.7.5", "drifts"),
        ("within", ">=3.8.18,<3.9.0", "4.0.0rc1", "drifts"),
        ("within", "no specifier", "3.7.5", "fits"),
        ("told", "1.0", "2.0", "told"),
        ("same", "nightly", "1.5.2", "fits"),
        ("same", "1.5.2", "nightly", "fits"),
    ],
)
def test_what_another_version_is(rule, made: str, there: str, verdict: str) -> None:
    assert Made("library", made, rule).verdict(there) == verdict


def recipe(
    *requirements: str, lock: str = "", source: AppSource | None = None, allowed: bool = False, **needs
) -> Recipe:
    made = Needs("3.11", requirements=requirements, **needs)
    return Recipe("package", made, (), source or AppSource("score.py"), lock=lock, allow_version_drift=allowed)


def lock(**versions: str) -> Lock:
    packages = (Locked(name.replace("_", "-"), version, "ab" * 32, 1, wheel=True) for name, version in versions.items())
    return Lock("", tuple(packages))


def refused(models: dict[str, list[Made]], wanted: Recipe, locked: Lock) -> list[str]:
    with pytest.raises(UsageError) as caught:
        version_drift.check(models.items(), wanted, locked)
    assert caught.value.code == "version-drift"
    advice, allow = caught.value.hint.splitlines()
    assert allow == ALLOW
    return [caught.value.message, advice]


def test_the_version_that_made_it_is_named_with_what_to_type() -> None:
    assert refused({"m:1": [SKLEARN]}, recipe("six", "scikit-learn>1.6"), lock(scikit_learn="1.9.1")) == [
        OTHER.format("m:1"),
        "Take the version that made it: --pip scikit-learn==1.5.2 in place of scikit-learn>1.6.",
    ]


def test_the_package_that_brings_it_is_named() -> None:
    message, advice = refused({"m:1": [XGBOOST]}, recipe("xgboost-cpu<3"), lock(xgboost_cpu="2.1.3"))
    assert message.endswith("3.2.0, and the environment has xgboost-cpu 2.1.3, which is older than the model.")
    assert advice == "Take the version that made it: --pip xgboost-cpu==3.2.0 in place of xgboost-cpu<3."


def test_a_range_is_quoted() -> None:
    spacy = Made("spacy", ">=3.8,<3.9", "within")
    assert refused({"en:1": [spacy]}, recipe(), lock(spacy="3.7.5")) == [
        "The model en:1 asks for spacy >=3.8,<3.9, and the environment has spacy 3.7.5.",
        "Take the version that made it: --pip 'spacy>=3.8,<3.9'.",
    ]


def test_several_models_are_told_together() -> None:
    said = refused({"a:1": [SKLEARN], "b:2": [XGBOOST]}, recipe(), lock(scikit_learn="1.9.1", xgboost="2.1.3"))
    assert said[0].count("The model ") == 2
    assert said[1] == "Take the version that made it: --pip scikit-learn==1.5.2 --pip xgboost==3.2.0."


def test_models_of_two_versions_cannot_both_be_had() -> None:
    other = Made("scikit-learn", "1.4.0", "same", imports=True)
    assert refused({"a:1": [SKLEARN], "b:1": [other]}, recipe("scikit-learn"), lock(scikit_learn="1.9.1"))[1] == (
        "No environment has both scikit-learn==1.5.2 and scikit-learn==1.4.0: "
        "make one of the models again, or two packages."
    )


def test_beside_captured_requirements_all_of_them_are_named() -> None:
    captured = ["joblib==1.6.0", "scikit-learn==1.9.1", "own @ file:///tmp/own-1.0-py3-none-any.whl"]
    wanted = recipe("lightgbm", *captured, captured=tuple((one, "model a:1") for one in captured))
    assert refused({"a:1": [SKLEARN]}, wanted, lock(scikit_learn="1.9.1"))[1] == (
        "Capture from the Python that made it: --from-python PYTHON. Or name what the image needs: "
        "--pip scikit-learn==1.5.2 --pip lightgbm --pip joblib --pip 'own @ file:///tmp/own-1.0-py3-none-any.whl'."
    )


def test_under_a_lock_the_advice_is_another_lock() -> None:
    assert refused({"a:1": [SKLEARN]}, recipe(lock="lock-version"), lock(scikit_learn="1.9.1"))[1] == (
        "Take a lock with scikit-learn==1.5.2, or leave --lock out: --pip scikit-learn==1.5.2."
    )


def test_a_library_that_is_not_there_is_told() -> None:
    lightgbm = Made("lightgbm", "", "told", imports=True)
    message, advice = refused({"a:1": [SKLEARN, lightgbm]}, recipe(), lock(six="1.17.0"))
    assert message == (
        "The model a:1 needs lightgbm, and the environment has no lightgbm: it would not load there. "
        "The model a:1 was made with scikit-learn 1.5.2 (SVC), and the environment has no scikit-learn: "
        "it would not load there."
    )
    assert advice == "Add what made it: --pip lightgbm --pip scikit-learn==1.5.2."


@pytest.mark.parametrize(
    "wanted",
    [
        recipe(base="conda/base:1"),
        recipe(uses_base=True),
        recipe(docker_steps="RUN pip install scikit-learn"),
        recipe("--editable ./own"),
        recipe(variables={"PYTHONPATH": "/opt/more"}),
    ],
)
def test_where_something_else_may_bring_it_nothing_is_said(wanted: Recipe) -> None:
    assert version_drift.check([("a:1", [SKLEARN])], wanted, lock(six="1.17.0")) == []


def test_neither_is_where_nothing_is_loaded_by_it(tmp_path) -> None:
    assert version_drift.check([("a:1", [XGBOOST])], recipe(), lock(six="1.17.0")) == []
    shipped = recipe(source=AppSource("score.py", folder=tmp_path))
    assert version_drift.check([("a:1", [SKLEARN])], shipped, lock(six="1.17.0")) == []


def test_what_is_no_error_is_a_line() -> None:
    models = {"a:1": [SKLEARN, XGBOOST], "b:1": [Made("lightgbm", "", "told", imports=True)]}
    there = lock(scikit_learn="1.5.1", xgboost="3.3.0", lightgbm="4.7.0")
    assert version_drift.check(models.items(), recipe(), there) == [
        "The model a:1 was made with scikit-learn 1.5.2 (SVC); the environment has scikit-learn 1.5.1.",
        "The model a:1 was made with xgboost 3.2.0; the environment has xgboost 3.3.0.",
    ]
    assert (
        version_drift.check(models.items(), recipe(), lock(scikit_learn="1.5.2", xgboost="3.2.0", lightgbm="4")) == []
    )


def test_drift_that_is_allowed_is_a_warning() -> None:
    assert version_drift.check([("a:1", [SKLEARN])], recipe(allowed=True), lock(scikit_learn="1.9.1")) == [
        f"Warning: {OTHER.format('a:1')}"
    ]
