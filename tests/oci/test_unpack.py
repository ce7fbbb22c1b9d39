"""Whatever an archive says, nothing is written outside the target (threat-model.md T1)."""

import io
import os
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_modelpack.errors import Conflict, ModelpackError, Untrusted
from jupyter_modelpack.oci.unpack import unpack
from tests.faults import times

PREFIX = "models/m/1/"

KINDS = [
    tarfile.REGTYPE,
    tarfile.DIRTYPE,
    tarfile.SYMTYPE,
    tarfile.LNKTYPE,
    tarfile.FIFOTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
    tarfile.CONTTYPE,
]
PARTS = st.sampled_from(
    ["..", ".", "", "a", "b", "link", "dir", "~", "$HOME", "a\\..\\b", "C:", "-rf", "x\n", "é", "\0"]
)
NAMES = st.one_of(
    st.lists(PARTS, min_size=1, max_size=5).map("/".join),
    st.lists(PARTS, min_size=1, max_size=4).map(lambda parts: PREFIX + "/".join(parts)),
    st.sampled_from(
        ["/etc/passwd", "//etc/passwd", "../../outside/x", PREFIX + "../../../outside/x", "/" + PREFIX + "a"]
    ),
)
ENTRIES = st.lists(st.tuples(st.sampled_from(KINDS), NAMES, NAMES), min_size=1, max_size=6)


def archive(entries) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for kind, name, target in entries:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode = kind, target, 0o7777
            if kind == tarfile.REGTYPE:
                info.size = 4
                tar.addfile(info, io.BytesIO(b"evil"))
            else:
                tar.addfile(info)
    out.seek(0)
    return out


def snapshot(folder: Path) -> dict[str, object]:
    found = {}
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(root, name)
            found[str(path.relative_to(folder))] = (path.lstat().st_mode, path.is_file() and path.read_bytes())
    return found


def test_hostile_archives_stay_inside(scoreboard):
    tried = 0

    @settings(max_examples=times(400, 25_000), deadline=None)
    @given(ENTRIES, st.booleans())
    def check(entries, overwrite):
        nonlocal tried
        tried += 1
        with tempfile.TemporaryDirectory() as name:
            top = Path(name)
            (top / "outside").mkdir()
            (top / "outside" / "x").write_text("mine")
            target = top / "target"
            target.mkdir()
            (target / "link").symlink_to(top / "outside")
            before = snapshot(top / "outside")
            try:
                written = unpack(archive(entries), PREFIX, target, overwrite=overwrite)
            except ModelpackError:
                written = []
                left = [path for path, (_, content) in snapshot(target).items() if content is not False]
                assert left in ([], ["link"])
            assert snapshot(top / "outside") == before
            assert sorted(path.name for path in top.iterdir()) == ["outside", "target"]
            for path in written:
                assert path.is_file()
                assert path.stat().st_mode & 0o7022 == 0
                assert not path.is_symlink()

    check()
    scoreboard("hostile archives", f"{tried} generated: 0 escapes")


@pytest.mark.parametrize(
    "entry",
    [
        (tarfile.SYMTYPE, PREFIX + "a", "/etc"),
        (tarfile.LNKTYPE, PREFIX + "a", "/etc/passwd"),
        (tarfile.FIFOTYPE, PREFIX + "a", ""),
        (tarfile.CHRTYPE, PREFIX + "a", ""),
        (tarfile.REGTYPE, PREFIX + "../../../a", ""),
        (tarfile.REGTYPE, "/a", ""),
    ],
)
def test_one_bad_entry_refuses_the_whole(tmp_path, entry):
    good = (tarfile.REGTYPE, PREFIX + "sub/good", "")
    with pytest.raises(Untrusted):
        unpack(archive([good, entry]), PREFIX, tmp_path)
    assert not (tmp_path / "sub" / "good").exists()


def test_a_file_where_a_folder_is_needed(tmp_path):
    (tmp_path / "a").write_text("mine")
    with pytest.raises(Conflict, match="where a folder is needed"):
        unpack(archive([(tarfile.REGTYPE, PREFIX + "a/b", "")]), PREFIX, tmp_path, overwrite=True)
    assert (tmp_path / "a").read_text() == "mine"


def test_a_folder_where_a_file_is_needed(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(Conflict, match="a is a folder where a file is needed"):
        unpack(archive([(tarfile.REGTYPE, f"{PREFIX}a", "")]), PREFIX, tmp_path, overwrite=True)
    assert list(tmp_path.rglob("*")) == [tmp_path / "a"]


def test_a_target_that_is_a_link_is_the_users_own_choice(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    unpack(archive([(tarfile.REGTYPE, PREFIX + "a", "")]), PREFIX, tmp_path / "link")
    assert (tmp_path / "real" / "a").read_bytes() == b"evil"
