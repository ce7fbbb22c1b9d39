"""plan, verify, --lock, --upgrade and --pull, as a shell types them."""

import json
import re
import secrets
from pathlib import Path

import pytest

from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.oci.manifest import CONFIG, LAYER, MANIFEST, Manifest, canonical
from jupyter_modelpack.store.layout import Layout
from tests.commands.packages import modelpack, printed
from tests.registry.samples import layer
from tests.registry.skopeo import push_base

pytestmark = pytest.mark.network

SCRIPT = "def init(): ...\ndef run(data):\n    return data\n"
BASE = "org.opencontainers.image.base.digest"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, base_image: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "score.py").write_text(SCRIPT)
    (folder / "model.bin").write_bytes(b"w" * 5000)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    return folder


def states(found: dict) -> dict[str, str]:
    return {step["title"].partition(" ")[0]: step["state"] for step in found["steps"]}


def locked(package: str) -> dict[str, str]:
    """Return what an image says is installed in it."""
    text = next(one for one in Workspace.default().packages if one.location == package).lock
    return dict(re.findall(r'^name = "(.+)"\nversion = "(.+)"$', text, re.MULTILINE))


def test_a_plan_tells_what_the_package_then_is(here, home):
    words = ["score.py", "--model", "model.bin", "--pip", "tqdm==4.67.1"]
    before = printed("plan", *words)
    assert states(before) | {"tqdm": "downloaded", "model": "made", "app": "made"} == states(before)
    assert before["download"] >= next(s["download"] for s in before["steps"] if s["title"] == "tqdm 4.67.1") > 50_000
    assert Workspace.default().models == {}, "a plan registers nothing"
    assert Workspace.default().packages == []
    shown = modelpack("plan", *words)
    assert shown.stdout.splitlines()[0].split() == ["LAYER", "STATE", "SIZE", "DOWNLOAD"]
    assert re.search(r"^model model \(new\) +made +5kB", shown.stdout, re.MULTILINE)
    assert "to download." in shown.stdout.splitlines()[-1]
    made = printed("package", *words)
    after = printed("plan", *words)
    assert {step["state"] for step in after["steps"] if step["title"] != "app"} == {"kept"}
    assert after["download"] == 0
    assert {"tqdm 4.67.1", "model model:1", "scoring server"} < {step["title"] for step in after["steps"]}

    same = modelpack("verify")
    assert same.returncode == 0, same.stderr
    assert same.stdout.startswith(f"{made['reference']} made again is the same, {made['digest']} (")
    damaged = Workspace.default().packages[0].image.manifest.layers[-1]
    path = Workspace.default().store.blob_path(damaged.digest)
    path.chmod(0o644)
    path.write_bytes(b"x" * damaged.size)
    other = modelpack("verify")
    assert other.returncode == 5
    assert other.stdout.startswith(f"{made['reference']} made again is not the same (")
    assert f"layer {damaged.digest.short}" in other.stdout


def test_a_lock_is_used_again_until_an_upgrade(here, home):
    old = printed("package", "score.py", "--pip", "toolz==0.11.2")["reference"]
    assert locked(old)["toolz"] == "0.11.2"
    (here / "pylock.toml").write_text(Workspace.default().packages[0].lock)

    from_file = printed("package", "score.py", "--pip", "toolz", "--lock", "pylock.toml", "--tag", "file")["reference"]
    from_package = printed("package", "score.py", "--pip", "toolz", "--lock", old, "--tag", "package")["reference"]
    assert locked(from_file) == locked(from_package) == locked(old)

    newest = printed("package", "score.py", "--pip", "toolz", "--tag", "newest")["reference"]
    assert locked(newest)["toolz"] > "0.11.2"
    # Time passes: what was resolved once stays, as if newer versions had come since.
    for kept in (home / "cache/locks").glob("*.toml"):
        if "0.11.2" not in kept.read_text():
            kept.write_text((here / "pylock.toml").read_text())
    assert locked(printed("package", "score.py", "--pip", "toolz", "--tag", "kept")["reference"])["toolz"] == "0.11.2"
    upgraded = printed("package", "score.py", "--pip", "toolz", "--tag", "upgraded", "--upgrade")["reference"]
    assert locked(upgraded) == locked(newest)
    assert locked(printed("package", "score.py", "--pip", "toolz", "--tag", "then")["reference"]) == locked(newest)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["package", "score.py", "--lock", "score.py", "--upgrade"], 2, "A lock says which versions"),
        (["package", "score.py", "--lock", "nosuch.toml"], 3, "There is no lock 'nosuch.toml'"),
        (["package", "score.py", "--lock", "score.py"], 2, "The lock is not TOML"),
        (["plan", "score.py", "--lock", "score.py"], 2, "The lock is not TOML"),
        (["plan"], 2, "package needs a model, or an entry script"),
        (["plan", "score.py", "--model", "nosuch"], 3, "No model named 'nosuch'"),
        (["verify"], 3, "Workspace 'default' holds no package yet."),
    ],
)
def test_a_users_mistake_is_a_line(words, code, said):
    done = modelpack(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert f"modelpack: {said}" in done.stderr


def with_one_more_layer(layout: Path, target: Path) -> Path:
    store, image = Layout.create(target), Layout(layout).image(Layout(layout).index().manifests[0])
    store.adopt_image(image, Layout(layout))
    more = layer(7, 10)
    config = json.loads(canonical(image.config()))
    added = store.put_bytes(LAYER, more)
    config["rootfs"]["diff_ids"].append(added.digest)
    manifest = Manifest(store.put_bytes(CONFIG, canonical(config)), (*image.manifest.layers, added))
    store.tag("base:2", store.put_bytes(MANIFEST, manifest.to_bytes()))
    return target


def test_a_base_taken_by_tag_is_asked_for_again_when_told(base_image, cncf_registry, signed_in, tmp_path):
    name = f"{cncf_registry.address}/base/{secrets.token_hex(4)}:stable"
    first = push_base(base_image, name, cncf_registry)

    def base_of(*words: str) -> str:
        printed("package", "score.py", "--base", name, *words)
        return Workspace.default().packages[0].image.config()["config"]["Labels"][BASE]

    planned = printed("plan", "score.py", "--base", name)["steps"][0]
    assert (planned["title"], planned["state"]) == (name, "downloaded")
    assert planned["download"] > 10**6
    assert base_of() == first
    second = push_base(with_one_more_layer(base_image, tmp_path / "more"), name, cncf_registry)
    assert base_of("--tag", "kept") == first
    assert base_of("--tag", "fresh", "--pull") == second
    assert base_of("--tag", "then") == second

    # Another machine has the package and no base: what the image names is fetched by its digest.
    assert modelpack("save", "package:kept", "kept.tar").returncode == 0
    elsewhere = {"MODELPACK_HOME": str(tmp_path / "elsewhere")}
    assert modelpack("load", "kept.tar", **elsewhere).returncode == 0
    done = modelpack("verify", **elsewhere)
    assert (done.returncode, "made again is the same" in done.stdout) == (0, True), done.stdout + done.stderr
