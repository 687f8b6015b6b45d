"""Translations are English, whatever was spoken: their sentences stand apart."""

from __future__ import annotations

from adapters.transcription.hypothesis import Hypothesis
from adapters.transcription.segments import written
from stts.engine_api import Segment
from stts.transcription import TranscriptSegment

HEARD = (Segment("Good morning.", 0.0, 1.0, language="ja"), Segment("It is hot.", 1.0, 2.0, language="ja"))


def test_the_text_of_a_translation_is_in_english() -> None:
    assert written(HEARD[0], "translate").language == "en"
    assert written(HEARD[0], "transcribe") is HEARD[0]


def test_a_translation_of_a_language_without_spaces_has_some() -> None:
    utterance = Hypothesis(None, task="translate")
    utterance.commit(HEARD, 0)
    assert (utterance.language, utterance.decided) == ("ja", "Good morning. It is hot.")
    (told,) = [event.segment for event in utterance.finish(2.0) if isinstance(event, TranscriptSegment)]
    assert (told.text, told.language) == ("Good morning. It is hot.", "en")
