"""Voice notes: their length, the picture of their sound, and texts cut to fit."""

from __future__ import annotations

import io
import itertools

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.telegram import voice_notes


def opus(seconds: float) -> bytes:
    """A tone that grows louder, as Ogg/Opus."""
    times = np.arange(int(seconds * 48_000)) / 48_000
    samples = (np.sin(2 * np.pi * 300 * times) * np.linspace(0, 20_000, len(times))).astype(np.int16)
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = 48_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file.getvalue()


def heights(waveform: bytes) -> list[int]:
    bits = int.from_bytes(waveform, "little")
    return [bits >> (5 * index) & 31 for index in range(voice_notes.HEIGHTS)]


async def test_a_note_knows_its_length_and_its_picture() -> None:
    note = await voice_notes.note(opus(2.5), with_waveform=True)
    assert note.seconds == 3
    assert note.waveform is not None
    drawn = heights(note.waveform)
    assert len(note.waveform) == 63
    assert drawn[0] <= 1 and drawn[-2] >= 29
    assert all(later >= earlier - 2 for earlier, later in itertools.pairwise(drawn[:-2]))


def test_seconds_are_those_of_the_sound() -> None:
    assert voice_notes.ogg_seconds(opus(2.5)) == pytest.approx(2.5, abs=0.03)


@pytest.mark.parametrize("audio", [b"", b"RIFF" + bytes(100), b"OggS" + bytes(60)])
def test_what_is_no_opus_is_refused(audio: bytes) -> None:
    with pytest.raises(ValueError, match="no Ogg/Opus"):
        voice_notes.ogg_seconds(audio)


async def test_a_note_that_cannot_be_decoded_goes_without_a_picture() -> None:
    head = b"OggS\0\2" + bytes(20) + b"\1\x13OpusHead\1\1" + bytes(11)
    last = b"OggS\0\4" + (48_000).to_bytes(8, "little") + bytes(13)
    note = await voice_notes.note(head + last, with_waveform=True)
    assert note.waveform is None and note.seconds == 1


def test_texts_are_cut_at_the_ends_of_sentences() -> None:
    assert voice_notes.parts("One two. Three four! Five six?", 22) == ["One two. Three four!", "Five six?"]
    assert voice_notes.parts("سلام دنیا؟ خوبی؟ بله.", 12) == ["سلام دنیا؟", "خوبی؟ بله."]
    assert voice_notes.parts("   \n ") == []


@given(st.text(st.sampled_from("ab .!\n،؟。"), max_size=400), st.integers(5, 60))
def test_parts_are_short_and_lose_nothing(text: str, most: int) -> None:
    parts = voice_notes.parts(text, most)
    assert all(0 < len(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
