"""`WORKER_COUNT=auto`: a worker for each core that this process may use."""

import os

import pytest

from jupyter_modelpack.scoring import cores
from jupyter_modelpack.scoring.settings import Settings
from tests.scoring.service import running

MINE = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, MINE),
        ({"cpu.max": "max 100000\n"}, MINE),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": f"{MINE * 100000 - 1} 100000\n"}, MINE),
        ({"cpu.max": f"{MINE * 900000} 100000\n"}, MINE),
        ({"cpu.max": "nonsense"}, MINE),
        ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, MINE),
    ],
)
def test_a_containers_share_counts(tmp_path, files, expected):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert cores.available(tmp_path) == expected


def test_auto_starts_as_many_workers(tmp_path):
    wanted = Settings.from_environment({"WORKER_COUNT": "auto"}).workers
    assert wanted == cores.available()
    with running(tmp_path, WORKER_COUNT="auto") as service:
        assert f" {wanted} worker(s)" in service.log
        assert len(service.workers(wanted)) == wanted
