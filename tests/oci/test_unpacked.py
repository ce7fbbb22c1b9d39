import gzip
import hashlib
import random

import pytest

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.limits import CHUNK
from jupyter_modelpack.oci.unpacked import UnpackedDigest

CONTENTS = {
    "empty": b"",
    "text": b"text" * 1000,
    "random": random.Random(1).randbytes(3 * CHUNK + 1),
    "zeros, just under what is a bomb": bytes(9 << 20),
}


def digest(packed: bytes, step: int) -> str:
    found = UnpackedDigest()
    for start in range(0, len(packed), step):
        found.update(packed[start : start + step])
    return found.digest.hex


@pytest.mark.parametrize("step", [7777, 1 << 20, 1 << 30])
@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_the_digest_is_that_of_what_was_packed(content: bytes, step: int):
    wanted = hashlib.sha256(content).hexdigest()
    assert digest(gzip.compress(content), step) == wanted
    half = len(content) // 2
    joined = gzip.compress(content[:half]) + gzip.compress(content[half:]) + bytes(512)
    assert digest(joined, step) == wanted


@pytest.mark.parametrize(
    "packed", [b"", b"\x1f\x8b", gzip.compress(b"text" * 99, mtime=0)[:-1], b"no gzip", bytes(512)]
)
def test_what_is_not_whole_is_refused(packed: bytes):
    with pytest.raises(Untrusted):
        digest(packed, 64)


def test_a_bomb_is_refused_before_it_goes_off():
    with pytest.raises(Untrusted, match="far more"):
        digest(gzip.compress(bytes(100 << 20)), 1 << 20)
