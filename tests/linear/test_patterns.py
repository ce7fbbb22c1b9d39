"""No regular expression of the package costs more than its text is long; new ones are found by themselves."""

import pytest

from jupyter_modelpack.engine.exit_reason import LINE
from tests.linear.cost import STEEP, growth, seconds
from tests.linear.patterns import Found, all_patterns, shapes, unknown_patterns

PATTERNS = all_patterns()

CUT = {"engine/failure_patterns.py": "a line is cut before"}
"""Files whose patterns read no more than that: they may cost more than its length, but not long."""

FIRST, LENGTH = 1536, 4096
"""Characters of a first look, for thousands of shapes, and those of a second, at which cost is compared."""

MOST = 8
"""How many of the dearest shapes get a second look."""

SUSPECT, LONG = 0.0015, 1.0
"""Seconds that a first look takes where something grows, and those that nothing may take."""


MADE = {
    "builder/context/ignore_rules.py": "of the user's own ignore files, in which a star is searched for once",
    "builder/context/secret_names.py": "of a table of names that stands beside it",
    "builder/context/secret_text.py": "of a table whose patterns have bounds",
    "builder/lock/uv_errors.py": "one of two, both linear",
    "catalog/versioned_artifacts.py": "of the beginning of a media type of ours, with at most nine digits",
    "engine/failure_patterns.py": "of a table that is found",
    "frontends/lab/handler.py": "the server's own setting, used as Jupyter uses it",
}
"""Files that make patterns of what only a run can tell, and of what."""


def test_all_patterns_are_found():
    assert len(PATTERNS) > 60
    assert {one.partition(":")[0] for one in unknown_patterns()} == set(MADE), "say of what the new one is made"


@pytest.mark.parametrize("found", PATTERNS, ids=lambda found: found.where)
def test_a_pattern_costs_no_more_than_its_text_is_long(found: Found):
    looks = sorted(
        ((seconds(found.apply, one.text(FIRST), 1), n) for n, one in enumerate(shapes(found.pattern))), reverse=True
    )
    suspects = [shapes(found.pattern)[n] for look, n in looks[:MOST] if look > SUSPECT]
    if found.where.partition(":")[0] in CUT:
        assert [one for one in suspects if seconds(found.apply, one.text(LINE)) > LONG] == []
    else:
        assert [one for one in suspects if growth(found.apply, one.text, LENGTH) > STEEP] == []
