"""Locks: what goes into their key, what of them goes into an image, whom they trust."""

import hashlib
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from jupyter_modelpack.builder.build import build
from jupyter_modelpack.builder.lock.pylock import Lock
from jupyter_modelpack.builder.lock.resolve import make_lock
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.errors import Untrusted, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.layer import read_layer
from jupyter_modelpack.oci.manifest import Platform

TARGET = BuildTarget("3.11", Platform())


def wheel(folder: Path, name: str, version: str, text: str) -> Path:
    """Write a wheel with one module."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr(f"{name}.py", text)
        out.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        out.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        out.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return path


def modules(store, image) -> dict[str, str]:
    """Read the Python files that an image holds among its packages, and its lock."""
    found = {}
    for layer in image.manifest.layers:
        if layer.annotations:
            with store.open_blob(layer) as stream:
                for entry, content in read_layer(stream):
                    if content and entry.path.endswith((".py", ".toml")):
                        found[entry.path.rpartition("/")[2]] = content.read().decode()
    return found


@pytest.fixture
def index(tmp_path):
    """A folder served as a package index on loopback: give it files, get its address."""
    root = tmp_path / "index"
    root.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(root))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield root, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.network
def test_a_local_wheel_that_changed_is_seen(recipe, store, tmp_path):
    lines = "./dist/revpkg-1.0-py3-none-any.whl"
    wheel(tmp_path / "dist", "revpkg", "1.0", "VERSION = 'one'\n")
    first = build(recipe(lines, requirements_dir=tmp_path), store, Reporter())
    wheel(tmp_path / "dist", "revpkg", "1.0", "VERSION = 'two'\n")
    second = build(recipe(lines, requirements_dir=tmp_path), store, Reporter())
    assert modules(store, first.image)["revpkg.py"] == "VERSION = 'one'\n"
    assert modules(store, second.image)["revpkg.py"] == "VERSION = 'two'\n"


@pytest.mark.network
def test_constraints_that_changed_are_seen(tmp_path, watcher):
    limits = tmp_path / "c.txt"
    found = []
    for bound in ("24", "23"):
        limits.write_text(f"packaging<{bound}\n")
        lock = make_lock(["packaging", "-c c.txt"], TARGET, tmp_path / "locks", watcher.report, relative_to=tmp_path)
        found.append(lock.packages[0].version)
    assert found[0].startswith("23.")
    assert found[1].startswith("22.")


@pytest.mark.network
def test_constraints_that_constraints_name_are_seen(tmp_path, watcher):
    (tmp_path / "sub").mkdir()
    (tmp_path / "c.txt").write_text("-c sub/inner.txt\n")
    found = []
    for version in ("23.2", "23.1"):
        (tmp_path / "sub" / "inner.txt").write_text(f"packaging=={version}\n")
        lock = make_lock(["packaging", "-c c.txt"], TARGET, tmp_path / "locks", watcher.report, relative_to=tmp_path)
        found.append(lock.packages[0].version)
    assert found == ["23.2", "23.1"]


def test_the_order_of_indexes_counts(tmp_path, watcher, index):
    """The first that has a name wins, so another order is another question."""
    root, address = index
    for name, version in (("a", "1.0"), ("b", "2.0")):
        wheel(root / name / "revpkg", "revpkg", version, "")
    lines = [f"--extra-index-url {address}/a", f"--extra-index-url {address}/b"]
    found = [
        make_lock(["revpkg", *order], TARGET, tmp_path / "locks", watcher.report).packages[0].version
        for order in (lines, lines[::-1])
    ]
    assert found == ["1.0", "2.0"]


@pytest.mark.network
def test_where_a_wheel_lay_does_not_ship_and_does_not_count(recipe, store, tmp_path):
    digests = []
    for folder in ("here", "there/deep"):
        wheel(tmp_path / folder, "revpkg", "1.0", "VERSION = 'one'\n")
        wheels = recipe("./revpkg-1.0-py3-none-any.whl", requirements_dir=tmp_path / folder)
        built = build(wheels, store, Reporter())
        assert str(tmp_path) not in modules(store, built.image)["pylock.toml"]
        digests.append(built.image.digest)
    # A zip file holds the time it was written; the layer is named by the wheel's own digest all the same.
    assert len({wheel_digest(tmp_path / name) for name in ("here", "there/deep")}) == len(set(digests))


def wheel_digest(folder: Path) -> str:
    return hashlib.sha256((folder / "revpkg-1.0-py3-none-any.whl").read_bytes()).hexdigest()


@pytest.mark.network
def test_a_password_in_a_direct_url_is_refused(recipe, store, tmp_path, index, home):
    root, address = index
    wheel(root, "revpkg", "1.0", "")
    url = address.replace("//", "//bob:SECRETTOKEN123@")
    with pytest.raises(UsageError, match="holds a password or token") as caught:
        build(recipe(f"revpkg @ {url}/revpkg-1.0-py3-none-any.whl"), store, Reporter())
    assert "SECRETTOKEN123" not in str(caught.value)
    kept = [path for path in home.rglob("*") if path.is_file() and b"SECRETTOKEN123" in path.read_bytes()]
    assert kept == []


@pytest.mark.network
@pytest.mark.parametrize("setting", ["", "UV_NO_VERIFY_HASHES", "UV_CONFIG_FILE"])
def test_an_index_cannot_pass_its_file_off_as_another(setting, tmp_path, recipe, store, index, monkeypatch):
    """threat-model.md T4: a layer is named by a sha256, so the file must meet that one, whatever else is listed."""
    (tmp_path / "uv.toml").write_text("[pip]\nverify-hashes = false\n")
    if setting:
        monkeypatch.setenv(setting, "1" if setting == "UV_NO_VERIFY_HASHES" else str(tmp_path / "uv.toml"))
    root, address = index
    evil = wheel(root, "evilpkg", "1.0", "EVIL = True\n")
    known = hashlib.sha256(b"a well-known wheel").hexdigest()
    true = hashlib.sha512(evil.read_bytes()).hexdigest()
    lock = f"""
lock-version = "1.0"
created-by = "index"
[[packages]]
name = "evilpkg"
version = "1.0"
wheels = [{{ url = "{address}/{evil.name}", hashes = {{ sha256 = "{known}", sha512 = "{true}" }} }}]
"""
    from jupyter_modelpack.builder.wheels.layer_cache import wheel_layers

    with pytest.raises(Untrusted, match=f"it has sha256:.*, where sha256:{known} is asked for"):
        wheel_layers(Lock.parse(lock), TARGET, store, Reporter())


@pytest.mark.parametrize(
    ("file", "built"),
    [
        ('archive = { path = "x-1.0-py3-none-any.whl", HASHES }', False),
        ('archive = { url = "https://a.example/x-1.0-py3-none-any.whl#egg=x", HASHES }', False),
        ('archive = { url = "https://a.example/x-1.0.whl", path = "/tmp/x-1.0.tar.gz", HASHES }', True),
        ('archive = { path = "x-1.0.tar.gz", HASHES }', True),
        ('sdist = { name = "x-1.0.tar.gz", HASHES }', True),
        ('wheels = [{ path = "x-1.0-py3-none-any.whl", HASHES }]', False),
    ],
)
def test_what_would_be_built_is_told_by_every_name_of_the_file(file: str, built: bool):
    said = file.replace("HASHES", f'hashes = {{ sha256 = "{"0" * 64}" }}')
    lock = Lock.parse(f'lock-version = "1.0"\n[[packages]]\nname = "x"\nversion = "1.0"\n{said}\n')
    assert lock.packages[0].source is built


def test_a_digest_that_is_none_is_refused():
    lock = 'lock-version = "1.0"\n[[packages]]\nname = "x"\nversion = "1"\n'
    lock += 'wheels = [{ url = "u", hashes = { sha256 = "../../up" } }]\n'
    with pytest.raises(UsageError, match="without a hash"):
        Lock.parse(lock)


@pytest.mark.network
def test_a_damaged_note_of_the_cache_is_made_anew(recipe, store, home):
    first = build(recipe("six==1.17.0"), store, Reporter())
    for kind in ("locks", "wheels", "pythons"):
        for path in (home / "cache" / kind).iterdir():
            path.write_text("")
    assert build(recipe("six==1.17.0"), store, Reporter()).image.digest == first.image.digest
