"""A base image for the tests, made of Debian packages once and kept in `.cache/`.

Independent of the package's own `modelpack base`, so that a fault there does not fail every other room.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tests.services import CACHE, only_one
from tests.services.packages import find, need

# 2024-01-01: a real date, for engines show how old an image is.
EPOCH = 1_704_067_200
INCLUDE = "python3,ca-certificates,libgomp1,tzdata,libc6,libstdc++6"
UNUSED = ("man", "locale", "doc", "info")
LEFT_BEHIND = ("./var/lib/apt/", "./var/cache/apt/", "./var/log/")
PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
CA_BUNDLE = "./etc/ssl/certs/ca-certificates.crt"


def layout() -> Path:
    """Give the folder of an OCI layout that holds the one image `debian:bookworm-python3`."""
    done = CACHE / "debian-base"
    with only_one("base"):
        if not done.exists():
            need("mmdebstrap")
            CACHE.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=CACHE) as work:
                made = Path(work, "layout")
                _write_layout(made, _finish(_bootstrap(Path(work, "raw.tar")), Path(work, "rootfs.tar")))
                shutil.move(made, done)
    return done


def _bootstrap(out: Path) -> Path:
    """Unpack the packages into a tar; no script of theirs runs."""
    excludes = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in UNUSED]
    argv = [find("mmdebstrap"), "--variant=extract", f"--include={INCLUDE}", *excludes, "bookworm", str(out)]
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"mmdebstrap failed:\n{done.stderr[-4000:]}")
    return out


def _finish(raw: Path, out: Path) -> Path:
    """Copy the tar, doing what the maintainer scripts would have done."""
    with tarfile.open(raw) as source, tarfile.open(out, "w") as target:
        authorities = b""
        for member in source:
            if member.name.startswith("./usr/share/ca-certificates/") and member.isreg():
                authorities += source.extractfile(member).read()
            if member.name not in {"./etc/passwd", "./etc/group", CA_BUNDLE} and not member.name.startswith(
                LEFT_BEHIND
            ):
                target.addfile(member, source.extractfile(member) if member.isreg() else None)
        extra = {
            "./etc/passwd": PASSWD.encode(),
            "./etc/group": b"root:x:0:\nnogroup:x:65534:\n",
            CA_BUNDLE: authorities,
        }
        for name, content in extra.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), EPOCH
            target.addfile(member, io.BytesIO(content))
    return out


def _write_layout(folder: Path, rootfs: Path) -> None:
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(kind: str, data: bytes) -> dict:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    plain = rootfs.read_bytes()
    layer = blob("layer.v1.tar+gzip", gzip.compress(plain, compresslevel=1, mtime=0))
    config = {
        "created": "2024-01-01T00:00:00Z",
        "architecture": subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip(),
        "os": "linux",
        "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"], "Cmd": ["python3"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(plain).hexdigest()}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob("config.v1+json", json.dumps(config).encode()),
        "layers": [layer],
    }
    name = {"org.opencontainers.image.ref.name": "debian:bookworm-python3"}
    entry = blob("manifest.v1+json", json.dumps(manifest).encode()) | {"annotations": name}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
