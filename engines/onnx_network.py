"""Writes an ONNX network node by node, without the 20 MB of the library that does it.

An ONNX file is one Protocol Buffers message. Here is what a network of matrices takes: nodes, constants, inputs and
outputs whose first axis is free.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32] | NDArray[np.int64]

MODEL_FORMAT, MODEL_GRAPH, MODEL_OPERATORS = 1, 7, 8
GRAPH_NODE, GRAPH_NAME, GRAPH_CONSTANT, GRAPH_INPUT, GRAPH_OUTPUT = 1, 2, 5, 11, 12
NODE_INPUT, NODE_OUTPUT, NODE_OPERATOR, NODE_ATTRIBUTE = 1, 2, 4, 5
ATTRIBUTE_NAME, ATTRIBUTE_INTEGER, ATTRIBUTE_TYPE = 1, 3, 20
TENSOR_LENGTH, TENSOR_TYPE, TENSOR_NAME, TENSOR_CONTENT = 1, 2, 8, 9
"""Numbers of fields in ONNX's messages."""
FORMAT, OPERATORS = 8, 17
"""Versions of the file's form and of the operators."""
FLOATS, INTEGERS = 1, 7
"""Types of constants, inputs and outputs."""
INTEGER = 2
"""Type of an attribute."""


class NetworkWriter:
    """A value is told by the name of what some node gives; an array among a node's inputs becomes a constant."""

    def __init__(self) -> None:
        self._graph = bytearray(_field(GRAPH_NAME, b"network"))
        self._names = 0

    def input(self, name: str, *widths: int) -> str:
        """An input of rows; `widths` are those of the axes after the first."""
        self._graph += _field(GRAPH_INPUT, _rows(name, widths))
        return name

    def output(self, name: str, *widths: int) -> None:
        """Tells one of the values; `widths` as those of an input."""
        self._graph += _field(GRAPH_OUTPUT, _rows(name, widths))

    def add(self, operator: str, *inputs: str | Array, axis: int | None = None, gives: str = "") -> str:
        """The value that a node gives, under this name if any."""
        (value,) = self._node(operator, inputs, [gives or self._name()], axis)
        return value

    def split(self, value: str, *widths: int) -> list[str]:
        """Parts so wide along the second axis."""
        return self._node("Split", (value, np.array(widths)), [self._name() for _ in widths], 1)

    def slice(self, value: str, start: int, stop: int, step: int = 1) -> str:
        """A part along the second axis."""
        return self.add("Slice", value, *(np.array([each]) for each in (start, stop, 1, step)))

    def reshape(self, value: str, *widths: int, gives: str = "") -> str:
        """The same numbers as rows of other widths."""
        return self.add("Reshape", value, np.array([-1, *widths]), gives=gives)

    def model(self) -> bytes:
        """The file, to be loaded by a session."""
        operators = _number(2, OPERATORS)
        return _number(MODEL_FORMAT, FORMAT) + _field(MODEL_GRAPH, self._graph) + _field(MODEL_OPERATORS, operators)

    def _node(self, operator: str, inputs: tuple[str | Array, ...], outputs: list[str], axis: int | None) -> list[str]:
        names = [each if isinstance(each, str) else self._constant(each) for each in inputs]
        node = b"".join(_field(NODE_INPUT, name.encode()) for name in names)
        node += b"".join(_field(NODE_OUTPUT, name.encode()) for name in outputs)
        node += _field(NODE_OPERATOR, operator.encode())
        if axis is not None:
            attribute = _field(ATTRIBUTE_NAME, b"axis") + _number(ATTRIBUTE_INTEGER, axis)
            node += _field(NODE_ATTRIBUTE, attribute + _number(ATTRIBUTE_TYPE, INTEGER))
        self._graph += _field(GRAPH_NODE, node)
        return outputs

    def _constant(self, numbers: Array) -> str:
        name = self._name()
        tensor = b"".join(_number(TENSOR_LENGTH, length) for length in numbers.shape)
        tensor += _number(TENSOR_TYPE, FLOATS if numbers.dtype == np.float32 else INTEGERS)
        tensor += _field(TENSOR_NAME, name.encode()) + _field(TENSOR_CONTENT, numbers.tobytes())
        self._graph += _field(GRAPH_CONSTANT, tensor)
        return name

    def _name(self) -> str:
        self._names += 1
        return f"value{self._names}"


def _rows(name: str, widths: tuple[int, ...]) -> bytes:
    """An input or output of floats: its name, and its type with a first axis that is free."""
    axes = _field(1, _field(2, b"rows")) + b"".join(_field(1, _number(1, width)) for width in widths)
    return _field(1, name.encode()) + _field(2, _field(1, _number(1, FLOATS) + _field(2, axes)))


def _field(number: int, content: bytes | bytearray) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])
