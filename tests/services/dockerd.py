"""A private Docker engine."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import docker
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import ReadTimeout

from tests.services import network, only_one
from tests.services.daemon import Daemon, ServiceError
from tests.services.packages import find, need

DAEMON = Daemon("dockerd")


def up() -> str:
    """Start the engine unless it runs; give its DOCKER_HOST."""
    with only_one("dockerd"):
        if not DAEMON.running():
            need("dockerd", "iptables", "ip")
            _clean()
            try:
                _start()
            except ServiceError:
                _clean()
                raise
        return DAEMON.facts["host"]


def down() -> None:
    """End the engine with everything it kept."""
    with only_one("dockerd"):
        _clean()


def _clean() -> None:
    if DAEMON.known():
        short = DAEMON.facts["short"]
        DAEMON.stop()
        # Nothing of this is left unless the engine was killed.
        _end_orphans(short)
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for mount in reversed(mounts):
            if mount.startswith((f"{short}/", f"{DAEMON.folder}/")):
                subprocess.run(["umount", "--lazy", mount], check=True)
        shutil.rmtree(short, ignore_errors=True)  # a reboot may have emptied /tmp
        network.down()
        DAEMON.forget()


def _end_orphans(short: str) -> None:
    """End what an engine that was killed has left: shims, told by our socket on their command line."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{short}/exec".encode() not in (folder / "cmdline").read_bytes():
                continue
            containers = (folder / "task" / folder.name / "children").read_text().split()
            for pid in [*containers, folder.name]:
                os.kill(int(pid), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            continue


def _start() -> None:
    DAEMON.folder.mkdir(parents=True, exist_ok=True)
    # A unix socket's path ends at 107 bytes and containerd nests deep: no place for a checkout's own path.
    short = tempfile.mkdtemp(prefix="mpk-", dir="/tmp")
    host = f"unix://{short}/docker.sock"
    config = DAEMON.folder / "daemon.json"
    config.write_text("{}")  # the machine's own /etc/docker/daemon.json is about the machine's own engine
    argv = [
        find("dockerd") or "dockerd",
        f"--config-file={config}",
        f"--host={host}",
        f"--data-root={DAEMON.folder / 'data'}",
        f"--exec-root={short}/exec",
        f"--pidfile={short}/pid",
        # A system-wide containerd, where one runs, is joined: under a name of our own.
        f"--containerd-namespace={network.NAME}",
        f"--containerd-plugins-namespace={network.NAME}-plugins",
        f"--bridge={network.NAME}",
        "--iptables=false",
        "--ip-masq=false",
        "--shutdown-timeout=5",
    ]
    network.up()
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    DAEMON.start(argv, {"host": host, "short": short}, {**os.environ, "PATH": path})
    DAEMON.wait(lambda: answers(host), 60)


def answers(host: str) -> bool:
    """Tell whether an engine answers there."""
    if not Path(host.removeprefix("unix://")).exists():
        return False
    try:
        with docker.APIClient(base_url=host, version="1.41", timeout=2) as client:
            return client.ping()
    except (docker.errors.DockerException, NoConnection, ReadTimeout):
        return False
