from __future__ import annotations

from stts.analytics.record import NONE, Labels, OperationRecord
from stts.context import Outcome, RequestContext, Timings
from stts.speech import AudioOutput


def test_labels_are_of_what_was_resolved_and_never_of_what_was_asked() -> None:
    context = RequestContext("tts")
    assert OperationRecord.of(context).labels == Labels("tts", NONE, NONE, NONE, NONE)
    context.output_data = Outcome("tone", "low", audio=AudioOutput("wav", "audio/wav", 8000, 1))
    assert OperationRecord.of(context).labels == Labels("tts", "tone", "low", NONE, "wav")


def test_measurements_are_those_of_the_context() -> None:
    context = RequestContext("tts", start_time=100.0, metrics=Timings(queue=0.5, characters=12))
    context.finish("error", "busy", now=102.0)
    record = OperationRecord.of(context)
    assert (record.queue, record.first_item, record.total) == (0.5, None, 2.0)
    assert (record.characters, record.audio_seconds, record.status, record.code) == (12, 0.0, "error", "busy")
