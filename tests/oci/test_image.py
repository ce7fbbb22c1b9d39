"""What an image's config says, from any tool."""

import io

import pytest

from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import CONFIG, Descriptor, Manifest, canonical


class One:
    """A store of one blob."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def open_blob(self, _descriptor: Descriptor) -> io.BytesIO:
        return io.BytesIO(self._data)


def image(document: dict) -> Image:
    config = canonical(document)
    return Image.from_raw(Manifest(Descriptor.of(CONFIG, config), ()).to_bytes(), One(config))


def test_labels_and_variables():
    found = image({"config": {"Labels": {"a": "b", "c": 5, "d": None}, "Env": ["A=b=c", "B=", "C", 5]}})
    assert found.labels() == {"a": "b"}
    assert found.variables() == {"A": "b=c", "B": "", "C": ""}


@pytest.mark.parametrize(
    "document", [{}, *({"config": said} for said in (None, [1], 5, {}, {"Labels": ["a"], "Env": "A=b"}))]
)
def test_what_is_of_another_shape_says_nothing(document):
    assert (image(document).labels(), image(document).variables()) == ({}, {})
