"""From what a session tells to what clients read: hand-made events in, whole sequences out."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from routers.compat.realtime.event_encoder import EventEncoder, error_event
from routers.compat.realtime.input_audio_buffer import InputAudioBuffer
from routers.compat.realtime.items import Items
from routers.compat.realtime.response import Order
from routers.compat.realtime.session_schemas import G711
from routers.compat.realtime.voice import Voice
from stts.chat import Message, ToolCall
from stts.conversation import events as told
from stts.conversation.history import History, Item, Status
from stts.errors import EngineTimeout, InvalidText, ReplyFailed
from stts.transcription import Segment
from tests.routers.compat.realtime.official import check, types

CALL = ToolCall("call_1", "weather", '{"city":"Bern"}')
FRAME = bytes(1920)
"""40 ms at 24 kHz."""


class Desk:
    """An EventEncoder, and the history that its session would keep."""

    def __init__(self) -> None:
        self.history = History(100, 10_000)
        self.items = Items(self.history, stored_seconds=60)
        self.input_audio = InputAudioBuffer(48_000, 60)
        self.out = EventEncoder(self.items, self.input_audio, "conv_1", stored_seconds=60)
        self.out.transcribes = True

    def tell(self, *events: told.SessionEvent) -> list[dict[str, Any]]:
        return [each for event in events for each in check(self.out.to_messages(event))]

    def user(self, id: str, text: str = "") -> None:
        self.history.append(Item(id, Message("user", text), "completed" if text else "in_progress"))

    def turn(self, id: str = "u", text: str = "hello there") -> list[dict[str, Any]]:
        """A whole turn of the user."""
        begun = self.tell(told.SpeechStarted(1, id, 1.0), told.SpeechStopped(1, id, 2.2))
        self.user(id)
        committed = self.tell(told.TurnCommitted(1, id, 1.5))
        self.history.replace(id, Message("user", text), "completed")
        return begun + committed + self.tell(final(id, text))

    def begin(self, id: str = "a", generation: int = 1, **fields: Any) -> list[dict[str, Any]]:
        if not fields.get("out_of_band"):
            self.history.append(Item(id, Message("assistant", ""), "in_progress"))
        return self.tell(told.ReplyStarted(1, generation, id, fields.pop("spoken", True), **fields))

    def end(self, text: str, id: str = "a", generation: int = 1, **fields: Any) -> list[dict[str, Any]]:
        status = fields.pop("status", "completed")
        heard = fields.pop("heard", text)
        if self.history.get(id) is not None:
            whole: Status = "completed" if status == "completed" else "incomplete"
            self.history.replace(id, Message("assistant", heard), whole)
        return self.tell(told.ReplyEnded(generation, 1, id, status, text, heard, fields.pop("seconds", 0.08), **fields))


def final(id: str, text: str) -> told.FinalTranscript:
    return told.FinalTranscript(1, id, Segment(text, 0.0, 1.0) if text else None, 1.0, 1.5)


def audio(generation: int = 1, sequence: int = 0, data: bytes = FRAME) -> told.AudioFrame:
    return told.AudioFrame(generation, sequence, data, 0.04)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_turn_of_the_user_in_its_order(desk: Desk) -> None:
    desk.input_audio.write(bytes(48_000 * 3), hold=False)
    events = desk.turn()
    assert types(events) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
    ]
    assert (events[0]["audio_start_ms"], events[1]["audio_end_ms"]) == (1000, 2200)
    assert events[3]["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    assert events[4]["item"]["status"] == "completed"
    assert events[6]["usage"] == {"type": "duration", "seconds": 2}
    assert {event["item_id"] for event in events if "item_id" in event} == {"u"}
    assert len(b64decode(desk.items.wire("u", audio=True)["content"][0]["audio"])) == 72_000


def test_usage_is_in_tokens_where_the_model_of_the_transcript_counts_so(desk: Desk) -> None:
    desk.out.counts_tokens = True
    usage = desk.turn()[-1]["usage"]
    assert usage["type"] == "tokens" and usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_a_spoken_reply_in_its_order(desk: Desk) -> None:
    desk.turn()
    events = desk.begin()
    events += desk.tell(told.ReplyDelta(1, "Hello "), audio(), told.ReplyDelta(1, "you."), audio(1, 1))
    events += desk.end("Hello you.")
    assert types(events) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
        "rate_limits.updated",
    ]
    added = events[2]
    assert added["previous_item_id"] == "u" and added["item"]["status"] == "in_progress"
    assert events[3]["part"]["type"] == "audio" and events[9]["transcript"] == "Hello you."
    response = events[13]["response"]
    assert response["status"] == "completed" and response["status_details"] is None
    assert response["output"][0]["content"] == [{"type": "output_audio", "transcript": "Hello you."}]
    assert response["conversation_id"] == "conv_1" and response["metadata"] is None
    usage = response["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["output_token_details"] == {"text_tokens": 3, "audio_tokens": 2}
    assert usage["input_token_details"]["audio_tokens"] == 15 and usage["input_token_details"]["text_tokens"] == 3
    assert {event["response_id"] for event in events if "response_id" in event} == {response["id"]}
    assert b64decode(desk.items.wire("a", audio=True)["content"][0]["audio"]) == FRAME * 2
    assert desk.out.responses.has_spoken


def test_a_written_reply_in_its_order(desk: Desk) -> None:
    desk.out.responses.order = Order(modalities=("text",))
    events = desk.begin(spoken=False) + desk.tell(told.ReplyDelta(1, "Yes.")) + desk.end("Yes.", seconds=0.0)
    assert types(events)[3:8] == [
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
    ]
    assert events[-2]["response"]["output"][0]["content"] == [{"type": "output_text", "text": "Yes."}]
    assert not desk.out.responses.has_spoken


def test_an_interrupted_reply_is_closed_before_the_user_is_announced(desk: Desk) -> None:
    desk.begin()
    desk.tell(told.ReplyDelta(1, "One two three four."), *(audio(1, number) for number in range(50)))
    events = desk.tell(told.Interrupted(1, 1.0))
    events += desk.end("One two three four.", status="interrupted", heard="One two", seconds=2.0)
    events += desk.tell(told.SpeechStarted(2, "v", 4.0), audio(1, 50))
    assert types(events)[-3:] == ["response.done", "rate_limits.updated", "input_audio_buffer.speech_started"]
    response = next(event["response"] for event in events if event["type"] == "response.done")
    assert response["status"] == "cancelled"
    assert response["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert response["output"][0]["status"] == "incomplete"
    desk.items.truncate("a", 0.5)
    assert desk.items.wire("a")["content"][0]["transcript"] == "One"


@pytest.mark.parametrize(
    ("status", "wire", "reason"),
    [("cancelled", "cancelled", "client_cancelled"), ("incomplete", "incomplete", "max_output_tokens")],
)
def test_other_ends_have_their_reasons(desk: Desk, status: str, wire: str, reason: str) -> None:
    desk.begin()
    desk.tell(told.ReplyDelta(1, "One"))
    done = desk.end("One", status=status)[-2]["response"]
    assert (done["status"], done["status_details"]["reason"]) == (wire, reason)


def test_a_reply_that_failed_says_why(desk: Desk) -> None:
    desk.begin()
    events = desk.end("", status="failed", error=ReplyFailed("The model is gone."))
    assert types(events) == ["response.done", "rate_limits.updated"]
    assert events[0]["response"]["status_details"]["error"]["code"] == "reply_failed"
    assert events[0]["response"]["output"] == [] and desk.history.get("a") is None


def test_a_call_of_a_tool_stands_alone(desk: Desk) -> None:
    desk.turn()
    events = desk.begin()
    desk.history.append(Item("t", Message("assistant", "", (CALL,))))
    events += desk.tell(told.ToolCalled(1, "t", CALL)) + desk.end("")
    assert types(events) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
        "rate_limits.updated",
    ]
    assert events[2]["previous_item_id"] == "u" and events[1]["item"]["arguments"] == ""
    assert events[4]["arguments"] == CALL.arguments and events[4]["name"] == "weather"
    (output,) = events[7]["response"]["output"]
    assert (output["type"], output["call_id"], output["arguments"]) == ("function_call", "call_1", CALL.arguments)
    assert [item.id for item in desk.history.items] == ["u", "t"]


def test_words_and_calls_have_an_index_each(desk: Desk) -> None:
    events = desk.begin() + desk.tell(told.ReplyDelta(1, "Wait."))
    desk.history.append(Item("t", Message("assistant", "", (CALL,))))
    events += desk.tell(told.ToolCalled(1, "t", CALL), audio()) + desk.end("Wait.")
    indexes = {
        event["item_id"]: event["output_index"] for event in events if "output_index" in event and "item_id" in event
    }
    assert indexes == {"a": 0, "t": 1}
    assert [item["type"] for item in events[-2]["response"]["output"]] == ["message", "function_call"]


def test_a_reply_aside_leaves_no_item(desk: Desk) -> None:
    desk.out.responses.orders["x"] = Order(
        modalities=("text",), metadata={"topic": "x"}, given=(Message("user", "abcd"),)
    )
    events = desk.begin(id="s", generation=7, spoken=False, out_of_band=True, tag="x")
    events += desk.tell(told.ReplyDelta(7, "Aside.")) + desk.end("Aside.", id="s", generation=7)
    assert not [kind for kind in types(events) if kind.startswith("conversation.item")]
    for event in (events[0], events[-2]):
        assert event["response"]["metadata"] == {"topic": "x"} and event["response"]["conversation_id"] is None
    assert events[-2]["response"]["usage"]["input_tokens"] == 1
    assert desk.out.responses.orders == {} and desk.history.items == ()


def test_two_responses_at_once_are_kept_apart(desk: Desk) -> None:
    main = desk.begin()[0]["response"]["id"]
    out_of_band = desk.begin(id="s", generation=2, spoken=False, out_of_band=True)[0]["response"]["id"]
    first, second = desk.tell(told.ReplyDelta(1, "a"))[-1], desk.tell(told.ReplyDelta(2, "b"))[-1]
    assert (first["response_id"], second["response_id"]) == (main, out_of_band)
    assert (desk.out.responses.generation(main), desk.out.responses.generation(out_of_band)) == (1, 2)
    desk.end("a")
    assert desk.out.responses.generation(main) is None


def test_frames_are_sent_in_the_format_that_was_asked_for(desk: Desk) -> None:
    desk.out.responses.order = Order(Voice("alloy", G711(type="audio/pcmu")))
    events = desk.begin() + desk.tell(audio(data=bytes(640)))
    assert b64decode(events[-1]["delta"]) == b"\xff" * 320
    assert events[0]["response"]["audio"]["output"] == {"format": {"type": "audio/pcmu"}, "voice": "alloy"}


def test_transcripts_nobody_asked_for_are_not_told(desk: Desk) -> None:
    desk.out.transcribes = False
    assert not [kind for kind in types(desk.turn()) if "transcription" in kind]


def test_a_turn_without_words_has_an_empty_transcript(desk: Desk) -> None:
    events = desk.turn(text="")
    assert events[-1]["transcript"] == "" and "delta" not in types(events)[-2]


def test_deltas_are_the_transcript(desk: Desk) -> None:
    events = desk.tell(told.SpeechStarted(1, "u", 0.0))
    for delta in ("hello", "", " there"):
        events += desk.tell(told.PartialTranscript(1, "u", delta, "tail"))
    desk.user("u")
    events += desk.tell(told.TurnCommitted(1, "u", 1.0), final("u", "hello there you"))
    deltas = [event["delta"] for event in events if event["type"].endswith(".delta")]
    assert deltas == ["hello", " there", " you"]


def test_words_wait_until_the_client_knows_of_the_item(desk: Desk) -> None:
    assert desk.tell(told.PartialTranscript(1, "u", "hello", "")) == []
    desk.user("u")
    events = desk.tell(told.TurnCommitted(1, "u", 1.0))
    assert types(events)[-1].endswith("transcription.delta")


def test_words_of_a_live_model_are_told_before_the_client_ends_the_turn(desk: Desk) -> None:
    desk.out.early_words = True
    events = desk.tell(told.PartialTranscript(1, "u", "hello", ""), told.PartialTranscript(1, "u", " there", ""))
    assert [event["delta"] for event in events] == ["hello", " there"]
    desk.user("u")
    events += desk.tell(told.TurnCommitted(1, "u", 1.0), final("u", "hello there you"))
    deltas = [event["delta"] for event in events if event["type"].endswith(".delta")]
    assert deltas == ["hello", " there", " you"] and {event.get("item_id", "u") for event in events} == {"u"}


def test_words_of_a_live_model_that_were_taken_back_are_forgotten(desk: Desk) -> None:
    desk.out.early_words = True
    desk.tell(told.PartialTranscript(1, "u", "hello", ""))
    desk.out.clears = 1
    desk.tell(told.AudioCleared())
    desk.user("u")
    events = desk.tell(told.TurnCommitted(1, "u", 1.0), final("u", "hello"))
    assert [event["delta"] for event in events if event["type"].endswith(".delta")] == ["hello"], "told anew"


def test_a_transcription_that_failed_is_told(desk: Desk) -> None:
    desk.user("u")
    events = desk.tell(
        told.TurnCommitted(1, "u", 1.0), told.TranscriptFailed(1, "u", EngineTimeout("It took too long."))
    )
    assert events[-1]["type"].endswith("transcription.failed") and events[-1]["error"]["code"] == "engine_timeout"
    assert desk.out.settled


def test_responses_wait_for_words(desk: Desk) -> None:
    desk.out.commits = 1
    assert not desk.out.settled
    desk.user("u")
    desk.user("v")
    desk.tell(told.TurnCommitted(0, "v", 9.0), final("v", "the server ended this one"))
    assert not desk.out.settled
    desk.tell(told.TurnCommitted(1, "u", 1.0, pushed=True))
    assert not desk.out.settled
    desk.tell(final("u", "hello"))
    assert desk.out.settled


def test_silence_that_lasts_is_an_item_before_the_reply_to_it(desk: Desk) -> None:
    desk.out.prompt_after = 6.0
    desk.turn()
    desk.history.append(Item("a", Message("assistant", ""), "in_progress"))
    events = desk.tell(told.PromptDue(20.0), told.ReplyStarted(1, 1, "a", True), told.ReplyDelta(1, "Hello?"))
    assert types(events)[:5] == [
        "input_audio_buffer.timeout_triggered",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    assert (events[0]["audio_start_ms"], events[0]["audio_end_ms"]) == (14_000, 20_000)
    silence = events[0]["item_id"]
    assert [item.id for item in desk.history.items] == ["u", silence, "a"]
    assert (
        next(event for event in events[5:] if event["type"] == "conversation.item.added")["previous_item_id"] == silence
    )


def test_what_was_taken_back_is_forgotten(desk: Desk) -> None:
    desk.tell(told.SpeechStarted(1, "u", 0.0), told.PartialTranscript(1, "u", "hello", ""))
    desk.out.clears = 1
    assert types(desk.tell(told.AudioCleared())) == ["input_audio_buffer.cleared"]
    assert desk.out.caught_up
    events = desk.tell(told.SpeechStarted(2, "u", 1.0), told.PartialTranscript(2, "u", "hello", ""))
    desk.user("u")
    events += desk.tell(told.TurnCommitted(2, "u", 2.0), final("u", "hello"))
    assert [event["delta"] for event in events if event["type"].endswith(".delta")] == ["hello"], "told anew"


@pytest.mark.parametrize(
    "event",
    [
        told.Lagging(1.0),
        told.Ducked(1),
        told.Unducked(1),
        told.Resumed(1),
        told.TurnMetrics(1, 1, 1.0, 1.0, 1.0, 1.0),
        told.ReplyDelta(99, "x"),
        told.ToolCalled(99, "t", CALL),
        told.ReplyEnded(99, 1, "a", "completed", "", "", 0.0),
        audio(99),
    ],
)
def test_the_rest_says_nothing(desk: Desk, event: told.SessionEvent) -> None:
    assert desk.tell(event) == []


def test_errors_name_the_event_they_are_about(desk: Desk) -> None:
    assert types(desk.tell(told.Failed(InvalidText("No.")))) == ["error"]
    (event,) = check([error_event(InvalidText("No.", param="text"), "mine")])
    assert event["error"] == {
        "type": "invalid_request_error",
        "code": "invalid_text",
        "message": "No.",
        "param": "text",
        "event_id": "mine",
    }


def test_nothing_of_a_conversation_is_kept_when_it_is_over(desk: Desk) -> None:
    responses = set()
    for number in range(50):
        desk.turn(f"u{number}")
        desk.begin(f"a{number}", number)
        responses.add(desk.out.responses.active)
        desk.tell(told.ReplyDelta(number, "x"), audio(number))
        desk.end("x", f"a{number}", number)
    assert len(responses) == 50 and None not in responses
    assert [desk.out.responses.generation(id) for id in responses if id is not None] == [None] * 50
    assert desk.out.caught_up and desk.out.responses.active is None and not desk.out.responses.orders
    assert all(desk.items.wire(f"a{number}") for number in range(50)), "nothing of it is hidden any more"


@pytest.mark.parametrize("given", [None, {"topic": "weather"}])
def test_warnings_about_the_speech_stand_in_the_metadata(given: dict[str, str] | None) -> None:
    desk = Desk()
    desk.out.responses.order = Order(metadata=given)
    desk.begin()
    desk.tell(told.ReplyWarned(1, "a could not do this; b did."), told.ReplyWarned(1, "x" * 600))
    (done,) = [event for event in desk.end("") if event["type"] == "response.done"]
    metadata = done["response"]["metadata"]
    assert metadata["stts_warnings"].startswith("a could not do this; b did.; x")
    assert len(metadata["stts_warnings"]) == 512
    assert metadata.get("topic") == (given or {}).get("topic")


def test_without_warnings_the_metadata_is_the_client_s() -> None:
    desk = Desk()
    desk.begin()
    (done,) = [event for event in desk.end("") if event["type"] == "response.done"]
    assert done["response"]["metadata"] is None
