"""A large file's digest is computed once, and again whenever the file may be another one."""

import hashlib
import os
from pathlib import Path

import pytest

from jupyter_modelpack import home
from jupyter_modelpack.analysis import file_state
from jupyter_modelpack.catalog import digest_cache
from jupyter_modelpack.catalog.digest_cache import digest_of
from jupyter_modelpack.errors import Cancelled, Conflict, UsageError
from jupyter_modelpack.events import Reporter
from tests.catalog.io_counter import read_so_far

SETTLED = file_state.SETTLED_NS


def hashed(path: Path) -> bool:
    """Look a file's digest up, which must be right; tell whether the file was read, by what the kernel counts."""
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    before = read_so_far()
    assert digest_of(path, Reporter()).hex == right
    return read_so_far() - before > path.stat().st_size // 2


@pytest.fixture(autouse=True)
def _settled(monkeypatch) -> None:
    monkeypatch.setattr(file_state, "SETTLED_NS", -1)


@pytest.fixture
def weights(tmp_path) -> Path:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"1" * digest_cache.REMEMBERED)
    return path


def test_a_file_is_hashed_once(weights):
    assert [hashed(weights) for _ in range(3)] == [True, False, False]


def test_a_small_file_leaves_no_note(tmp_path):
    small = tmp_path / "small"
    small.write_bytes(b"1" * (digest_cache.REMEMBERED - 1))
    assert [hashed(small) for _ in range(2)] == [True, True]
    assert not (home.cache() / "digests").exists()


def written_in_place(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"2")


def written_with_its_old_times(path: Path) -> None:
    before = path.stat()
    written_in_place(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"3" * path.stat().st_size)
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.rename(path)


def longer(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"4")


@pytest.mark.parametrize("change", [written_in_place, written_with_its_old_times, replaced, longer])
def test_a_changed_file_is_hashed_anew(weights, change):
    hashed(weights)
    change(weights)
    assert [hashed(weights) for _ in range(2)] == [True, False]


def test_a_link_means_the_file_it_leads_to(weights, tmp_path):
    (tmp_path / "link").symlink_to(weights)
    hashed(tmp_path / "link")
    assert not hashed(weights)


def test_a_file_that_changed_a_moment_ago_is_not_remembered(weights, monkeypatch):
    monkeypatch.setattr(file_state, "SETTLED_NS", SETTLED)
    assert [hashed(weights) for _ in range(2)] == [True, True]
    os.utime(weights, ns=(0, 0))
    assert [hashed(weights) for _ in range(2)] == [True, True], "its time of change counts, which nobody can set back"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"state": [], "digest": "x"}', b"\xff"])
def test_a_damaged_note_is_no_note(weights, damage):
    hashed(weights)
    [note] = (home.cache() / "digests").iterdir()
    note.write_bytes(damage)
    assert hashed(weights)


def test_a_digest_that_is_none_is_not_believed(weights):
    hashed(weights)
    [note] = (home.cache() / "digests").iterdir()
    note.write_text(note.read_text().replace("sha256:", "md5:"))
    assert hashed(weights)


def test_a_file_that_changes_while_it_is_read(weights):
    class Meddling(Reporter):
        def check(self) -> None:
            if weights.stat().st_size == digest_cache.REMEMBERED:
                longer(weights)

    with pytest.raises(Conflict, match="changed while it was read"):
        digest_of(weights, Meddling())
    assert not (home.cache() / "digests").exists()


def test_a_way_out(weights):
    report = Reporter()
    report.cancel()
    with pytest.raises(Cancelled):
        digest_of(weights, report)


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        digest_of(tmp_path / "pipe", Reporter())
