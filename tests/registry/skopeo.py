"""Images pushed, read and checked by skopeo."""

import json
import subprocess
from pathlib import Path

from jupyter_modelpack.store.layout import Layout
from tests.services.registry import Account


def push_base(layout: Path, name: str, account: Account) -> str:
    """Push by another's hand; return the digest."""
    credentials = f"--dest-creds={account.username}:{account.password}"
    flags = ["--quiet", "--preserve-digests", "--dest-tls-verify=false", credentials]
    subprocess.run(["skopeo", "copy", *flags, f"oci:{layout}", f"docker://{name}"], check=True)
    return Layout(layout).index().manifests[0].digest


def seen_by_skopeo(name: str, account: Account) -> dict:
    credentials = f"--creds={account.username}:{account.password}"
    done = subprocess.run(
        ["skopeo", "inspect", "--raw", "--tls-verify=false", credentials, f"docker://{name}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
