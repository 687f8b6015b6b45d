"""Sessions of onnxruntime for engines that run networks on the processor."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

_PROCESSOR = Path("/proc/cpuinfo")


def open_session(model: str | bytes, threads: int) -> Any:
    """An onnxruntime session of a file or its bytes, with so many threads, that says nothing on stderr.

    It keeps no memory plan for each length of a sentence, which would grow with every new length, and its threads
    do not spin while they wait: they would take the time of other work. Quantised networks say the same on every
    processor: without VNNI the faster instructions saturate, and the exact ones take 1.4 times as long.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not multiplies_bytes_exactly():
        options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@cache
def multiplies_bytes_exactly() -> bool:
    """Whether this processor is known to have VNNI, which adds up products of bytes without saturating."""
    try:
        with _PROCESSOR.open(encoding="ascii", errors="replace") as lines:
            flags = next((line for line in lines if line.startswith("flags")), "")
    except OSError:
        return False
    return not {"avx512_vnni", "avx_vnni"}.isdisjoint(flags.split())
