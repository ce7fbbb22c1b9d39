"""The versions that this Python has of what requirements name, and of all that these need.

What is asked for by its name alone is meant as it is here: that made the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jupyter_modelpack.builder.lock.kernel_versions import KernelVersions
from jupyter_modelpack.builder.lock.requirement_line import parse_lines
from jupyter_modelpack.builder.server_layer import server_requirements
from jupyter_modelpack.capture.distributions import Distribution, Distributions


def kernel_versions(lines: Sequence[str], here: Distributions) -> KernelVersions:
    """Return what the resolver shall choose wherever the requirements allow it.

    What was installed from a folder, an archive or a repository is none of an index's packages, whatever its name, and
    its version stands for nothing there.

    Args:
        lines: Of a requirements file.
        here: The packages of the Python that made the models.

    """
    parsed = parse_lines(list(lines))
    wanted = {canonicalize_name(one.name): one for one in _named((line.wanted for line in parsed if line.wanted), here)}
    known = [one for name, one in wanted.items() if name in here.by_name and _fits(one, here.by_name[name])]
    # What is not installed needs packages that only the resolver knows: any of ours may be among them.
    found = here.closure(known) if len(known) == len(wanted) else here.by_name
    other = wanted.keys() - {canonicalize_name(one.name) for one in known}
    other |= {
        canonicalize_name(one.name) for one in _named(server_requirements(), here)
    }  # which has versions of its own
    return KernelVersions(
        {one.name: one.version for one in here.by_name.values()},
        tuple(
            sorted(
                f"{one.name}=={one.public_version}"
                for one in found.values()
                if one.name not in other and not one.direct_url
            )
        ),
    )


def _fits(requirement: Requirement, one: Distribution) -> bool:
    return requirement.url is None and requirement.specifier.contains(one.version, prereleases=True)


def _named(lines: Iterable[str], here: Distributions) -> Iterator[Requirement]:
    for line in lines:
        try:
            found = Requirement(line)
        except InvalidRequirement:  # a path
            continue
        if here.applies(found):
            yield found
