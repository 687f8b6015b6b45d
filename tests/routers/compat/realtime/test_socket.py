"""The official client on a socket: what it sends, and every event that it gets."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
import websockets
from openai import APIStatusError

from routers.compat.realtime.event_encoder import TRANSCRIPTION
from routers.compat.realtime.microphone import MOST_CHARACTERS
from stts.errors import ReplyFailed
from stts.settings import LimitSettings, RealtimeSettings
from tests import patient
from tests.routers.compat.realtime.conftest import KEY, Served, serving
from tests.routers.compat.realtime.talk import RATE, Talk, silence, tone
from tests.stts.conversation.caller import World

pytestmark = pytest.mark.socket

QUICK = {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 200}}}
TOLD = {"input": {**QUICK["input"], "transcription": {"model": "whisper-1"}}}
PUSHED: dict[str, Any] = {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}}
TURN = (tone(1.0), silence(0.5))


async def test_the_session_is_told_and_then_nothing_until_a_command(served: Served) -> None:
    async with served.talk() as talk:
        await talk.send("input_audio_buffer.clear")
        await talk.until("input_audio_buffer.cleared")
        assert talk.types() == ["session.created", "input_audio_buffer.cleared"]
        session = talk.events[0]["session"]
        assert session["model"] == "gpt-realtime" and session["type"] == "realtime"
        assert len({event["event_id"] for event in talk.events}) == 2


async def test_the_older_dialect_is_told_of_its_conversation(served: Served) -> None:
    async with served.talk(headers={"openai-beta": "realtime=v1"}) as talk:
        await talk.until("conversation.created")
        assert talk.types() == ["session.created", "conversation.created"]


async def test_a_spoken_turn_is_answered(served: Served) -> None:
    async with served.talk() as talk:
        await talk.update(audio=TOLD)
        await talk.say(*TURN)
        response = await talk.response()
        await talk.until("rate_limits.updated")
    kinds = [kind for kind in talk.types() if not kind.endswith(".delta")]
    assert kinds[2:] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.completed",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
        "rate_limits.updated",
    ]
    assert response["status"] == "completed"
    (message,) = response["output"]
    heard = talk.of("conversation.item.input_audio_transcription.completed")[0]["transcript"]
    assert heard == "word0 word1 word2" and message["content"][0]["transcript"].strip() == heard
    assert len(talk.audio(response["id"])) / 2 / RATE == pytest.approx(0.06 * len(heard), abs=0.1)
    assert response["usage"]["total_tokens"] > 0


async def test_times_count_all_audio_of_the_session(served: Served) -> None:
    async with served.talk() as talk:
        await talk.update(audio=QUICK)
        await talk.say(silence(2.0), *TURN)
        started = await talk.until("input_audio_buffer.speech_started")
        stopped = await talk.until("input_audio_buffer.speech_stopped")
        assert started["audio_start_ms"] == pytest.approx(1700, abs=80)
        assert stopped["audio_end_ms"] == pytest.approx(3000, abs=80)
        assert started["item_id"] == stopped["item_id"]


async def test_push_to_talk(served: Served) -> None:
    async with served.talk() as talk:
        await talk.update(audio=PUSHED)
        await talk.say(tone(0.7))
        await talk.send("input_audio_buffer.commit")
        await talk.send("response.create")
        response = await talk.response()
        assert response["output"][0]["content"][0]["transcript"].split() == ["word0", "word1"]
        assert not [kind for kind in talk.types() if "speech_" in kind]
        committed = talk.of("input_audio_buffer.committed")
        assert len(committed) == 1 and committed[0]["previous_item_id"] is None
        await talk.send("conversation.item.retrieve", item_id=committed[0]["item_id"])
        item = (await talk.until("conversation.item.retrieved"))["item"]
        assert item["content"][0]["transcript"] == "word0 word1"
        assert b64decode(item["content"][0]["audio"]) == tone(0.7)[: -2 * round(0.7 % 0.032 * RATE)]


async def test_a_commit_answers_nothing_by_itself(served: Served) -> None:
    async with served.talk() as talk:
        await talk.update(audio=PUSHED)
        await talk.say(tone(0.7))
        await talk.send("input_audio_buffer.commit")
        await talk.until("conversation.item.input_audio_transcription.completed")
        await talk.alive()
        assert "response.created" not in talk.types()


async def test_nothing_to_commit_is_an_error_by_its_name(served: Served) -> None:
    async with served.talk() as talk:
        await talk.send("input_audio_buffer.commit", event_id="mine")
        error = await talk.error()
        assert (error["code"], error["event_id"]) == ("input_audio_buffer_commit_empty", "mine")
        await talk.update(audio=PUSHED)
        await talk.say(tone(0.5))
        await talk.alive()
        await talk.send("input_audio_buffer.commit")
        assert (await talk.error())["code"] == "input_audio_buffer_commit_empty"


async def test_typed_text_is_answered_in_text(served: Served) -> None:
    async with served.talk() as talk:
        await talk.update(output_modalities=["text"])
        await talk.write("Good morning")
        added = await talk.until("conversation.item.added")
        assert added["previous_item_id"] is None
        await talk.send("response.create")
        response = await talk.response()
        assert response["output"][0]["content"] == [{"type": "output_text", "text": "Good morning "}]
        assert "".join(each["delta"] for each in talk.of("response.output_text.delta")) == "Good morning "
        assert not talk.of("response.output_audio.delta")


async def test_only_one_response_at_a_time(served: Served) -> None:
    served.world.reply = "a reply that takes its time to be said"
    async with served.talk() as talk:
        await talk.write("Hello")
        await talk.send("response.create")
        await talk.until("response.output_audio.delta")
        await talk.send("response.create", event_id="second")
        error = await talk.error()
        assert error["code"] == "conversation_already_has_active_response" and error["event_id"] == "second"
        await talk.send("response.cancel")
        response = await talk.response()
        assert response["status"] == "cancelled"
        assert response["status_details"]["reason"] == "client_cancelled"
        await talk.send("response.create")
        await talk.until("response.created", lambda event: event["response"]["id"] != response["id"])
        await talk.send("response.cancel", response_id=response["id"])
        assert (await talk.error())["code"] == "response_cancel_not_active"


async def test_nothing_to_cancel_is_an_error_and_the_session_lives(served: Served) -> None:
    async with served.talk() as talk:
        await talk.send("response.cancel")
        assert (await talk.error())["code"] == "response_cancel_not_active"
        await talk.alive()


async def test_no_audio_follows_an_interruption(served: Served) -> None:
    served.world.reply = "one two three four five six seven eight nine ten " * 20
    async with served.talk() as talk:
        await talk.update(audio=QUICK)
        await talk.say(*TURN)
        first = (await talk.until("response.output_audio.delta"))["response_id"]
        await talk.say(tone(0.8))
        await talk.until("input_audio_buffer.speech_started", lambda event: event["audio_start_ms"] > 1000)
        done = talk.of("response.done")[0]["response"]
        assert done["id"] == first and done["status"] == "cancelled"
        assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        count = len(talk.of("response.output_audio.delta"))
        heard = round(len(talk.audio(first)) / 2 / RATE * 1000)
        item = done["output"][0]["id"]
        await talk.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=heard + 5000)
        assert "already shorter than" in (await talk.error())["message"]
        await talk.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=heard // 2)
        truncated = await talk.until("conversation.item.truncated")
        assert truncated["audio_end_ms"] == heard // 2
        await talk.say(silence(0.5))
        second = (await talk.until("response.created"))["response"]["id"]
        assert second != first
        assert all(each["response_id"] != first for each in talk.of("response.output_audio.delta")[count:])
        await talk.send("conversation.item.retrieve", item_id=item)
        kept = (await talk.until("conversation.item.retrieved"))["item"]
        assert kept["status"] == "incomplete"
        assert len(kept["content"][0]["transcript"] or "") < len(served.world.reply)


async def test_turns_that_are_not_answered(served: Served) -> None:
    detection = {**QUICK["input"]["turn_detection"], "create_response": False, "interrupt_response": False}
    async with served.talk() as talk:
        await talk.update(audio={"input": {**TOLD["input"], "turn_detection": detection}})
        await talk.say(*TURN, *TURN)
        await talk.until("input_audio_buffer.committed")
        await talk.until("input_audio_buffer.committed")
        await talk.send("response.create")
        await talk.response()
        assert len(talk.of("response.created")) == 1
        assert len(served.world.replies[0].messages) == 2


async def test_responses_aside_run_beside_the_conversation(served: Served) -> None:
    served.world.reply = "a reply that takes its time to be said"
    async with served.talk() as talk:
        await talk.write("Hello")
        await talk.send("response.create")
        main = (await talk.until("response.created"))["response"]["id"]
        asked = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Classify."}]}
        await talk.send(
            "response.create",
            response={
                "conversation": "none",
                "output_modalities": ["text"],
                "metadata": {"topic": "class"},
                "instructions": "Say a word.",
                "input": [asked],
                "max_output_tokens": 7,
            },
        )
        out_of_band = await talk.response()
        assert (
            out_of_band["id"] != main
            and out_of_band["metadata"] == {"topic": "class"}
            and "conversation_id" not in out_of_band
        )
        assert out_of_band["output"][0]["content"][0]["type"] == "output_text"
        request = served.world.replies[-1]
        assert [message.text for message in request.messages] == ["Classify."]
        assert (request.config.instructions, request.config.max_tokens) == ("Say a word.", 7)
        assert (await talk.response())["id"] == main
        await talk.send("conversation.item.retrieve", item_id=out_of_band["output"][0]["id"])
        assert (await talk.error())["code"] == "item_retrieve_invalid_item_id"


async def test_the_overrides_of_a_response_are_its_own(served: Served) -> None:
    tool = {"type": "function", "name": "weather", "parameters": {"type": "object"}}
    served.world.reply = "Yes."
    async with served.talk() as talk:
        await talk.update(instructions="Be kind.", tools=[tool], max_output_tokens=50)
        await talk.write("Hello")
        await talk.send("response.create", response={"tools": [], "tool_choice": "none", "instructions": "Be brief."})
        await talk.response()
        await talk.send("response.create", response={"input": []})
        await talk.response()
    first, second = served.world.replies[:2]
    assert (first.config.tools, first.config.tool_choice) == ((), "none")
    assert (first.config.instructions, first.config.max_tokens) == ("Be brief.", 50)
    assert second.messages == () and second.config.tools[0].name == "weather"
    assert second.config.instructions == "Be kind."


async def test_a_reply_that_fails_is_one_response_that_failed(served: Served) -> None:
    served.world.dumb = ReplyFailed("The model is gone.")
    async with served.talk() as talk:
        await talk.write("Hello there")
        await talk.send("response.create")
        response = await talk.response()
        assert response["status"] == "failed"
        assert response["status_details"]["error"]["message"] == "The model is gone."
        served.world.dumb = None
        await talk.send("response.create")
        assert (await talk.response())["status"] == "completed"
        assert not talk.of("error")


async def test_items_are_made_found_and_deleted(served: Served) -> None:
    async with served.talk() as talk:
        for id, previous in (("b", None), ("a", "root"), ("c", "b")):
            item = {"type": "message", "role": "user", "id": id, "content": [{"type": "input_text", "text": id}]}
            extra = {} if previous is None else {"previous_item_id": previous}
            await talk.send("conversation.item.create", item=item, **extra)
        await talk.until("conversation.item.done", lambda event: event["item"]["id"] == "c")
        assert [each["previous_item_id"] for each in talk.of("conversation.item.added")] == [None, None, "b"]
        await talk.send("conversation.item.delete", item_id="b")
        assert (await talk.until("conversation.item.deleted"))["item_id"] == "b"
        await talk.send("conversation.item.retrieve", item_id="b", event_id="gone")
        error = await talk.error()
        assert (error["code"], error["param"], error["event_id"]) == ("item_retrieve_invalid_item_id", None, "gone")
        await talk.send("conversation.item.truncate", item_id="a", content_index=0, audio_end_ms=0)
        assert (await talk.error())["code"] == "invalid_value"


async def test_a_recording_becomes_an_item_with_its_words(served: Served) -> None:
    async with served.talk() as talk:
        await talk.update(audio=PUSHED)
        content = [{"type": "input_audio", "audio": b64encode(tone(1.0)).decode()}]
        await talk.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        completed = await talk.until("conversation.item.input_audio_transcription.completed")
        assert completed["transcript"] == "word0 word1 word2"
        await talk.send("response.create", response={"output_modalities": ["text"]})
        assert (await talk.response())["output"][0]["content"][0]["text"].split() == ["word0", "word1", "word2"]


async def test_a_transcription_session_only_listens(served: Served) -> None:
    async with served.talk(model="whisper-1", intent="transcription") as talk:
        session = talk.events[0]["session"]
        assert session["type"] == "transcription" and session["object"] == "realtime.transcription_session"
        await talk.send("session.update", session={"type": "transcription", "audio": QUICK})
        await talk.until("session.updated")
        await talk.say(*TURN, *TURN)
        for _ in range(2):
            await talk.until("conversation.item.input_audio_transcription.completed")
        await talk.send("response.create")
        assert (await talk.error())["code"] == "invalid_request"
        assert not [kind for kind in talk.types() if kind.startswith(("response.", "conversation.created"))]


async def test_a_telephone_is_understood_and_answered(served: Served) -> None:
    async with served.talk() as talk:
        format = {"type": "audio/pcmu"}
        await talk.update(audio={"input": {**QUICK["input"], "format": format}, "output": {"format": format}})
        for data in (b"\x10" * 8000, b"\xff" * 4000):
            await talk.append(data)
        response = await talk.response()
        assert response["audio"]["output"]["format"] == format
        assert response["output"][0]["content"][0]["transcript"].split() == ["word0", "word1", "word2"]


async def test_silence_is_broken_after_a_while(served: Served) -> None:
    async with served.talk() as talk:
        detection = {**QUICK["input"]["turn_detection"], "idle_timeout_ms": 5000}
        await talk.update(audio={"input": {"turn_detection": detection}})
        triggered = await talk.until("input_audio_buffer.timeout_triggered")
        response = await talk.response()
        assert response["output"][0]["content"][0]["transcript"] == "Are you there?"
        assert talk.of("input_audio_buffer.committed")[0]["item_id"] == triggered["item_id"]


async def test_a_turn_that_is_never_committed_is_committed_by_the_server(world: World) -> None:
    with serving(world, limits=LimitSettings(commit_seconds=2.0)) as served:
        async with served.talk("gpt-live-transcribe", intent="transcription") as talk:
            await talk.say(tone(5.0))
            await talk.send("input_audio_buffer.commit")
            for _ in range(3):
                await talk.until("conversation.item.input_audio_transcription.completed")
            turns, whole = talk.of("input_audio_buffer.committed"), talk.of(f"{TRANSCRIPTION}.completed")
            assert [each["previous_item_id"] for each in turns] == [None, *(each["item_id"] for each in turns[:2])]
            assert sum(len(each["transcript"].split()) for each in whole) >= 5.0 / 0.3 - 3
            audio = []
            for each in turns:
                await talk.send("conversation.item.retrieve", item_id=each["item_id"])
                item = (await talk.until("conversation.item.retrieved"))["item"]
                audio.append(len(b64decode(item["content"][0]["audio"])) / 2 / RATE)
            assert audio == pytest.approx([2.0, 2.0, 1.0], abs=0.1)
            assert not talk.of("error")


async def test_a_session_is_merged_and_told_whole(served: Served) -> None:
    async with served.talk() as talk:
        await talk.update(instructions="Be kind.", audio={"output": {"voice": "marin"}})
        session = await talk.update(audio={"input": {"turn_detection": None}})
        assert session["instructions"] == "Be kind." and session["audio"]["output"]["voice"] == "marin"
        assert session["audio"]["input"]["turn_detection"] is None
        assert (await talk.update(instructions=""))["instructions"] == ""


@pytest.mark.parametrize(
    ("session", "code"),
    [
        ({"type": "transcription"}, "invalid_value"),
        ({"type": "realtime", "output_modalities": ["text", "audio"]}, "invalid_value"),
        ({"type": "realtime", "audio": {"input": {"transcription": {"model": "nosuch"}}}}, "model_not_found"),
    ],
)
async def test_what_a_session_cannot_be_is_refused(served: Served, session: dict[str, Any], code: str) -> None:
    async with served.talk() as talk:
        await talk.send("session.update", session=session, event_id="mine")
        error = await talk.error()
        assert (error["code"], error["event_id"]) == (code, "mine")
        assert error["param"].startswith("session.")
        assert (await talk.update())["type"] == "realtime"


async def test_a_voice_stays_once_it_was_heard(served: Served) -> None:
    async with served.talk() as talk:
        await talk.update(audio={"output": {"voice": "marin"}})
        await talk.write("Hi")
        await talk.send("response.create")
        await talk.response()
        await talk.send("session.update", session={"type": "realtime", "audio": {"output": {"voice": "cedar"}}})
        assert (await talk.error())["code"] == "cannot_update_voice"
        await talk.update(audio={"output": {"voice": "marin", "speed": 1.1}})


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", "invalid_request"),
        ("[]", "invalid_request"),
        ("{}", "invalid_value"),
        ('{"type": 3}', "invalid_value"),
        ('{"type": []}', "invalid_value"),
        ('{"type": {"type": "response.create"}}', "invalid_value"),
        ('{"type": "nosuch"}', "invalid_value"),
        ('{"type": "session.update"}', "invalid_value"),
        ('{"type": "session.update", "session": []}', "invalid_value"),
        ('{"type": "input_audio_buffer.append"}', "invalid_value"),
        ('{"type": "input_audio_buffer.append", "audio": "%%%"}', "invalid_value"),
        ('{"type": "input_audio_buffer.append", "audio": "\\ud800"}', "invalid_request"),
        ('{"type": "conversation.item.create", "item": {"type": "message"}}', "invalid_value"),
        ('{"type": "conversation.item.create", "item": {"type": "nosuch"}}', "invalid_value"),
        ('{"type": "response.create", "response": {"conversation": "x"}}', "invalid_value"),
        ('{"type": "output_audio_buffer.clear"}', "invalid_request"),
        ('{"type": "input_audio_buffer.clear", "event_id": 3}', "invalid_value"),
    ],
)
async def test_nonsense_is_one_error(served: Served, message: str, code: str) -> None:
    async with served.talk() as talk:
        await talk.connection.send_raw(message)
        assert (await talk.error())["code"] == code
        await talk.alive()
        assert len(talk.of("error")) == 1


async def test_bytes_are_no_commands(served: Served) -> None:
    async with served.talk() as talk:
        await talk.connection.send_raw(b"\0\1\2")
        assert (await talk.error())["code"] == "invalid_request"
        await talk.alive()


async def test_a_minute_and_more_of_audio_in_one_message(served: Served) -> None:
    async with served.talk() as talk:
        await talk.update(audio=PUSHED)
        await talk.send("input_audio_buffer.append", audio="A" * MOST_CHARACTERS)
        await talk.send("input_audio_buffer.append", audio="A" * (MOST_CHARACTERS + 4))
        assert (await talk.error())["code"] == "payload_too_large"
        await talk.alive()


async def test_an_unpadded_end_of_a_sample_waits_for_the_rest(served: Served) -> None:
    async with served.talk() as talk:
        await talk.update(audio=PUSHED)
        data = tone(0.7)
        for start in range(0, len(data), 4801):
            await talk.append(data[start : start + 4801])
        await talk.send("input_audio_buffer.commit")
        completed = await talk.until("conversation.item.input_audio_transcription.completed")
        assert completed["transcript"] == "word0 word1"


async def test_the_older_dialect_by_header(served: Served) -> None:
    async with served.talk(headers={"openai-beta": "realtime=v1"}) as talk:
        session = talk.events[0]["session"]
        assert session["modalities"] == ["text", "audio"] and session["input_audio_format"] == "pcm16"
        vad = QUICK["input"]["turn_detection"]
        await talk.send("session.update", session={"voice": "sage", "turn_detection": vad})
        assert (await talk.until("session.updated"))["session"]["voice"] == "sage"
        await talk.say(*TURN)
        response = await talk.response()
        assert response["modalities"] == ["text", "audio"] and response["output"][0]["content"][0]["type"] == "audio"
        assert talk.of("response.audio.delta") and talk.of("conversation.item.created")
        assert not talk.of("conversation.item.done")


async def test_the_older_dialect_by_its_first_session(served: Served) -> None:
    async with served.client() as client, patient.realtime(client, model="gpt-realtime") as connection:
        talk = await Talk.greeted(connection, official=False)
        assert talk.events[0]["session"]["object"] == "realtime.session"
        await talk.send("session.update", session={"modalities": ["text"], "turn_detection": None})
        assert (await talk.until("session.updated"))["session"]["modalities"] == ["text"]
        await talk.write("Hello")
        await talk.send("response.create")
        assert (await talk.response())["output"][0]["content"][0] == {"type": "text", "text": "Hello "}
        assert talk.of("response.text.done")


async def test_the_older_transcription_session(served: Served) -> None:
    query = {"intent": "transcription"}
    async with served.talk(model="whisper-1", headers={"openai-beta": "realtime=v1"}, **query) as talk:
        assert talk.events[0]["type"] == "transcription_session.created"
        vad = QUICK["input"]["turn_detection"]
        await talk.send("transcription_session.update", session={"turn_detection": vad})
        await talk.until("transcription_session.updated")
        await talk.say(*TURN)
        await talk.until("conversation.item.input_audio_transcription.completed")


async def test_a_session_ends_after_its_time(world: World) -> None:
    with serving(world, realtime=RealtimeSettings(session_minutes=0.005)) as served:
        async with served.talk() as talk:
            error = await talk.error()
            assert error["code"] == "session_expired" and error["message"]


async def test_a_socket_wants_the_key(guarded: Served) -> None:
    with pytest.raises(Exception, match="401"):
        async with guarded.talk(key="wrong"):
            pass
    async with guarded.talk() as talk:
        await talk.alive()


async def test_a_secret_opens_its_session(guarded: Served) -> None:
    async with guarded.client() as client:
        secret = await client.realtime.client_secrets.create(
            expires_after={"anchor": "created_at", "seconds": 60},
            session={"type": "realtime", "instructions": "Be kind.", "audio": {"output": {"voice": "marin"}}},
        )
        assert secret.value.startswith("ek_") and secret.session.type == "realtime"
    async with guarded.talk(key=secret.value) as talk:
        session = talk.events[0]["session"]
        assert session["instructions"] == "Be kind." and session["audio"]["output"]["voice"] == "marin"
        await talk.alive()
    async with guarded.client(secret.value) as client:
        with pytest.raises(APIStatusError) as caught:
            await client.realtime.client_secrets.create()
        assert (caught.value.status_code, caught.value.code) == (403, "forbidden")


async def test_the_model_of_a_secret_that_names_none_is_the_clients(guarded: Served) -> None:
    async with guarded.client() as client:
        secret = await client.realtime.client_secrets.create()
        named = await client.realtime.client_secrets.create(session={"type": "realtime", "model": "gpt-realtime-mini"})
    async with guarded.talk(key=secret.value, model="gpt-realtime") as talk:
        assert talk.events[0]["session"]["model"] == "gpt-realtime"
        await talk.update(model="gpt-realtime")
    async with guarded.talk(key=named.value, model="gpt-realtime") as talk:
        assert talk.events[0]["session"]["model"] == "gpt-realtime-mini"
        session = await talk.update(model="gpt-realtime", instructions="Be kind.")
        assert (session["model"], session["instructions"]) == ("gpt-realtime-mini", "Be kind.")


async def test_a_browsers_subprotocols_open_the_socket(guarded: Served) -> None:
    async with patient.AsyncClient(base_url=guarded.url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        answer = await client.post("/v1/realtime/client_secrets", json={"session": {"type": "transcription"}})
    secret = answer.json()
    offered = ["realtime", f"openai-insecure-api-key.{secret['value']}"]
    address = guarded.url.replace("http", "ws") + "/v1/realtime"
    async with patient.connect(address, subprotocols=[websockets.Subprotocol(each) for each in offered]) as socket:
        assert socket.subprotocol == "realtime"
        first = json.loads(await socket.recv())
        assert first["type"] == "session.created" and first["session"]["type"] == "transcription"


async def test_secrets_are_bounded_and_checked(guarded: Served) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with patient.AsyncClient(base_url=guarded.url, headers=headers) as client:
        path = "/v1/realtime/client_secrets"
        wrong = await client.post(path, json={"session": {"type": "nosuch"}})
        assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "session.type")
        unknown = {"type": "transcription", "audio": {"input": {"transcription": {"model": "nosuch"}}}}
        assert (await client.post(path, json={"session": unknown})).status_code == 404
        for _ in range(2):
            assert (await client.post(path, json={})).status_code == 200
        full = await client.post(path, json={})
        assert full.status_code == 503 and int(full.headers["retry-after"]) > 0


@pytest.mark.parametrize("moment", ["session.created", "input_audio_buffer.speech_started", "response.created"])
async def test_a_client_that_vanishes_leaves_nothing(served: Served, moment: str) -> None:
    async with served.talk() as talk:
        if moment != "session.created":
            await talk.update(audio=QUICK)
            await talk.say(tone(1.0))
            if moment == "response.created":
                await talk.say(silence(0.5))
            await talk.until(moment)
        transport = talk.connection._connection.transport
        transport.abort()
