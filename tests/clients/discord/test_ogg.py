"""Opus packets out of Ogg, however it is cut, and back into files that players read."""

from __future__ import annotations

import io
from itertools import pairwise

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.discord.ogg import SILENCE, NoOpus, OpusPackets, milliseconds, ogg
from tests.audio import encoded, tone

TONE = encoded(tone(1.0, 48_000), "opus", 48_000)


def packets_of(file: bytes) -> list[bytes]:
    with av.open(io.BytesIO(file), "r") as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@given(st.lists(st.integers(1, len(TONE) - 1), max_size=8))
def test_packets_are_the_same_however_the_bytes_are_cut(places: list[int]) -> None:
    reader, cuts = OpusPackets(), [0, *sorted(places), len(TONE)]
    found = [packet for begin, end in pairwise(cuts) for packet in reader.feed(TONE[begin:end])]
    assert found == packets_of(TONE)
    assert {milliseconds(packet) for packet in found} == {20.0}


@pytest.mark.parametrize("size", [1, 254, 255, 256, 1275])
def test_what_is_written_is_read_by_others_and_by_this(size: int) -> None:
    packets = [bytes([0x78]) + bytes([number]) * (size - 1) for number in range(100)]
    file = ogg(packets)
    assert packets_of(file) == packets
    assert OpusPackets().feed(file) == packets


def test_a_file_lasts_as_long_as_its_packets() -> None:
    file = ogg(packets_of(TONE)[:45], channels=1)
    with av.open(io.BytesIO(file), "r") as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples == 45 * 960


def test_a_packet_may_go_on_in_the_next_page() -> None:
    head = ogg([SILENCE])
    pages = head[: head.rindex(b"OggS")]
    begin = b"OggS\0\0" + bytes(20) + bytes([1, 255]) + b"\x78" + bytes(254)
    end = b"OggS\0\1" + bytes(20) + bytes([1, 3]) + b"abc"
    assert OpusPackets().feed(pages + begin + end) == [b"\x78" + bytes(254) + b"abc"]


@pytest.mark.parametrize("content", [b"RIFF", b'{"detail":', b"OggS" + bytes(22) + b"\x01\x04vorb"])
def test_what_is_no_opus_is_refused(content: bytes) -> None:
    with pytest.raises(NoOpus):
        OpusPackets().feed(content)


def test_packets_of_another_length_are_refused() -> None:
    with pytest.raises(NoOpus, match="packets of 60 ms"):
        OpusPackets().feed(ogg([b"\x18" + bytes(9)]))


@pytest.mark.parametrize(("packet", "expected"), [(b"\x00", 10), (b"\x79", 20 * 2), (b"\x80", 2.5), (SILENCE, 20)])
def test_a_packet_tells_how_long_it_lasts(packet: bytes, expected: float) -> None:
    assert milliseconds(packet) == expected
