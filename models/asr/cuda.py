"""Which GPUs recognition can use: those that CTranslate2 sees, if cuBLAS is here as well.

CTranslate2's wheels bring the CUDA runtime along but load cuBLAS when the first matrix is
multiplied, long after a model has been taken for loaded. cuDNN they do not use any more.
"""

import ctypes
import functools
import sys

import ctranslate2

CUBLAS = "libcublas.so.12"
CUBLAS_REMEDY = (
    f"Install cuBLAS 12 ({CUBLAS}): `pip install 'nvidia-cublas-cu12>=12.4,<13'`, and name its lib "
    "folder in LD_LIBRARY_PATH."
)


def seen_gpus() -> int:
    """How many GPUs CTranslate2 sees; the driver is here, then."""
    return int(ctranslate2.get_cuda_device_count())


def usable_gpus() -> int:
    """How many it can compute on."""
    gpus = seen_gpus()
    return gpus if gpus and has_cublas() else 0


@functools.cache
def has_cublas() -> bool:
    """Whether cuBLAS can be loaded; taken for granted where it goes by another name."""
    if sys.platform != "linux":
        return True
    try:
        ctypes.CDLL(CUBLAS)
    except OSError:
        return False
    return True
