"""Memory stays the same however large a model is; `make bench` does it with 5 GiB."""

import os

import pytest

from tests.benchmarks.memory import BAR, measure


@pytest.mark.network
def test_packaging_a_large_model_takes_little_memory(tmp_path, base_image):
    model = tmp_path / "weights.bin"
    with model.open("wb") as out:
        for _ in range(400):
            out.write(os.urandom(1 << 20))
    found = measure(model, tmp_path / "home")
    assert found["image_bytes"] > found["model_bytes"] == 400 << 20
    assert found["peak_rss_bytes"] < BAR
