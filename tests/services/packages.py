"""The Debian packages behind the tests: `python -m tests.services.packages PROGRAM...` installs them."""

import os
import shutil
import subprocess
import sys

# Program looked for -> package that brings it.
PACKAGES = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "iptables": "iptables",
    "ip": "iproute2",
    "docker-registry": "docker-registry",
    "htpasswd": "apache2-utils",
    "skopeo": "skopeo",
    "umoci": "umoci",
    "mmdebstrap": "mmdebstrap",
    "podman": "podman",
    "runc": "runc",
    "netavark": "netavark",
    "catatonit": "catatonit",
    "faketime": "faketime",
    "strace": "strace",
    "chromium": "chromium",
    "wrk": "wrk",
    "mkfs.btrfs": "btrfs-progs",
    "mkfs.xfs": "xfsprogs",
}
# What client programs in other languages are compiled and run with, for `make clients` alone.
COMPILERS = {
    "curl": "curl",
    "java": "default-jdk-headless",
    "javac": "default-jdk-headless",
    "keytool": "default-jdk-headless",
    "go": "golang-go",
    "gofmt": "golang-go",
    "mcs": "mono-mcs",
    "mono": "mono-runtime libmono-system-net-http4.0-cil",
    "cert-sync": "ca-certificates-mono",
    "Rscript": "r-base-core r-cran-curl",
}
# An ordinary user's PATH leaves out where Debian keeps daemons.
SEARCHED = os.pathsep.join(
    [os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/lib/podman"]
)


def find(program: str) -> str | None:
    """Look a program up, daemons included."""
    return shutil.which(program, path=SEARCHED)


def need(*programs: str) -> None:
    """Install what is missing of `programs`, or say what to do."""
    known = PACKAGES | COMPILERS
    wanted = sorted({package for program in programs if not find(program) for package in known[program].split()})
    if not wanted:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *wanted]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"Missing on this machine: {', '.join(wanted)}. As an administrator: {' '.join(command)}")
    print(f"Installing {', '.join(wanted)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update"], command):
        done = subprocess.run(step, env=quiet, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(step)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


if __name__ == "__main__":
    need(*(sys.argv[1:] or PACKAGES))
