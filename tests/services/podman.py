"""A private Podman that speaks the Docker API: the second engine of the engines' contract suite."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.services import dockerd, network, only_one
from tests.services.daemon import Daemon
from tests.services.packages import SEARCHED, find, need

DAEMON = Daemon("podman")
# Podman raises limits to the kernel's own, which the container that runs these tests may not do; crun 1.8
# refuses hosts that have both kinds of cgroups.
CONFIG = """
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=8192:8192", "nproc=8192:8192"]
[network]
network_backend = "netavark"
default_subnet = "{subnet}"
"""


def up() -> str:
    """Start it unless it runs; give its DOCKER_HOST."""
    with only_one("podman"):
        if not DAEMON.running():
            need("podman", "runc", "netavark", "catatonit", "iptables")
            _clean()
            _start()
        return DAEMON.facts["host"]


def down() -> None:
    """End it with everything it kept."""
    with only_one("podman"):
        _clean()


def _start() -> None:
    DAEMON.folder.mkdir(parents=True, exist_ok=True)
    short = tempfile.mkdtemp(prefix="mpk-", dir="/tmp")
    (DAEMON.folder / "containers.conf").write_text(CONFIG.replace("{subnet}", network.free_subnet()))
    host = f"unix://{short}/podman.sock"
    DAEMON.start([*_podman(short), "system", "service", "--time=0", host], {"host": host, "short": short}, _env())
    DAEMON.wait(lambda: dockerd.answers(host), 30)


def _clean() -> None:
    if DAEMON.known():
        short = DAEMON.facts["short"]
        # Containers live on without the service.
        subprocess.run([*_podman(short), "rm", "--all", "--force"], env=_env(), capture_output=True, check=False)
        DAEMON.stop()
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for mount in reversed(mounts):
            if mount.startswith((f"{short}/", f"{DAEMON.folder}/")):
                subprocess.run(["umount", "--lazy", mount], check=True)
        shutil.rmtree(short, ignore_errors=True)  # a reboot may have emptied /tmp
        DAEMON.forget()


def _podman(short: str) -> list[str]:
    return [find("podman") or "podman", "--root", str(DAEMON.folder / "root"), "--runroot", f"{short}/run"]


def _env() -> dict[str, str]:
    return {**os.environ, "CONTAINERS_CONF": str(DAEMON.folder / "containers.conf"), "PATH": SEARCHED}
