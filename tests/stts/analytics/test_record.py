from __future__ import annotations

from stts.access.key_text import KeyText
from stts.access.principal import API_KEY_HOLDER, key_holder
from stts.analytics.record import NONE, Labels, OperationRecord
from stts.context import Outcome, Priority, RequestContext, RequestFacts, RequestType
from stts.speech import AudioOutput
from stts.streams.hold import Hold
from stts.timings import Timings
from tests.stts.access.keys import new_key


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


def test_a_slow_writer_makes_no_slow_first_audio() -> None:
    times = Timings(first_item=7.5, written=7.0)
    assert OperationRecord.of(RequestContext("tts", metrics=times)).first_item == 0.5
    assert OperationRecord.of(RequestContext("tts", metrics=Timings(first_item=7.5))).first_item == 7.5
    assert OperationRecord.of(RequestContext("tts", metrics=Timings(written=7.0))).first_item is None


def test_a_record_names_the_key_and_its_owner() -> None:
    key = new_key(KeyText.new())
    record = OperationRecord.of(RequestContext("tts", principal=key_holder(key)))
    assert (record.key_id, record.user_id) == (key.id, "anna")
    for context in (RequestContext("tts"), RequestContext("tts", principal=API_KEY_HOLDER)):
        assert OperationRecord.of(context).key_id is None


def test_audio_is_heard_or_spoken_by_the_kind_of_the_operation() -> None:
    seconds = {}
    kinds: tuple[RequestType, ...] = ("tts", "stt", "conversation")
    for kind in kinds:
        times = Timings(audio_seconds=3.0, heard_seconds=2.0 if kind == "conversation" else None)
        record = OperationRecord.of(RequestContext(kind, metrics=times))
        seconds[kind] = (record.seconds_in, record.seconds_out)
    assert seconds == {"tts": (0.0, 3.0), "stt": (3.0, 0.0), "conversation": (2.0, 3.0)}


def test_it_tells_the_listener_that_it_came_by() -> None:
    context = RequestContext("tts", input_data=RequestFacts(listener="piper", cache_hours=1.0))
    assert OperationRecord.of(context).labels.listener == "piper"
    part = context.part("stt")
    assert (part.input_data.listener, part.input_data.cache_hours) == ("piper", 1.0)


def test_who_gets_all_of_it_at_once_waits_for_all_of_it() -> None:
    sent = Hold()
    sent.release(0)
    for hold, expected in ((None, "live"), (Hold(), "collected"), (sent, "live")):
        assert OperationRecord.of(RequestContext("stt", hold=hold)).urgency == expected
    item = RequestContext("stt", priority=Priority.BATCH, hold=Hold())
    assert OperationRecord.of(item).urgency == "background"
