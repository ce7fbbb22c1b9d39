"""What only the process engine has to get right: processes, their numbers, their folders."""

import errno
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_modelpack.engine import private_file
from jupyter_modelpack.engine.base import LocalProgram
from jupyter_modelpack.engine.diagnose import diagnose
from jupyter_modelpack.engine.process import service_records, supervisor
from jupyter_modelpack.engine.process.engine import _start
from jupyter_modelpack.engine.score import score
from jupyter_modelpack.errors import Unavailable, UsageError
from jupyter_modelpack.events import Reporter


def test_everything_a_service_started_ends_with_it(process):
    service = process.ready(CHILD="1")
    child = next(int(line.split()[1]) for line in process.engine.logs(service) if line.startswith("child"))
    assert service_records.birth(child)
    process.engine.kill(service)
    assert service_records.birth(child) is None


def test_stragglers_end_when_the_service_does(process):
    service = process.ended(CHILD="1", EXIT="5")
    child = next(int(line.split()[1]) for line in process.engine.logs(service) if line.startswith("child"))
    assert service.exit_code == 5
    assert service_records.birth(child) is None


AWAY = """
import os, subprocess, sys, time
said, say = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)  # a daemon, as nohup and double forks make them: no parent, a session of its own
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    print("daemon", os.getpid(), flush=True)
    os.write(say, b".")
    time.sleep(600)
os.wait()
os.read(said, 1)
again = subprocess.Popen(["sleep", "600"], start_new_session=True)
print("other", again.pid, flush=True)
if os.environ.get("EXIT"):
    os._exit(int(os.environ["EXIT"]))
time.sleep(600)
"""


def away(process, **env):
    """A service whose children have left its process group: the service, and all that it started."""
    program = LocalProgram([sys.executable, "-c", AWAY], process.cwd, {})
    service = process.engine.run(replace(process.spec(**env), program=program), Reporter())
    pids = []
    for line in process.engine.logs(service, follow=True):
        pids.append(int(line.split()[1]))
        if len(pids) == 2:
            break
    assert len(pids) == 2
    return service, pids


def test_what_has_left_for_a_session_of_its_own_ends_with_its_service(process):
    service, pids = away(process)
    assert all(service_records.birth(pid) for pid in pids)
    guard = service_records.ServiceRecord.find(service.name).process("supervisor").pid
    sleeps = list(supervisor._below(guard))
    assert len(sleeps) == 4  # the service, the daemon, and a sleep of each
    process.engine.kill(service)
    assert [pid for pid in sleeps if service_records.birth(pid)] == []


def test_it_ends_as_well_when_the_service_ends_by_itself(process):
    service, pids = away(process, EXIT="6")
    ended = process.engine.wait(service, 20)
    assert ended.exit_code == 6
    assert [pid for pid in pids if service_records.birth(pid)] == []


UNPINNED = """
import os, signal
def refused(*_given):
    raise OSError({errno}, "refused")
if {errno}:
    os.pidfd_open = refused
else:
    del os.pidfd_open, signal.pidfd_send_signal
"""


@pytest.mark.parametrize("refusal", [errno.ENOSYS, errno.EPERM, 0], ids=["old kernel", "seccomp", "old build"])
@pytest.mark.parametrize("killed", [True, False])
def test_it_ends_where_the_system_has_no_handles_of_processes(process, tmp_path, monkeypatch, refusal, killed):
    before = UNPINNED.format(errno=refusal)
    program = tmp_path / "supervisor.py"
    program.write_text(before + Path(supervisor.__file__).read_text())
    monkeypatch.setattr(supervisor, "__file__", str(program))
    for module, name in ((os, "pidfd_open"), (signal, "pidfd_send_signal")):
        monkeypatch.setattr(module, name, getattr(module, name))  # put back afterwards
    exec(before, {})
    service, pids = away(process, **({} if killed else {"EXIT": "6"}))
    ended = process.engine.kill(service) if killed else process.engine.wait(service, 20)
    assert ended.exit_code == (137 if killed else 6)
    assert [pid for pid in pids if service_records.birth(pid)] == []


ORPHANS = """
import os, time
for _ in range(5):
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(0.1)
        os._exit(0)
    os.wait()
time.sleep(0.5)
print("they have ended", flush=True)
time.sleep(600)
"""


def test_orphans_of_a_service_are_no_zombies(process):
    program = LocalProgram([sys.executable, "-c", ORPHANS], process.cwd, {})
    service = process.engine.run(replace(process.spec(), program=program), Reporter())
    assert next(iter(process.engine.logs(service, follow=True))) == "they have ended"
    guard = service_records.ServiceRecord.find(service.name).process("supervisor").pid
    assert [line.rpartition(")")[2].split()[0] for line in stats(guard)] == ["S"]


def stats(parent: int) -> list[str]:
    """What /proc says of the children of a process."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [Path(f"/proc/{child}/stat").read_text() for child in children]


def test_a_service_gets_what_it_needs_of_our_environment_and_nothing_else(process, monkeypatch):
    needed = {
        "TZ": "Asia/Tokyo",
        "LANG": "C.UTF-8",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "no_proxy": "localhost",
        "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
        "CUDA_VISIBLE_DEVICES": "0",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    }
    hidden = (
        "NVIDIA_API_KEY",
        "CUDA_SECRET",
        "LC_ALL",
        "OMP_TOKEN",
        "HF_TOKEN",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PROXY",
    )
    for name, value in {**needed, **dict.fromkeys(hidden, "canary")}.items():
        monkeypatch.setenv(name, value)
    script = "import json, os; print(json.dumps(dict(os.environ)))"
    program = LocalProgram([sys.executable, "-c", script], process.cwd, {"FROM_PROGRAM": "yes"})
    service = process.engine.wait(process.engine.run(replace(process.spec(), program=program), Reporter()), 20)
    seen = json.loads(next(iter(process.engine.logs(service))))
    assert seen == {**seen, **needed, "FROM_PROGRAM": "yes"}
    assert set(seen).isdisjoint(hidden)
    assert "canary" not in seen.values()


FIXED = """
import os
from pathlib import Path
for path in ("score.py", "new.py", os.environ["ABSOLUTE"]):
    try:
        Path(path).write_text("rewritten")
    except OSError as error:
        print(error.strerror)
"""


def test_a_service_cannot_write_to_what_is_fixed(process, tmp_path):
    fixed = tmp_path / "fixed"
    fixed.mkdir()
    (fixed / "score.py").write_text("the script")
    program = LocalProgram([sys.executable, "-c", FIXED], fixed, {"ABSOLUTE": str(fixed / "score.py")}, fixed)
    service = process.engine.wait(process.engine.run(replace(process.spec(), program=program), Reporter()), 20)
    assert list(process.engine.logs(service)) == ["Read-only file system"] * 3
    assert [path.read_text() for path in fixed.iterdir()] == ["the script"]
    (fixed / "ours.py").write_text("we may")


def test_a_service_outlives_its_kernel_and_its_exit_code_is_known_to_another(process, home):
    program = (
        "import sys; from pathlib import Path; from jupyter_modelpack.engine.process.engine import ProcessEngine;"
        "from jupyter_modelpack.engine.base import *; from jupyter_modelpack.events import Reporter;"
        f"program = LocalProgram({process.spec().program.argv!r}, Path(), {{}});"
        f"spec = RunSpec('x:1', '{process.prefix}-a', 0, program=program);"
        "print(ProcessEngine().run(spec, Reporter()).port)"
    )
    port = int(subprocess.check_output([sys.executable, "-c", program], text=True))
    service = process.engine.find(f"{process.prefix}-a")
    assert (service.state, service.port) == ("running", port)
    os.kill(int(service.id), signal.SIGTERM)
    ended = process.engine.wait(service, 10)
    assert (ended.state, ended.exit_code) == ("exited", 143)


def test_a_reused_pid_is_never_killed(process):
    service = process.ended(EXIT="0")
    bystander = subprocess.Popen(["sleep", "100"], start_new_session=True)
    try:
        # As after a reboot: the numbers on disk belong to other processes by now.
        folder = service_records.ServiceRecord.find(service.name).folder
        facts = json.loads((folder / "process.json").read_text())
        stale = {**facts, "pid": bystander.pid, "supervisor": bystander.pid}
        private_file.write_json(folder / "process.json", stale)
        (folder / "exit.json").unlink()
        found = process.engine.find(service.name)
        assert (found.state, found.exit_code) == ("exited", None)
        process.engine.kill(found)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_service_whose_supervisor_was_killed_can_be_killed(process):
    service = process.ready()
    guard = service_records.ServiceRecord.find(service.name).process("supervisor")
    guard.send(signal.SIGKILL)
    assert guard.wait(5)
    assert process.engine.find(service.name).state == "running"
    assert score(service, b"x").ok
    killed = process.engine.kill(service)
    assert (killed.state, killed.exit_code) == ("exited", 137)
    with pytest.raises(Unavailable):
        score(service, b"x")


def test_a_claim_whose_kernel_died_is_no_running_service(process):
    record = service_records.ServiceRecord.claim(process.spec(), 1)
    assert process.engine.find(record.name).state == "starting"
    facts = json.loads((record.folder / "service.json").read_text())
    private_file.write_json(record.folder / "service.json", {**facts, "claimer_birth": 1})
    assert process.engine.find(record.name).state == "exited"
    assert process.ready().state == "running"


def test_no_child_of_ours_is_left_behind(process):
    before = children()
    process.ended(EXIT="0")
    assert children() == before


def children():
    """The processes whose parent we are, zombies included."""
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()


def test_others_can_neither_look_nor_touch(process, home):
    old = os.umask(0)
    try:
        service = process.ready()
    finally:
        os.umask(old)
    folder = home / "services" / service.name
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_secrets_of_the_environment_are_not_written_down(process, home):
    process.ready(TOKEN="s3cr3t-canary")
    assert not [path for path in home.rglob("*") if path.is_file() and b"s3cr3t-canary" in path.read_bytes()]


def test_a_program_that_is_not_there_is_said_at_once(process):
    program = LocalProgram(["/nowhere/python"], process.cwd, {})
    with pytest.raises(Unavailable, match="No such file or directory: '/nowhere/python'"):
        process.engine.run(replace(process.spec(), program=program), Reporter())
    assert process.engine.services() == []
    with pytest.raises(UsageError, match="names no program"):
        process.engine.run(replace(process.spec(), program=None), Reporter())


def test_the_tail_of_a_long_log(process):
    script = "print('\\n'.join(str(n) for n in range(100_000)))"
    program = LocalProgram([sys.executable, "-c", script], process.cwd, {})
    service = process.engine.wait(process.engine.run(replace(process.spec(), program=program), Reporter()), 20)
    assert list(process.engine.logs(service, tail=3)) == ["99997", "99998", "99999"]
    assert list(process.engine.logs(service, tail=0)) == []
    assert list(process.engine.logs(service, tail=200_000)) == [str(n) for n in range(100_000)]
    assert next(process.engine.logs(service, tail=50_000)) == "50000"


def test_images_are_the_workspace_s_business(process):
    assert process.engine.images is None


def test_a_lost_race_for_a_port_is_diagnosed(process):
    first = process.ready("a")
    program = LocalProgram(process.spec().program.argv, process.cwd, {})
    record = service_records.ServiceRecord.claim(process.spec("b"), first.port)
    _start(record, process.spec("b"), program, first.port)
    lost = process.engine.wait(record.service(), 20)
    assert lost.exit_code == 3
    assert "port was taken by another program" in diagnose(process.engine, lost).message


FORKING = """
import os, signal, socket, time
listener = socket.create_server(("127.0.0.1", int(os.environ["MODELPACK_PORT"])))
if os.fork() == 0:  # a worker that takes its time to die: much memory to give back
    memory = bytearray(1 << 30)
    for at in range(0, len(memory), 4096):
        memory[at] = 1
    print("grown", flush=True)
time.sleep(600)
"""


def test_a_port_is_free_once_its_service_was_killed(process, tmp_path):
    engine, program = process.engine, LocalProgram([sys.executable, "-c", FORKING], tmp_path, {})
    service = engine.run(replace(process.spec(), port=0, program=program), Reporter())
    assert "grown" in engine.logs(service, follow=True)
    engine.kill(service)
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", service.port))
        again.listen()
