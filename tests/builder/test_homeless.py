"""promises.md F17, threat-model.md T13: users without home, name or the right to write."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import CHECKOUT

pytestmark = pytest.mark.network

NUMBER, ANOTHER = 65_500, 65_501
"""Users that no machine has a name for."""

SITE = next(path for path in sys.path if path.endswith("site-packages"))
PASSED_ON = ("UV_", "SSL_", "REQUESTS_", "HTTP", "http", "no_proxy", "NO_PROXY")


@pytest.fixture
def world(base_image: Path) -> Iterator[Path]:
    """A folder that every user may enter, with a base image that only root may write."""
    # Not below pytest's own folder, which is its user's alone.
    world = Path(subprocess.check_output(["mktemp", "-d", "/tmp/homeless-XXXXXX"], text=True).strip())
    world.chmod(0o755)
    shutil.copytree(CHECKOUT / "jupyter_modelpack", world / "code" / "jupyter_modelpack")
    shutil.copytree(base_image, world / "base", ignore=shutil.ignore_patterns("*.lock"))
    subprocess.run(["chmod", "-R", "a+rX", world / "base"], check=True)
    for name in ("mine", "here"):
        (world / name).mkdir()
        os.chown(world / name, NUMBER, NUMBER)
    (world / "here" / "score.py").write_text("def init(): ...\ndef run(data):\n    return data\n")
    yield world
    shutil.rmtree(world)


def modelpack(world: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a user of whom the machine knows only the number, with nothing in the environment."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON) and name != "UV_CACHE_DIR"}
    kept |= {"PATH": os.defpath, "PYTHONPATH": f"{world / 'code'}:{SITE}", "MODELPACK_ENGINE": "process"}
    return subprocess.run(
        ["/usr/bin/python3.11", "-m", "jupyter_modelpack", *words],
        cwd=world / "here", env=kept | env, user=NUMBER, group=NUMBER, extra_groups=[], umask=0,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("env", "status", "said"),
    [
        ({}, 2, "This user has no home folder"),
        ({"HOME": "/nonexistent"}, 7, "Permission denied at /nonexistent"),
        ({"HOME": "/usr"}, 7, "Permission denied at /usr/.local"),
        ({"MODELPACK_HOME": "/proc/nothing"}, 3, "/proc/nothing"),
    ],
    ids=["no home", "one that is not there", "one that cannot be written", "nowhere to write"],
)
def test_where_nothing_can_be_kept_it_is_said(world, env, status, said):
    for verb in ("models", "check", "gc"):
        done = modelpack(world, verb, **env)
        assert (done.returncode, said in done.stderr, "MODELPACK_HOME" in done.stderr) == (status, True, True), done
    assert modelpack(world, "version", **env).returncode == 0
    assert modelpack(world, "doctor", **env).returncode == 0


def test_without_a_home_and_a_name_one_can_package_and_nobody_else_sees_it(world):
    env = {"MODELPACK_HOME": str(world / "mine" / "kept"), "MODELPACK_BASE_IMAGE": str(world / "base")}
    before = set((world / "base").rglob("*"))
    done = modelpack(world, "package", "score.py", "--name", "homeless", "--tag", "1", **env)
    assert done.returncode == 0, done.stderr
    assert modelpack(world, "verify", "homeless:1", **env).returncode == 0
    assert set((world / "base").rglob("*")) == before, "a base image is only read"
    # The umask let everybody in, and the folder above is open: ours is not.
    look = f"import os; os.listdir({str(world / 'mine')!r}); os.listdir({env['MODELPACK_HOME']!r})"
    for user in (ANOTHER, NUMBER):
        seen = subprocess.run(
            ["/usr/bin/python3.11", "-c", look], user=user, capture_output=True, text=True, check=False
        )
        assert ("PermissionError" in seen.stderr) == (user == ANOTHER), seen.stderr
    kept = Path(env["MODELPACK_HOME"])
    open_to_all = [path for path in (kept, *kept.rglob("*")) if not path.is_symlink() and path.stat().st_mode & 0o022]
    assert open_to_all == []
