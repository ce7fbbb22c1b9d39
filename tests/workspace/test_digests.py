"""A large file's digest is computed once, and anew whenever the file may be another one."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from jupyter_modelpack import home
from jupyter_modelpack.errors import Cancelled, Conflict, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.workspace import digests
from jupyter_modelpack.workspace.digests import digest_of


@pytest.fixture
def reads(monkeypatch) -> list[str]:
    """Every file that is hashed."""
    seen: list[str] = []
    real = digests._read

    def read(file, report):
        seen.append(Path(file.name).name if isinstance(file.name, str) else "")
        return real(file, report)

    monkeypatch.setattr(digests, "_read", read)
    return seen


@pytest.fixture(autouse=True)
def _settled(monkeypatch) -> None:
    monkeypatch.setattr(digests, "_SETTLED_NS", -1)


@pytest.fixture
def weights(tmp_path) -> Path:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"1" * digests.REMEMBERED)
    return path


def digest(path: Path) -> str:
    assert digest_of(path, Reporter()).hex == hashlib.sha256(path.read_bytes()).hexdigest()
    return digest_of(path, Reporter()).hex


def test_a_file_is_hashed_once(weights, reads):
    assert digest(weights) == digest(weights)
    assert len(reads) == 1


def test_a_small_file_leaves_no_note(tmp_path, reads):
    (tmp_path / "small").write_bytes(b"1" * (digests.REMEMBERED - 1))
    digest(tmp_path / "small")
    assert len(reads) == 2
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
def test_a_changed_file_is_hashed_anew(weights, reads, change):
    first = digest(weights)
    change(weights)
    assert digest(weights) != first
    assert len(reads) == 2


def test_a_link_means_the_file_it_leads_to(weights, reads, tmp_path):
    (tmp_path / "link").symlink_to(weights)
    assert digest(tmp_path / "link") == digest(weights)
    assert len(reads) == 1


def test_a_file_that_changed_a_moment_ago_is_not_remembered(weights, reads, monkeypatch):
    monkeypatch.setattr(digests, "_SETTLED_NS", 2_000_000_000)
    digest(weights)
    assert len(reads) == 2
    os.utime(weights, ns=(0, 0))
    assert time.time_ns() - weights.stat().st_ctime_ns < 2_000_000_000
    digest(weights)
    assert len(reads) == 4, "its time of change counts, which nobody can set back"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"state": [], "digest": "x"}', b"\xff"])
def test_a_damaged_note_is_no_note(weights, reads, damage):
    digest(weights)
    [note] = (home.cache() / "digests").iterdir()
    note.write_bytes(damage)
    digest(weights)
    assert len(reads) == 2


def test_a_digest_that_is_none_is_not_believed(weights, reads):
    digest(weights)
    [note] = (home.cache() / "digests").iterdir()
    note.write_text(note.read_text().replace("sha256:", "md5:"))
    digest(weights)
    assert len(reads) == 2


def test_a_file_that_changes_while_it_is_read(weights, monkeypatch):
    real = digests._read

    def read(file, report):
        found = real(file, report)
        longer(weights)
        return found

    monkeypatch.setattr(digests, "_read", read)
    with pytest.raises(Conflict, match="changed while it was read"):
        digest_of(weights, Reporter())
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
