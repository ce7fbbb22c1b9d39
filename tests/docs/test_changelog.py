"""The changelog's newest release is the version that this is, or the one before it."""

import re

from packaging.version import Version

from jupyter_modelpack import __version__
from tests.services import CHECKOUT

HEADINGS = re.findall(
    r"^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$", (CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE
)


def test_unreleased_changes_stand_above_dated_releases():
    assert HEADINGS[0] == ("Unreleased", "")
    dates = [date for _name, date in HEADINGS[1:]]
    assert all(dates)
    assert dates == sorted(dates, reverse=True)


def test_the_newest_release_agrees_with_the_version():
    newest, version = Version(HEADINGS[1][0]), Version(__version__)
    assert version == newest or (version > newest and version.is_devrelease)


def test_every_change_stands_under_a_heading_of_its_kind():
    """A list right below a release is one that a merge has brought back."""
    text = (CHECKOUT / "CHANGELOG.md").read_text()
    releases = re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]
    assert len(releases) > 1
    assert [
        release[:80] for release in releases if re.search(r"^- ", release.partition("\n### ")[0], re.MULTILINE)
    ] == []
