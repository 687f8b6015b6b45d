"""Writes an ONNX network node by node, without the 20 MB of the library that does it.

An ONNX file is one Protocol Buffers message. Here is what a network of matrices takes: nodes, constants, inputs and
outputs whose first axis is free.
"""

from __future__ import annotations

from collections.abc import Mapping

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
FLOATS, SHORT_INTEGERS, INTEGERS = 1, 6, 7
"""Types of constants, inputs and outputs."""
TYPES: Mapping[str, int] = {"float32": FLOATS, "int32": SHORT_INTEGERS, "int64": INTEGERS}
"""Those of arrays by the names that numpy has for them."""
INTEGER = 2
"""Type of an attribute."""
FREE = 0
"""Stands for the width of an axis that is known when the network runs."""


class NetworkWriter:
    """A value is told by the name of what some node gives; an array among a node's inputs becomes a constant."""

    def __init__(self) -> None:
        self._graph = bytearray(_field(GRAPH_NAME, b"network"))
        self._names = 0

    def input(self, name: str, *widths: int, type: int = FLOATS) -> str:
        """An input of rows; `widths` are those of the axes after the first."""
        self._graph += _field(GRAPH_INPUT, _rows(name, widths, type))
        return name

    def output(self, name: str, *widths: int) -> None:
        """Tells one of the values; `widths` as those of an input."""
        self._graph += _field(GRAPH_OUTPUT, _rows(name, widths, FLOATS))

    def add(self, operator: str, *inputs: str | Array, gives: str = "", **attributes: int) -> str:
        """The value that a node gives, under this name if any."""
        (value,) = self._node(operator, inputs, [gives or self._name()], attributes)
        return value

    def add_many(self, operator: str, *inputs: str | Array, count: int, **attributes: int) -> list[str]:
        """The values that a node gives. An input "" is left out."""
        return self._node(operator, inputs, [self._name() for _ in range(count)], attributes)

    def split(self, value: str, *widths: int) -> list[str]:
        """Parts so wide along the second axis."""
        return self.add_many("Split", value, np.array(widths), count=len(widths), axis=1)

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

    def _node(
        self, operator: str, inputs: tuple[str | Array, ...], outputs: list[str], attributes: Mapping[str, int]
    ) -> list[str]:
        names = [each if isinstance(each, str) else self._constant(each) for each in inputs]
        node = b"".join(_field(NODE_INPUT, name.encode()) for name in names)
        node += b"".join(_field(NODE_OUTPUT, name.encode()) for name in outputs)
        node += _field(NODE_OPERATOR, operator.encode())
        for name, number in attributes.items():
            attribute = _field(ATTRIBUTE_NAME, name.encode()) + _number(ATTRIBUTE_INTEGER, number)
            node += _field(NODE_ATTRIBUTE, attribute + _number(ATTRIBUTE_TYPE, INTEGER))
        self._graph += _field(GRAPH_NODE, node)
        return outputs

    def _constant(self, numbers: Array) -> str:
        name = self._name()
        tensor = b"".join(_number(TENSOR_LENGTH, length) for length in numbers.shape)
        tensor += _number(TENSOR_TYPE, TYPES[numbers.dtype.name])
        tensor += _field(TENSOR_NAME, name.encode()) + _field(TENSOR_CONTENT, numbers.tobytes())
        self._graph += _field(GRAPH_CONSTANT, tensor)
        return name

    def _name(self) -> str:
        self._names += 1
        return f"value{self._names}"


def _rows(name: str, widths: tuple[int, ...], type: int) -> bytes:
    """An input or output: its name, and its type with a first axis that is free."""
    axes = b"".join(_field(1, _axis(name, number, width)) for number, width in enumerate((FREE, *widths)))
    return _field(1, name.encode()) + _field(2, _field(1, _number(1, type) + _field(2, axes)))


def _axis(name: str, number: int, width: int) -> bytes:
    return _field(2, f"{name}{number}".encode()) if width == FREE else _number(1, width)


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
