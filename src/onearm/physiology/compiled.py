"""How a function of the model becomes machine code: one place for the settings that keep its bits the same."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TypeVar, cast

from numba import njit

#: Sources whose code is compiled into one kernel. numba looks for changes in the file of a function only, not in the
#: files it calls, so a digest of all of them is part of the name under which a function is kept.
SOURCES = (
    "host/cells.py",
    "host/integrate.py",
    "host/model_kernel.py",
    "host/phase.py",
    "host/steps.py",
    "philox_kernel.py",
)

F = TypeVar("F", bound=Callable[..., object])


def _digest() -> str:
    here = Path(__file__).parent
    return sha256(b"".join((here / name).read_bytes() for name in SOURCES if (here / name).exists())).hexdigest()[:12]


_STAMP = _digest()


def compiled(function: F) -> F:
    """`function` as machine code: no reordering of sums, no lock held, kept on disk between processes."""
    function.__qualname__ = f"{function.__qualname__}_{_STAMP}"
    return cast(F, njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function))
