"""registry --writable: what others push becomes a package of the workspace."""

import re
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.delivery import local_registry
from jupyter_modelpack.registry.server.probe import Presence, who_answers
from jupyter_modelpack.store.files import temporary
from tests.commands.packages import PROGRAM, modelpack, printed, put_package
from tests.services.daemon import until

PIECE = 2 << 20
"""Bytes that are kept on disk, not in memory."""


def test_what_is_pushed_becomes_a_package(tmp_path):
    package = put_package(Workspace.create("source"))
    package.save_archive(tmp_path / "adder.tar")
    serving = subprocess.Popen([PROGRAM, "registry", "--writable"], stdout=subprocess.PIPE, text=True)
    try:
        address = re.match(r"Serving at (\S+) until Ctrl-C", serving.stdout.readline())[1]
        endpoint = Workspace.default().endpoint()
        copy = ["skopeo", "copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false"]
        copy += [f"--dest-creds={endpoint.username}:{endpoint.password.reveal()}", f"oci-archive:{tmp_path}/adder.tar"]
        done = subprocess.run([*copy, f"docker://{address}/team/adder:v2"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        refused = subprocess.run([*copy, f"docker://{address}/models/x:1"], capture_output=True, text=True, check=False)
        assert "own things" in refused.stderr
    finally:
        serving.send_signal(signal.SIGINT)
        serving.communicate(timeout=20)
    [row] = printed("packages")["rows"]
    assert (row["reference"], row["digest"]) == (f"{address}/team/adder:v2", package.digest)
    assert modelpack("gc").returncode == 0
    assert modelpack("check").returncode == 0
    assert Workspace.default().packages[0].lock == package.lock


@pytest.mark.parametrize(("how", "ends"), [(signal.SIGINT, 130), (signal.SIGTERM, -15), (signal.SIGHUP, -1)])
def test_what_is_half_pushed_when_it_ends_leaves_nothing(how, ends):
    """One upload between two pieces, one in the middle of a piece."""
    where = Workspace.default()
    endpoint, blobs = where.endpoint(), where.store.path / "blobs" / "sha256"
    before = sorted(blobs.iterdir())
    # Below `nohup` it is ignored, and a program that it starts ignores it, too.
    heard = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    serving = subprocess.Popen([PROGRAM, "registry", "--writable"], stdout=subprocess.PIPE, text=True)
    signal.signal(signal.SIGHUP, heard)
    try:
        address = re.match(r"Serving at (\S+) until Ctrl-C", serving.stdout.readline())[1]
        login = (endpoint.username, endpoint.password.reveal())
        uploads = f"http://{address}/v2/team/adder/blobs/uploads/"
        between, within = (
            f"http://{address}{requests.post(uploads, auth=login, timeout=10).headers['Location']}" for _ in range(2)
        )
        assert requests.patch(between, auth=login, data=b"x" * PIECE, timeout=10).status_code == 202
        began, goes_on = threading.Event(), threading.Event()

        def piece():
            yield b"x" * PIECE
            yield b"x" * PIECE
            began.set()
            goes_on.wait(30)

        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(requests.patch, within, auth=login, data=piece(), timeout=20)
            assert began.wait(20)
            assert until(lambda: len(temporary(blobs)) == 2, 20)
            serving.send_signal(how)
            code = serving.wait(20)
            goes_on.set()
            assert isinstance(sending.exception(20), requests.ConnectionError)
    finally:
        serving.kill()
        serving.communicate()
    assert sorted(blobs.iterdir()) == before
    assert code == ends


def test_it_serves_also_where_a_pull_has_left_a_registry_behind():
    where = Workspace.default()
    put_package(where)
    local_registry.ensure(where)
    assert who_answers(where.endpoint()) is Presence.OURS
    serving = subprocess.Popen([PROGRAM, "registry"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert where.endpoint().address in serving.stdout.readline()
        assert who_answers(where.endpoint()) is Presence.OURS
        second = modelpack("registry")
        assert second.returncode
        assert "holds that port" in second.stderr
    finally:
        serving.send_signal(signal.SIGINT)
        serving.communicate(timeout=20)
