"""Same inputs, same bytes: for any user, in any place, at any time, with any Python."""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_modelpack.builder.lock.pylock import uv_environment, uv_program
from tests.services import CHECKOUT, another_python
from tests.services.packages import find, need

pytestmark = [pytest.mark.network, pytest.mark.timeout(600)]

REQUIREMENTS = ("tqdm==4.67.1", "pyyaml==6.0.3", "markupsafe==3.0.3", "jinja2==3.1.6", "click==8.5.1")
SITE = next(path for path in sys.path if path.endswith("site-packages"))
OTHER_RELEASE = "/usr/bin/python3.11"
"""Debian's own, beside the one of the tests: perhaps another release, built by other hands."""


@pytest.fixture
def world() -> Iterator[Path]:
    """A folder that every user may enter, with what gets packaged; older than any of its builds."""
    # Not below pytest's own folder, which is its user's alone.
    world = Path(subprocess.check_output(["mktemp", "-d", "/tmp/reproducible-XXXXXX"], text=True).strip())
    world.chmod(0o755)
    (world / "code").mkdir()
    for name in ("jupyter_modelpack", "tests"):
        shutil.copytree(CHECKOUT / name, world / "code" / name, ignore=shutil.ignore_patterns("__pycache__"))
    yield world
    shutil.rmtree(world)


def project(folder: Path, order: list[str]) -> Path:
    """Write the same files, in another order, at other times, with other rights where they do not matter."""
    for name in order:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
    return folder


def build(
    world: Path,
    name: str,
    base: Path,
    *,
    python: str = sys.executable,
    packages: str = SITE,
    user: str = "",
    **env: str,
) -> list[str]:
    """Build in a process of its own; give digests with what they are of, the manifest last."""
    files = ["src/score.py", "src/lib/more.py", "model/weights.bin", "model/ä/config.json"]
    if user:
        files.reverse()
    folder = project(world / name / "project", files)
    state = world / name / "state"
    state.mkdir()
    copy = world / name / "base"
    shutil.copytree(base, copy)
    argv = [python, "-m", "tests.builder.one_build", str(folder), *REQUIREMENTS]
    clock = env.pop("clock", "")
    if clock:
        need("faketime")
        # No certificate of an index is valid that far away: uv has everything in its cache instead.
        fill(world / "here" / "state")
        shutil.copytree(world / "here" / "state" / "uv", state / "uv", symlinks=True)
        env["UV_OFFLINE"] = "1"
        argv = [find("faketime") or "faketime", clock, *argv]
    uid = pwd.getpwnam(user).pw_uid if user else None
    if uid is not None:
        for path in [world / name, *(world / name).rglob("*")]:
            os.chown(path, uid, uid, follow_symlinks=False)
    done = subprocess.run(
        argv,
        cwd=world / "code",
        user=uid,
        umask=int(env.pop("umask", "022"), 8),
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "TZ"))},
            "HOME": str(state),
            "PYTHONPATH": f"{world / 'code'}:{packages}",
            "MODELPACK_HOME": str(state / "home"),
            "MODELPACK_BASE_IMAGE": str(copy),
            "UV_CACHE_DIR": str(state / "uv"),
            **env,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "without bytecode" not in done.stderr
    return done.stdout.splitlines()


def fill(state: Path) -> None:
    """Let uv install what the first build has locked, so that its cache has the wheels; that build needed no uv."""
    (lock,) = (state / "home" / "cache" / "locks").glob("*.toml")
    pylock = lock.with_name("pylock.toml")
    shutil.copy(lock, pylock)
    argv = [uv_program(), "pip", "install", "--quiet", "--target", state / "filled", "--no-deps", "-r", pylock]
    subprocess.run(argv, check=True, env={**uv_environment(), "UV_CACHE_DIR": str(state / "uv")})


def test_one_digest_for_all_the_world(world, base_image):
    here = build(world, "here", base_image, TZ="UTC", LC_ALL="C.UTF-8")
    there = build(
        world,
        "elsewhere with a longer name",
        base_image,
        python=OTHER_RELEASE,
        user="nobody",
        umask="077",
        clock="2035-06-01 03:04:05",
        TZ="Pacific/Chatham",
        LC_ALL="C",
        PYTHONHASHSEED="7",
    )
    assert there == here
    assert here[-1].endswith(" manifest")


def test_one_digest_with_another_minor_version_on_the_host(world, base_image):
    """Its own bytecode is another; the image's is made by a Python of the image's version."""
    python = another_python.environment()
    version, packages = said(
        python, "import platform, sysconfig; print(platform.python_version());print(sysconfig.get_path('purelib'))"
    )
    assert version.rpartition(".")[0] != f"{sys.version_info[0]}.{sys.version_info[1]}"
    here = build(world, "here", base_image)
    assert build(world, "there", base_image, python=str(python), packages=packages, umask="027") == here


def said(python: Path, program: str) -> list[str]:
    return subprocess.check_output([python, "-I", "-c", program], text=True).splitlines()


def test_another_script_is_another_digest(world, base_image):
    """The test above could find all builds equal because it compares nothing."""
    here = build(world, "here", base_image)
    with (world / "code" / "jupyter_modelpack" / "scoring" / "observe" / "log.py").open("a") as module:
        module.write("# changed\n")
    there = build(world, "there", base_image)
    changed = [ours.partition(" ")[2] for ours, theirs in zip(here, there, strict=True) if ours != theirs]
    assert changed == ["scoring server", "manifest"]
