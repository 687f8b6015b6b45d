"""The metadata of an ONNX file, read without a library: the network between is passed over.

An ONNX file is one protobuf message. Libraries that find none of the metadata they need may end their process, so it is
looked at before they are asked, and so cheaply that a description may.
"""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from stts.errors import EngineLoadFailed

GRAPH, METADATA = 7, 14
"""Fields of a model: its network, and one for each of its keys with their values."""
OUTPUT, NAME = 12, 1
"""Fields of a network: one for each of its outputs, with its name."""
KEY, VALUE = 1, 2
NUMBER, BYTES = 0, 2
"""Wire types of protobuf that a model is made of."""
LONGEST = 4_000_000
"""Bytes of one entry; what is longer is no metadata."""


def read_metadata(path: Path) -> dict[str, str]:
    """Keys and values that its exporter has written; none where it wrote none.

    Raises EngineLoadFailed for a file that is cut off, or no ONNX file at all, and OSError.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        entries, network = {}, False
        while file.tell() < size:
            field, length = next_field(file, path.name)
            end = file.tell() + length
            if end > size:
                raise EngineLoadFailed(f"{path.name} is cut off, or no ONNX file.")
            if field == METADATA and length <= LONGEST:
                key, value = _entry(file.read(length), path.name)
                entries[key] = value
            network = network or field == GRAPH
            file.seek(end)
    if not network:
        raise EngineLoadFailed(f"{path.name} holds no network.")
    return entries


def read_outputs(path: Path) -> list[str]:
    """Names of what the network gives, in its order. Raises as `read_metadata`."""
    names = []
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        while file.tell() < size:
            field, length = next_field(file, path.name)
            end = file.tell() + length
            while field == GRAPH and file.tell() < end:
                part, part_length = next_field(file, path.name)
                part_end = file.tell() + part_length
                if part == OUTPUT and part_length <= LONGEST:
                    names.append(_first(file.read(part_length), NAME, path.name))
                file.seek(part_end)
            file.seek(end)
    return names


def _first(data: bytes, wanted: int, name: str) -> str:
    """A text in a message; empty where it has none."""
    with BytesIO(data) as file:
        while file.tell() < len(data):
            field, length = next_field(file, name)
            value = file.read(length)
            if field == wanted:
                return value.decode(errors="replace")
    return ""


def next_field(file: BinaryIO, name: str) -> tuple[int, int]:
    """The number of the next field, and the bytes of its value that are still to be read."""
    tag = _varint(file, name)
    if tag & 7 == NUMBER:
        _varint(file, name)
        return tag >> 3, 0
    if tag & 7 == BYTES:
        return tag >> 3, _varint(file, name)
    raise EngineLoadFailed(f"{name} is no ONNX file.")


def _varint(file: BinaryIO, name: str) -> int:
    number = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            break
        number |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return number
    raise EngineLoadFailed(f"{name} is cut off, or no ONNX file.")


def _entry(data: bytes, name: str) -> tuple[str, str]:
    """One key with its value. Either may be absent, which means that it is empty."""
    parts = {KEY: "", VALUE: ""}
    with BytesIO(data) as file:
        while file.tell() < len(data):
            field, length = next_field(file, name)
            parts[field] = file.read(length).decode(errors="replace")
    return parts[KEY], parts[VALUE]
