"""Recognises that memory ran out by what is raised, without importing the library that raised it."""

from __future__ import annotations

_SIGNS = ("out of memory", "can't allocate memory", "alloc_failed")
"""Messages of CUDA, MPS, PyTorch's CPU allocator and cuBLAS in a RuntimeError, in lower case."""


def is_out_of_memory(error: BaseException) -> bool:
    """True if an exception of an engine or its library says that memory, of the machine or of a device, ran out."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _SIGNS)
