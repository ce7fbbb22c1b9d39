import hashlib
import threading

import pytest

from jupyter_modelpack.store.hashing import BESIDE, Hasher


@pytest.mark.parametrize("sizes", [[], [1], [BESIDE], [BESIDE, 1, BESIDE + 1, BESIDE, 0, 7]])
def test_pieces_are_hashed_in_their_order(sizes):
    hasher, plain = Hasher(), hashlib.sha256()
    for number, size in enumerate(sizes):
        data = bytes([number]) * size
        hasher.update(data)
        plain.update(data)
    assert hasher.digest.hex == plain.hexdigest()
    hasher.close()


def test_nothing_is_left_running():
    before = threading.active_count()
    hasher = Hasher()
    hasher.update(b"x" * BESIDE)
    hasher.close()
    assert threading.active_count() == before
