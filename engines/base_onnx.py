"""Sessions of onnxruntime for engines that run networks on the processor."""

from __future__ import annotations

from typing import Any


def open_session(model: str | bytes, threads: int) -> Any:
    """An onnxruntime session of a file or its bytes, with so many threads, that says nothing on stderr.

    It keeps no memory plan for each length of a sentence, which would grow with every new length, and its threads
    do not spin while they wait: they would take the time of other work. Quantised networks say the same on every
    processor: without VNNI the faster instructions saturate.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
