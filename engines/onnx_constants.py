"""The constants of an ONNX network, those of the branches in it too, read without a library."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from engines.onnx_metadata import GRAPH, next_field
from stts.errors import EngineLoadFailed

NODE, NODE_OUTPUT, NODE_ATTRIBUTE = 1, 2, 5
"""Fields of a network: its nodes; of a node: what it gives, and what is written in it."""
TENSOR, BRANCH = 5, 6
"""Fields of an attribute: a constant, a network."""
CONTENT = 9
"""Field of a constant: its numbers, as they lie in memory."""


def read_constants(path: Path) -> dict[str, bytes]:
    """The numbers of each constant by the name that its node gives it. Raises EngineLoadFailed and OSError."""
    found: dict[str, bytes] = {}
    for field, graph in _fields(path.read_bytes(), path.name):
        if field == GRAPH:
            found.update(_constants(graph, path.name))
    return found


def _constants(graph: bytes, file: str) -> Iterator[tuple[str, bytes]]:
    for field, node in _fields(graph, file):
        if field != NODE:
            continue
        parts = list(_fields(node, file))
        name = next((value.decode() for part, value in parts if part == NODE_OUTPUT), "")
        for part, attribute in parts:
            for kind, value in _fields(attribute, file) if part == NODE_ATTRIBUTE else ():
                if kind == BRANCH:
                    yield from _constants(value, file)
                elif kind == TENSOR:
                    yield from ((name, content) for each, content in _fields(value, file) if each == CONTENT)


def _fields(message: bytes, file: str) -> Iterator[tuple[int, bytes]]:
    """The fields of a message; those that are numbers come without their value."""
    with BytesIO(message) as reader:
        while reader.tell() < len(message):
            field, length = next_field(reader, file)
            value = reader.read(length)
            if len(value) < length:
                raise EngineLoadFailed(f"{file} is cut off, or no ONNX file.")
            yield field, value
