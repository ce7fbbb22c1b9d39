"""What a lock has in other versions than the Python that made the model."""

import pytest

from jupyter_modelpack.builder.lock.kernel_versions import KernelVersions
from jupyter_modelpack.builder.lock.pylock import Lock, Locked


@pytest.mark.parametrize(
    ("installed", "said"),
    [
        ({}, []),
        ({"torch": "2.13.0"}, []),
        ({"torch": "2.13.0+cpu"}, []),
        ({"torch": "2.13.0+cu130"}, ["torch 2.13.0+cpu (here 2.13.0+cu130)"]),
        ({"torch": "2.12.0"}, ["torch 2.13.0+cpu (here 2.12.0)"]),
    ],
)
def test_a_local_version_need_not_be_installed_and_another_one_is_told(installed, said):
    lock = Lock("", (Locked("torch", "2.13.0+cpu", "", 0, wheel=True),))
    assert KernelVersions(installed).differences(lock) == said
