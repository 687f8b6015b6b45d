"""The GPU as PyTorch sees it, and nothing where there is none. Imports torch only when it is asked."""

from __future__ import annotations

from typing import Any


def has_gpu() -> bool:
    return bool(_cuda().is_available())


def device_name(device: str) -> str:
    """The GPU's name; else the device's."""
    return str(_cuda().get_device_name(device)) if device.startswith("cuda") else device


def allocated() -> int:
    """Bytes of the GPU that tensors of this process hold."""
    return int(_cuda().memory_allocated()) if has_gpu() else 0


def peak() -> int:
    """The same at its highest since `reset_peak()`."""
    return int(_cuda().max_memory_allocated()) if has_gpu() else 0


def reset_peak() -> None:
    if has_gpu():
        _cuda().reset_peak_memory_stats()


def free_bytes() -> int:
    """Bytes of the GPU that nobody has taken, in whatever process."""
    return int(_cuda().mem_get_info()[0]) if has_gpu() else 0


def fill(left: int) -> Any:
    """Takes the GPU's memory but for so many bytes; it is free again when the answer is gone and `give_back()` ran."""
    import torch

    return torch.empty(max(0, free_bytes() - left), dtype=torch.uint8, device="cuda")


def give_back() -> None:
    _cuda().empty_cache()


def _cuda() -> Any:
    import torch

    return torch.cuda
