"""Frames of plain values: what arrives is what was sent, and nothing else is read."""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.execution.backends.backend import OwnWork
from adapters.execution.backends.wire import (
    HEAD,
    MOST_DATA,
    MOST_TEXT,
    Unreadable,
    failure,
    read_answer,
    read_failure,
    read_work,
    receive,
    send,
)
from stts.errors import EngineError, InvalidParameter

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=8,
)


def described(text: bytes) -> bytes:
    """The beginning of a frame with one part."""
    return HEAD.pack(len(text), 1, 16) + text


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def passed(value: Any) -> Any:
    """The value after its way through a socket."""
    here, there = socket.socketpair()
    with here, there:
        writer = threading.Thread(target=send, args=(here, value))
        writer.start()
        try:
            return receive(there)
        finally:
            writer.join()


@given(PLAIN)
def test_plain_values_arrive_as_they_were(value: Any) -> None:
    assert passed(value) == value


def test_numbers_that_are_none() -> None:
    infinite, missing = passed([math.inf, math.nan])
    assert infinite == math.inf and math.isnan(missing)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "uint8", "bool", ">i4"])
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 3), (0, 4), (), (300_000,)])
def test_arrays_arrive_with_their_type_and_shape_and_may_be_written(dtype: str, shape: tuple[int, ...]) -> None:
    array = (np.arange(math.prod(shape)) % 2).reshape(shape).astype(dtype)
    (arrived, beside) = passed([array, {"after": b"bytes"}])
    assert (arrived.dtype, arrived.shape, beside) == (array.dtype, shape, {"after": b"bytes"})
    assert np.array_equal(arrived, array) and arrived.flags.writeable


def test_arrays_that_are_parts_of_others() -> None:
    whole = np.arange(12, dtype=np.float32).reshape(3, 4)
    for part in (whole[:, 1], whole.T, whole[::-1]):
        assert np.array_equal(passed(part), part)
    assert passed([np.float32(0.5), np.int64(3)]) == [0.5, 3]


@pytest.mark.parametrize("value", [threading.Lock(), {1, 2}, object, np.array([None])])
def test_nothing_leaves_of_what_is_no_plain_value(ends: tuple[socket.socket, socket.socket], value: Any) -> None:
    here, there = ends
    with pytest.raises(TypeError):
        send(here, [1, value])
    here.close()
    assert there.recv(1) == b""


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EOFError),
        (b"\0", EOFError),
        (HEAD.pack(10, 0, 0) + b"[1", EOFError),
        (HEAD.pack(4, 0, 4) + b"nope", Unreadable),
        (HEAD.pack(MOST_TEXT + 1, 0, 0), Unreadable),
        (described(b'{"$array":["object",[10]]}'), Unreadable),
        (described(b'{"$array":["|O",[10000]]}'), Unreadable),
        (described(b'{"$array":["<f4",[-4]]}'), Unreadable),
        (described(b'{"$array":["<f4",[4]]}') + b"short", EOFError),
        (described(b'{"$bytes":16}') + b"abc", EOFError),
        # More than its head has announced, or less: no memory is taken for what a text claims.
        (described(b'{"$array":["<f8",[1000000,1000000]]}'), Unreadable),
        (described(b'{"$array":["V1000000000000",[1]]}'), Unreadable),
        (described(b'{"$array":["<f4",[2.5]]}'), Unreadable),
        (described(b'{"$array":["<f4",[4],0]}'), Unreadable),
        (described(b'{"$array":["<f4"]}'), Unreadable),
        (described(b'{"$array":["no such type",[4]]}'), Unreadable),
        (described(b'{"$bytes":17}') + bytes(17), Unreadable),
        (described(b'{"$bytes":-1}'), Unreadable),
        (described(b'{"$bytes":"16"}'), Unreadable),
        (described(b'{"$bytes":8}') + bytes(16), Unreadable),
        (described(b"[" * 100_000 + b"]" * 100_000), Unreadable),
        (HEAD.pack(2, 0, MOST_DATA + 1) + b"[]", Unreadable),
        (HEAD.pack(2, 1, 0) + b"\xff\xff", Unreadable),
    ],
)
def test_what_is_no_frame(ends: tuple[socket.socket, socket.socket], data: bytes, error: type[Exception]) -> None:
    here, there = ends
    here.sendall(data)
    here.close()
    with pytest.raises(error):
        receive(there)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        ["item"],
        ["item", 1],
        ["item", [1]],
        ["progress", {"step": 1}],
        ["error", None],
        ["error", {"kind": "EngineError"}],
        ["no such kind", [0, 1]],
        ["end", None, [1.0, 2.0, 0.5], 1],
        [["item"], [0, 1]],
        {"item": [0, 1]},
    ],
)
def test_what_is_no_answer(answer: object) -> None:
    with pytest.raises(Unreadable):
        read_answer(answer)


def test_answers() -> None:
    assert read_answer(["item", [0, {"text": "yes"}]]) == ("item", [0, {"text": "yes"}])
    assert read_answer(["end", None]) == ("end", None)
    assert read_answer(["end", None, [1.0, 2.0, 0.5]]) == ("end", None)
    assert read_answer(["error", failure(EngineError("no"), "")])[0] == "error"


def test_times_of_a_call() -> None:
    assert read_work(["end", None, [1.0, 2, 0.5]]) == OwnWork(1.0, 2.0, 0.5)
    assert read_work(["end", None]) is None


@pytest.mark.parametrize("times", [None, [], [1, 2], [1, 2, "3"], [1, 2, math.nan], [1, math.inf, 3], {}, "times", 5])
def test_what_tells_no_times(times: object) -> None:
    assert read_work(["end", None, times]) is None


def test_what_is_too_large_does_not_leave(ends: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(TypeError):
        send(ends[0], "x" * (MOST_TEXT + 1))
    with pytest.raises(TypeError):
        send(ends[0], np.broadcast_to(np.zeros(1, np.int8), (MOST_DATA + 1,)))


def test_an_error_arrives_with_what_its_edges_need() -> None:
    values = passed(failure(InvalidParameter("no", param="speed", allowed=[1, 2], retry_after=3.0), "trace"))
    error = read_failure(values)
    assert type(error) is InvalidParameter and values["trace"] == "trace"
    assert (error.message, error.param, error.allowed, error.retry_after) == ("no", "speed", [1, 2], 3.0)
    for kind in ("OfAnotherVersion", "Sequence", "annotations"):
        assert type(read_failure({**values, "kind": kind})) is EngineError


@pytest.mark.parametrize("key", ["$array", "$bytes"])
def test_a_mapping_does_not_pose_as_a_part(ends: tuple[socket.socket, socket.socket], key: str) -> None:
    with pytest.raises(TypeError):
        send(ends[0], [np.zeros(3, np.float32), {key: 1_000_000}])
    send(ends[0], {"text": f'a "{key}": in a text'})
    assert receive(ends[1]) == {"text": f'a "{key}": in a text'}
