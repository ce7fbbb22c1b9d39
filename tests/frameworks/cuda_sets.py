"""What two older versions of torch pin, as small wheels with the names, versions and requirements of the real ones.

Names, versions and requirements are those of the real wheels' metadata; the files are those of the real nvtx and
cuda-runtime, without headers, and for the others the same ones around the libraries that they are known for. The
libraries are a few bytes that say whose they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.builder.small_wheels import noise, wheel
from tests.commands.index import list_files

LARGE = 9 << 20
"""More than a wheel may have that shares a layer with others, as most of the real ones do."""

_LINUX = 'platform_system == "Linux" and platform_machine == "x86_64"'

_LIBRARIES = {
    "cublas": ("libcublas.so.12", "libcublasLt.so.12", "libnvblas.so.12"),
    "cuda-cupti": ("libcupti.so.12", "libcheckpoint.so"),
    "cuda-nvrtc": ("libnvrtc.so.12",),
    "cuda-runtime": ("libcudart.so.12",),
    "cudnn": ("libcudnn.so.9", "libcudnn_ops.so.9"),
    "cufft": ("libcufft.so.11", "libcufftw.so.11"),
    "curand": ("libcurand.so.10",),
    "cusolver": ("libcusolver.so.11", "libcusolverMg.so.11"),
    "cusparse": ("libcusparse.so.12",),
    "cusparselt": ("libcusparseLt.so.0",),
    "nccl": ("libnccl.so.2",),
    "nvjitlink": ("libnvJitLink.so.12",),
    "nvtx": ("libnvToolsExt.so.1",),
}
"""By package; the folder of it below nvidia/ has ``_`` in place of ``-``."""

_LARGE = ("cublas", "cudnn")

_NEEDS = {
    "cudnn": ("cublas",),
    "cusolver": ("cublas", "nvjitlink", "cusparse"),
    "cusparse": ("nvjitlink",),
}


@dataclass(frozen=True)
class CudaSet:
    """One version of torch with what it pins.

    Attributes:
        torch: Its version.
        triton: The version of triton that it pins.
        pins: Version of every package of CUDA that it pins, by the names of `_LIBRARIES`.
        newest: Of those that come with them and are not pinned, the version that there is.
        tag: Of the wheels.
    """

    torch: str
    triton: str
    pins: Mapping[str, str]
    newest: Mapping[str, str]
    tag: str

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions by the names on the index, torch's and triton's among them."""
        named = {f"nvidia-{name}-cu12": version for name, version in {**self.pins, **self.newest}.items()}
        return {**named, "torch": self.torch, "triton": self.triton}

    @property
    def libraries(self) -> Mapping[str, str]:
        """What each library says, by its path below the folder of modules."""
        return {
            f"nvidia/{name.replace('-', '_')}/lib/{library}": _says(name, version)
            for name, version in {**self.pins, **self.newest}.items()
            for library in _LIBRARIES[name]
        }


SETS = (
    CudaSet(
        "2.4.1",
        "3.0.0",
        {
            **dict.fromkeys(("cuda-cupti", "cuda-nvrtc", "cuda-runtime", "nvtx"), "12.1.105"),
            "cublas": "12.1.3.1",
            "cudnn": "9.1.0.70",
            "cufft": "11.0.2.54",
            "curand": "10.3.2.106",
            "cusolver": "11.4.5.107",
            "cusparse": "12.1.0.106",
            "nccl": "2.20.5",
        },
        {"nvjitlink": "12.9.86"},
        "manylinux1_x86_64",
    ),
    CudaSet(
        "2.6.0",
        "3.2.0",
        {
            **dict.fromkeys(("cuda-cupti", "cuda-nvrtc", "cuda-runtime", "nvjitlink", "nvtx"), "12.4.127"),
            "cublas": "12.4.5.8",
            "cudnn": "9.1.0.70",
            "cufft": "11.2.1.3",
            "curand": "10.3.5.147",
            "cusolver": "11.6.1.9",
            "cusparse": "12.3.1.170",
            "cusparselt": "0.6.2",
            "nccl": "2.21.5",
        },
        {},
        "manylinux2014_x86_64",
    ),
)


def put_on_index(root: Path, one: CudaSet) -> None:
    """Put the wheels of a set on an index."""
    for name, version in {**one.pins, **one.newest}.items():
        below = f"nvidia/{name.replace('-', '_')}"
        folders = ("nvidia", below, f"{below}/include", f"{below}/lib")
        files = {f"{folder}/__init__.py": b"" for folder in folders}
        files |= {f"{below}/lib/{library}": _says(name, version).encode() for library in _LIBRARIES[name]}
        files |= {f"{below}/lib/kernels.bin": noise(LARGE, name)} if name in _LARGE else {}
        needs = tuple(f"nvidia-{other}-cu12" for other in _NEEDS.get(name, ()))
        _put(root, f"nvidia-{name}-cu12", version, files, needs, f"py3-none-{one.tag}")
    pinned = [f"nvidia-{name}-cu12=={version}" for name, version in one.pins.items()]
    _put(root, "triton", one.triton, {"triton/__init__.py": b""}, (), f"py3-none-{one.tag}")
    needs = tuple(f"{line} ; {_LINUX}" for line in [*pinned, f"triton=={one.triton}"])
    files = {
        "torch/__init__.py": f"from torch import cuda\n__version__ = '{one.torch}'\n".encode(),
        "torch/cuda/__init__.py": b"def is_initialized():\n    return False\n",  # which the scoring server asks
    }
    _put(root, "torch", one.torch, files, needs, f"py3-none-{one.tag}")


def _put(root: Path, name: str, version: str, files: Mapping[str, bytes], needs: tuple[str, ...], tag: str) -> None:
    wheel(root / name, name, files, version=version, needs=needs, tag=tag)
    list_files(root / name)


def _says(name: str, version: str) -> str:
    return f"{name} {version}"
