"""What a store keeps of a proof, and what it makes of another's words."""

import json
from dataclasses import replace

import pytest

from jupyter_modelpack.api.package import ModelPackage
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.image_contract import PROOF_TYPE
from jupyter_modelpack.limits import PROOF_BYTES
from jupyter_modelpack.oci.manifest import EMPTY, MANIFEST, Manifest
from jupyter_modelpack.proof import kept
from jupyter_modelpack.proof.compare import compare
from jupyter_modelpack.proof.kept import Kept
from jupyter_modelpack.proof.result import Proof
from tests.commands.packages import put_package

PROOF = Proof.of(compare("[1, 2]", "[1, 2]"), 1e-9, "process")
MINE = Kept('{"data": [[1]]}', "[1, 2]", {"six": "1.17.0", "python": "3.11"}, PROOF)


@pytest.fixture
def package() -> ModelPackage:
    return put_package(Workspace.default())


def found(package: ModelPackage) -> Kept | None:
    return kept.find(package.workspace.store, "adder", package.image)


def keep(package: ModelPackage, what: Kept) -> None:
    kept.keep(package.workspace.store, "adder", package.image, what)


def came_with(package: ModelPackage, content: bytes) -> None:
    """Put a proof beside the package as loading a file does."""
    store = package.workspace.store
    part = store.put_bytes(PROOF_TYPE, content)
    raw = Manifest(store.put_bytes(EMPTY, b"{}"), (part,), artifact_type=PROOF_TYPE, subject=package.image.descriptor)
    store.keep("adder", store.put_bytes(MANIFEST, raw.to_bytes()), package.image.digest)


def test_a_proof_is_kept_in_place_of_the_one_before(package) -> None:
    assert (found(package), package.proof) == (None, None)
    keep(package, replace(MINE, answer="[1]"))
    keep(package, MINE)
    assert found(package) == MINE
    assert package.proof == PROOF
    assert len(package.workspace.store.index().manifests) == 2
    assert len(ModelPackage.list(package.workspace)) == 1


def test_another_image_of_that_name_has_no_proof(package) -> None:
    keep(package, MINE)
    other = put_package(Workspace.default(), "2", size=3_000_000)
    assert (found(other), other.proof) == (None, None)


def test_what_came_in_a_file_is_an_answer_and_no_proof(package) -> None:
    came_with(package, json.dumps({"format": 1, "sample": "1", "answer": "[7]", "versions": {}}).encode())
    assert found(package) == Kept("1", "[7]", {})
    assert package.proof is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"sample": "1", "answer": 7, "versions": {}}',
        b'{"sample": "1", "answer": "7", "versions": [1]}',
        b'{"format": 99, "sample": "1", "answer": "7", "versions": {}}',
        b'{"sample": "1", "answer": "%s", "versions": {}}' % (b"7" * PROOF_BYTES),
        b"[" * 100_000,
    ],
    ids=lambda content: content[:20].decode(),
)
def test_what_is_no_proof_is_passed_over(package, content) -> None:
    came_with(package, content)
    assert found(package) is None


def test_an_entry_that_was_tampered_with_says_nothing(package) -> None:
    keep(package, MINE)
    store = package.workspace.store
    for said in ('{"state": 1}', "no JSON", "[]", "{}"):
        store.update(
            lambda index, said=said: (
                replace(
                    index,
                    manifests=tuple(
                        replace(one, annotations={**one.annotations, kept.SAID: said})
                        if kept.SAID in one.annotations
                        else one
                        for one in index.manifests
                    ),
                ),
                None,
            )
        )
        assert package.proof is None


def test_words() -> None:
    assert PROOF.words == "proven: 2 of 2 equal, largest difference 0"
    other = Proof.of(compare("[1, 2]", "[1, 3.5]"), 1e-9, "docker")
    assert other.words.startswith("not proven: 1 of 2 equal, largest difference 1.5; row 2: ")
    assert "no finite number" in Proof.of(compare("[1]", "[NaN]"), 1e-9, "docker").words
    assert Proof.from_json(json.loads(json.dumps(other.to_json()))) == other
