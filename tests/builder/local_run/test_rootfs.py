"""Images written out to run without a container: what they share is there once, and stays as it was packaged."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_modelpack.builder.build import build
from jupyter_modelpack.builder.local_run import run_folders, sealed_folder
from jupyter_modelpack.builder.local_run.rootfs import prepare
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import SERVER
from tests.builder.samples import SCRIPT
from tests.faults.child import Child

pytestmark = pytest.mark.network

LARGE = "pillow==11.3.0"
"""A wheel with a layer of its own."""


@pytest.fixture
def written(recipe, store, home, watcher):
    """Write an image out, as `run` does before each start; return its environment and its app."""

    def write(*requirements: str, script: str = SCRIPT) -> tuple[Path, Path]:
        watcher.events.clear()
        built = build(recipe(*requirements, script=script), store, Reporter())
        program = prepare(built.image, watcher.report)
        assert program.fixed == home / "processes"
        return Path(program.argv[0]).parent.parent, Path(program.cwd)

    return write


def taken(home: Path) -> int:
    """Bytes on disk of all that is written out; what has two names is there once."""
    found = {one.stat().st_ino: one.stat().st_blocks * 512 for one in (home / "processes").rglob("*") if one.is_file()}
    return sum(found.values())


def packages(env: Path) -> Path:
    return env / "lib" / "python3.11" / "site-packages"


def test_another_project_with_the_same_wheels_takes_no_space_and_unpacks_nothing(written, home):
    def layers() -> int:
        return len([path for path in (home / "processes" / run_folders.LAYERS).iterdir() if path.is_dir()])

    first, _ = written(LARGE, "tqdm==4.67.1")
    before, unpacked = taken(home), layers()
    second, _ = written(LARGE, "six==1.17.0")
    assert second != first
    assert layers() == unpacked + 2  # the small packages, which are others, and the app, with another lock
    for name in ("PIL/Image.py", f"{SERVER}/http/server.py"):
        assert (packages(first) / name).stat().st_ino == (packages(second) / name).stat().st_ino
    grown = taken(home) - before
    assert grown < 4_000_000 < before / 5, (grown, before)  # the small packages, and lists


def rewrite(path: Path, content: bytes, *, hidden: bool = False) -> None:
    """Do what a script can do that runs as root, or has changed the mode."""
    facts = path.stat()
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(facts.st_mode)
    if hidden:
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def test_what_a_script_has_rewritten_is_made_anew_before_the_next_start(written, watcher):
    env, app = written("tqdm==4.67.1")
    module = packages(env) / "tqdm" / "std.py"
    names = {app / "score.py": SCRIPT.encode(), module: module.read_bytes()}
    kept = (packages(env) / "tqdm" / "auto.py").stat().st_ino
    for path in names:
        rewrite(path, b"stolen = True\n")
    (packages(env) / "tqdm" / "gui.py").unlink()
    (packages(env) / "sitecustomize.py").write_text("stolen = True\n")
    assert written("tqdm==4.67.1") == (env, app)
    assert {path: path.read_bytes() for path in names} == names
    assert (packages(env) / "tqdm" / "gui.py").exists()
    assert not (packages(env) / "sitecustomize.py").exists()
    assert (packages(env) / "tqdm" / "auto.py").stat().st_ino == kept  # what runs there finds all else where it was
    assert "Changed since it was written out, and made again: score.py in" in watcher.text()
    assert "site-packages/sitecustomize.py and 2 more" in watcher.text()
    written("tqdm==4.67.1")
    assert "Changed" not in watcher.text()


def test_the_app_and_the_server_are_compared_by_content(written, watcher):
    env, app = written()
    for path in (app / "score.py", packages(env) / SERVER / "http" / "server.py"):
        content = path.read_bytes()
        rewrite(path, b"#" * len(content), hidden=True)
        written()
        assert path.read_bytes() == content
        assert f"{path.name} in" in watcher.text()


def test_an_environment_made_of_a_changed_layer_gets_it_as_it_was(written):
    env, _ = written(LARGE)
    content = (packages(env) / "PIL" / "Image.py").read_bytes()
    rewrite(packages(env) / "PIL" / "Image.py", b"stolen = True\n")  # the file has this content under all its names
    other, _ = written(LARGE, "six==1.17.0")
    assert (packages(other) / "PIL" / "Image.py").read_bytes() == content


def test_nothing_of_it_can_be_written_to_and_a_damaged_list_costs_another_writing_out_and_no_more(written):
    env, app = written()
    for one in (env, app, *env.rglob("*"), *app.rglob("*")):
        assert one.is_symlink() or not stat.S_IMODE(one.stat().st_mode) & 0o222, one
    env.with_suffix(".list").unlink()
    app.with_suffix(".list").write_text('{"score.py": [')
    assert written() == (env, app)
    assert (app / "score.py").read_text() == SCRIPT
    assert sealed_folder.kept(env.with_suffix(".list")) == sealed_folder.look(env)


def test_layers_go_when_nothing_is_made_of_them(home: Path):
    def fill(path: Path) -> None:
        (path / "m.py").write_text("x" * 1000)

    def make(_say) -> None:
        layer = run_folders.once(run_folders.folder(run_folders.LAYERS, "0" * 16), fill)
        run_folders.once(
            run_folders.folder(run_folders.ENVIRONMENTS, "1" * 16), lambda place: sealed_folder.link_tree(layer, place)
        )

    Child(make).wait()
    env = run_folders.folder(run_folders.ENVIRONMENTS, "1" * 16)

    def held(say) -> None:
        run_folders.once(env, fill)
        say(str(Child(lambda tell: tell(str(run_folders.collect()))).wait().said))

    assert Child(held).wait().said == ["['(0, 0)']"]
    assert run_folders.collect(dry_run=True) == (2, 1000)
    assert run_folders.collect() == (2, 1000)
    assert not list(home.glob("processes/*/*.list"))


@pytest.fixture
def nobodys() -> Iterator[Path]:
    """A folder of the user nobody's; those that pytest makes lie in one that only root may enter."""
    with tempfile.TemporaryDirectory() as name:
        os.chown(name, 65534, 65534)
        yield Path(name)


def test_who_is_not_root_mends_and_removes_it_too(nobodys, monkeypatch):
    monkeypatch.setenv("MODELPACK_HOME", str(nobodys / "home"))
    path = run_folders.folder(run_folders.APPS, "0" * 16)

    def fill(folder: Path) -> None:
        (folder / "below").mkdir()
        (folder / "below" / "m.py").write_text("x" * 1000)

    def make(say) -> None:
        os.setgid(65534)
        os.setuid(65534)
        run_folders.once(path, fill)
        with pytest.raises(PermissionError):
            (path / "below" / "m.py").write_text("y")
        with pytest.raises(PermissionError):
            (path / "below" / "n.py").write_text("y")
        rewrite(path / "below" / "m.py", b"y")
        say(str(run_folders._changed(path)))
        run_folders.once(path, fill)
        say((path / "below" / "m.py").read_text()[:3])

    def remove(say) -> None:
        os.setgid(65534)
        os.setuid(65534)
        say(str(run_folders.collect()))
        say(str([one.name for one in path.parent.iterdir() if one.is_dir()]))

    assert Child(make).wait().said == ["['below/m.py']", "xxx"]
    assert Child(remove).wait().said == ["(1, 1000)", "[]"]
