"""What an image needs of the Python that made its models: packages where none were named, and versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from jupyter_modelpack import home
from jupyter_modelpack.api.conda import KERNEL_PYTHON
from jupyter_modelpack.api.environment import Environment
from jupyter_modelpack.builder.lock.pylock import Lock
from jupyter_modelpack.builder.lock.recipe_lock import recipe_lock
from jupyter_modelpack.builder.recipe import Recipe
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels.interpreter import find_interpreter
from jupyter_modelpack.capture.distributions import Distributions
from jupyter_modelpack.capture.interpreter import interpreter
from jupyter_modelpack.capture.kernel_versions import kernel_versions
from jupyter_modelpack.capture.script_needs import captured
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.store.layout import Layout


def with_kernel(
    recipe: Recipe, environment: Environment | None, store: Layout, more: Iterable[tuple[str, str]] = ()
) -> Recipe:
    """Return the recipe with what the Python that made the models says of packages and versions.

    Where the image has another minor version of Python, or packages that are not pip's, this one's say nothing.

    Args:
        recipe: With the requirements that were given.
        environment: Says which Python is meant, and whether its packages are captured; None captures.
        store: Holds the models.
        more: Dotted names of further modules that are needed, each with the reason.

    Raises:
        PathNotFound: the environment names a Python that is none.
        UsageError: a package was installed in a way that no image can repeat, or packages are to be captured from
            another minor version of Python than the image's.

    """
    needs = recipe.needs
    python = environment.python if environment else None
    if needs.needs_engine or needs.uses_base:
        return recipe
    version, here = kernel_packages(environment)
    capturing = (python is None or python.captured) and not recipe.lock
    if version != needs.python:
        if capturing:
            raise UsageError(
                f"The image is to have Python {needs.python}, and the packages that it needs would be captured from "
                f"Python {version}.",
                hint="Name the packages, or capture from a Python of that version: --from-python PYTHON "
                "(environment.python.kernel).",
                code="cannot-capture",
            )
        return recipe
    if capturing:
        found_needs = captured(recipe, store, here, more)
        needs = replace(
            needs,
            requirements=tuple(dict.fromkeys([*needs.requirements, *(one.requirement for one in found_needs)])),
            captured=tuple((one.requirement, one.reason) for one in found_needs),
        )
    return replace(recipe, needs=replace(needs, kernel=kernel_versions(needs.requirements, here)))


def kernel_packages(environment: Environment | None) -> tuple[str, Distributions]:
    """Return minor version and packages of the Python that made the models.

    Raises:
        PathNotFound: the environment names a Python that is none.

    """
    if environment and environment.python.kernel:
        other = interpreter(environment.python.kernel)
        return other.version, Distributions.of_another(other)
    return KERNEL_PYTHON, Distributions.of_this_python()


def lock_of(recipe: Recipe, report: Reporter) -> Lock:
    """Return the lock that a package of this recipe would have.

    Raises:
        BuildFailed: the requirements cannot be met.
        Unavailable: the package index cannot be reached.

    """
    target = BuildTarget(recipe.needs.python, recipe.platform, find_interpreter(recipe.needs.python))
    return recipe_lock(recipe, target, Layout.create(home.cache()).path / "locks", report)
