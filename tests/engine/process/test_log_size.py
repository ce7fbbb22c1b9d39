"""A local service's log takes a bounded part of the disk, and a reader finds its end."""

import os
import re
from itertools import islice

import pytest

from jupyter_modelpack.engine.diagnose import diagnose
from jupyter_modelpack.engine.process import service_records, supervisor
from jupyter_modelpack.engine.process.tail import read_lines
from jupyter_modelpack.engine.score import score
from jupyter_modelpack.errors import Unavailable
from jupyter_modelpack.limits import SERVICE_LOG_BYTES
from tests.scoring.service import eventually

LINE = "x" * 99
STEP = 4_000_000


def taken(service) -> int:
    return service_records.ServiceRecord.find(service.name).log.stat().st_blocks * 512


def test_a_log_is_bounded_and_misses_nothing_that_is_followed_or_was_last(process):
    service = process.ready()
    followed = process.engine.logs(service, follow=True)
    for _ in range(15):
        score(service, b"say %d" % STEP)
        said = list(islice((line for line in followed if line == LINE), STEP // 100))
        assert len(said) == STEP // 100
    eventually(lambda: taken(service) <= SERVICE_LOG_BYTES)
    score(service, b"say 60000000")
    with pytest.raises(Unavailable):
        score(service, b"die")
    service = process.engine.wait(service, 20)
    assert (service.exit_code, taken(service) <= SERVICE_LOG_BYTES) == (7, True)
    kept = list(process.engine.logs(service))
    assert (kept[0], kept[-1]) == (LINE, "dying as told")
    assert 7 << 20 < 100 * len(kept) <= SERVICE_LOG_BYTES
    assert diagnose(process.engine, service).log_tail[-1] == "dying as told"
    assert list(process.engine.logs(service, tail=10_000_000))[-1] == "dying as told"
    assert list(process.engine.logs(service, tail=2)) == kept[-2:]


def test_who_reads_more_slowly_than_is_written_is_told(process):
    service = process.ready()
    followed = process.engine.logs(service, follow=True)
    assert next(followed) == "starting"
    score(service, b"say 60000000")
    eventually(lambda: taken(service) <= SERVICE_LOG_BYTES)
    process.engine.kill(service)
    lines = list(followed)
    freed = [line for line in lines if re.fullmatch(r"\.\.\. \d{8} bytes were freed before they were read", line)]
    assert len(freed) == 1
    assert not any("\0" in line for line in lines)


def test_a_file_system_without_holes_keeps_the_last_words(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "_PUNCH_HOLE", 1 << 20)  # no such flag: refused, as NFS 3 refuses holes
    path = tmp_path / "log"
    log = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    os.write(log, b"first\n" + b"old\n" * 100_000 + b"last\n")
    looks = iter([True] * 9)
    followed = read_lines(path, None, lambda: next(looks, False))
    assert next(followed) == "first"
    assert list(islice(followed, 100_001))[-1] == "last"
    supervisor.trim(log, 1 << 20)
    assert path.stat().st_size == 400_011
    supervisor.trim(log, 1 << 18)
    os.write(log, b"new\n")
    os.close(log)
    assert path.read_bytes().endswith(b"old\nlast\nnew\n")
    assert path.stat().st_size == (64 << 10) + 4
    assert "new" in islice(followed, 100_000)
