"""promises.md F3: the order of calls: no name before its bytes are on disk, no success before its name.

`strace` writes down what one packaging asks of the kernel; forty lines check it.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.packages import need

PROGRAM = """
import sys
from pathlib import Path
from tests.faults.workload import register_and_package, small_cache
cache = small_cache(Path(sys.argv[1], "cache"))
def say(line):
    Path("/dev/null").write_text(f"SUCCESS {line}")
if len(sys.argv) > 2:
    import os
    name, os_fsync = sys.argv[2], os.fsync
    def fsync(handle):
        if ("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file") != name:
            os_fsync(handle)
    os.fsync = fsync
register_and_package(Path(sys.argv[1], "ws"), "traced", say, cache)
"""
CALLS = "openat,close,write,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink"
LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")
PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')


def offences(trace: str, folder: Path) -> list[str]:
    """Return what is out of order, for the files of the workspace."""
    open_files: dict[str, str] = {}
    unsynced: set[str] = set()  # files with bytes that are not on disk
    unsettled: set[str] = set()  # folders with names that are not on disk
    found = []
    for line in trace.splitlines():
        match = LINE.match(line)
        if not match or match[3].startswith("-"):
            continue
        call, arguments, result = match[1], match[2], match[3]
        first, paths = arguments.split(",")[0], PATH.findall(arguments)
        if call == "openat":
            open_files[result] = paths[0]
        elif call == "write" and "SUCCESS" in arguments:
            found += [f"success before {name} was on disk" for name in sorted(unsettled | unsynced)]
        elif call == "write" and open_files.get(first, "").startswith(str(folder)) and "lock" not in open_files[first]:
            unsynced.add(open_files[first])
        elif call in {"fsync", "fdatasync"}:
            unsynced.discard(open_files[first])
            unsettled.discard(open_files[first])
        elif call.startswith(("rename", "link")) and paths[-1].startswith(str(folder)):
            if paths[0] in unsynced:
                found.append(f"{paths[-1]} named before its bytes were on disk")
            if paths[-1].endswith("index.json") and str(folder / "blobs/sha256") in unsettled:
                found.append("the index names blobs whose own names are not on disk")
            unsettled.add(str(Path(paths[-1]).parent))
        elif call == "unlink":
            unsynced.discard(paths[0])
    return found


def traced(tmp_path: Path, *broken: str) -> list[str]:
    need("strace")
    out = tmp_path / "trace"
    argv = ["strace", "-f", "-o", out, "-s", "300", "-e", f"trace={CALLS}", sys.executable, "-c", PROGRAM, tmp_path]
    subprocess.run([*argv, *broken], check=True, capture_output=True)
    text = out.read_text()
    assert text.count("SUCCESS") == 2
    assert text.count("fsync(") >= 5 or broken
    return offences(text, tmp_path / "ws")


def test_nothing_is_out_of_order(tmp_path: Path):
    assert traced(tmp_path) == []


@pytest.mark.parametrize(("left_out", "complaint"), [("file", "before its bytes"), ("folder", "success before")])
def test_a_missing_fsync_is_seen(tmp_path: Path, left_out, complaint):
    """Leave one kind of fsync out, and the checker must say so."""
    assert any(complaint in offence for offence in traced(tmp_path, left_out))
