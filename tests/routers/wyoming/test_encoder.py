from __future__ import annotations

import pytest

from routers.wyoming.encoder import CHUNK_BYTES, AudioEncoder, TranscriptEncoder
from stts.speech import AudioChunk
from stts.transcription import Segment, TranscriptPartial, TranscriptSegment


@pytest.mark.parametrize(("language", "text"), [("en", "one two three"), ("ja", "onetwothree")])
def test_regions_are_parted_as_the_language_parts_words(language: str, text: str) -> None:
    encoder = TranscriptEncoder(None)
    assert encoder.start().data == {}
    chunks = []
    for words in (("one",), ("two", "three" if language == "ja" else " three")):
        encoder.begin_region()
        for word in words:
            chunks += encoder.to_messages(TranscriptPartial(word, ""))
        assert encoder.to_messages(TranscriptSegment(Segment("".join(words), 0.0, 1.0, language=language))) == []
    assert "".join(chunk.data["text"] for chunk in chunks) == text
    whole, stop = encoder.stop()
    assert whole.data == {"text": text, "language": language} and stop.type == "transcript-stop"


def test_a_partial_without_new_words_is_not_told() -> None:
    assert TranscriptEncoder("en").to_messages(TranscriptPartial("", "perhaps")) == []


def test_a_chunk_comes_in_small_events_that_count_the_time() -> None:
    encoder = AudioEncoder(16_000)
    data = bytes(2 * CHUNK_BYTES + 2)
    events = [encoder.start(), *encoder.to_messages(AudioChunk(data, len(data) / 32_000)), encoder.stop()]
    assert b"".join(event.payload or b"" for event in events) == data
    assert [event.data["timestamp"] for event in events] == [0, 0, 256, 512, 512]
