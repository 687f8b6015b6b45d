"""Writes a small ONNX file by hand: one input, a mean (or another reduction) over some axes, a sigmoid."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FLOAT, INT, INTS = 1, 2, 7
"""Codes of ONNX: an element type, two attribute types."""


NONE: Mapping[str, str] = {}


def write_mean_model(
    path: Path,
    *,
    name: str = "input_features",
    shape: tuple[int | str, ...] = (1, 80, 800),
    metadata: Mapping[str, str] = NONE,
    operation: str = "ReduceMean",
    over: tuple[int, ...] = (),
    output: str = "logits",
) -> Path:
    """`shape`: a name stands for any length. `over`: axes; none: all but the first."""
    over = over or tuple(range(1, len(shape)))
    axes = b"".join(_number(8, axis) for axis in over)
    attributes = [
        _text(1, "axes") + axes + _number(20, INTS),
        _text(1, "keepdims") + _number(3, 0) + _number(20, INT),
    ]
    mean = _text(1, name) + _text(2, "mean") + _text(4, operation) + b"".join(_part(5, each) for each in attributes)
    sigmoid = _text(1, "mean") + _text(2, output) + _text(4, "Sigmoid")
    graph = (
        _part(1, mean)
        + _part(1, sigmoid)
        + _text(2, "mean of all")
        + _part(11, _tensor(name, shape))
        + _part(12, _tensor(output, tuple(each for axis, each in enumerate(shape) if axis not in over)))
    )
    told = b"".join(_part(14, _text(1, key) + _text(2, value)) for key, value in metadata.items())
    path.write_bytes(_number(1, 8) + _part(7, graph) + _part(8, _text(1, "") + _number(2, 13)) + told)
    return path


def _tensor(name: str, shape: tuple[int | str, ...]) -> bytes:
    lengths = (_text(2, each) if isinstance(each, str) else _number(1, each) for each in shape)
    dimensions = b"".join(_part(1, length) for length in lengths)
    return _text(1, name) + _part(2, _part(1, _number(1, FLOAT) + _part(2, dimensions)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _part(field, value.encode())


def _part(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
