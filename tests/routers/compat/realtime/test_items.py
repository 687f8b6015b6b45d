"""Items: the history as clients see it and change it."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from openai.types.realtime import ConversationItem
from pydantic import TypeAdapter

from routers.compat.realtime.command_schemas import ItemCreate, ItemShape
from routers.compat.realtime.contents import message_of, sent_audio
from routers.compat.realtime.items import Items, Sound
from stts.chat import Message, ToolCall
from stts.conversation.history import History, Item
from stts.errors import InvalidRequest

OFFICIAL: TypeAdapter[Any] = TypeAdapter(ConversationItem)
TEXT = "one two three four five six seven eight nine ten"


@pytest.fixture
def items() -> Items:
    return Items(History(100, 10_000), stored_seconds=10)


def shape(**fields: Any) -> ItemShape:
    return ItemCreate.model_validate({"type": "conversation.item.create", "item": fields}).item


def typed(text: str, role: str = "user", **fields: Any) -> ItemShape:
    kind = "output_text" if role == "assistant" else "input_text"
    return shape(type="message", role=role, content=[{"type": kind, "text": text}], **fields)


def spoken(items: Items, id: str, text: str, sound: Sound, status: Any = "completed") -> None:
    items.history.append(Item(id, Message("assistant", text), status))
    items.add_sound(id, sound)


@pytest.mark.parametrize("role", ["system", "user", "assistant"])
def test_a_message_comes_back_as_it_was_sent(items: Items, role: str) -> None:
    id, previous = items.create(typed("Hello.", role), None)
    wire = items.wire(id)
    assert previous is None and wire["role"] == role and wire["content"][0]["text"] == "Hello."
    assert wire["status"] == "completed" and wire["object"] == "realtime.item"
    OFFICIAL.validate_python(wire, strict=True)


def test_calls_of_tools_and_their_outputs_are_items(items: Items) -> None:
    call, _ = items.create(shape(type="function_call", call_id="c1", name="weather", arguments="{}"), None)
    output, previous = items.create(shape(type="function_call_output", call_id="c1", output="rain"), None)
    assert previous == call
    assert items.history.messages() == (
        Message("assistant", "", tool_calls=(ToolCall("c1", "weather", "{}"),)),
        Message("tool", "rain", call_id="c1"),
    )
    for id in (call, output):
        OFFICIAL.validate_python(items.wire(id), strict=True)
    assert items.wire(output)["call_id"] == "c1"


def test_items_are_put_where_the_client_says(items: Items) -> None:
    items.create(typed("b", id="b"), None)
    assert items.create(typed("a", id="a"), "root") == ("a", None)
    assert items.create(typed("c", id="c"), "b") == ("c", "b")
    assert items.create(typed("bb", id="bb"), "b") == ("bb", "b")
    assert [item.id for item in items.history.items] == ["a", "b", "bb", "c"]
    with pytest.raises(InvalidRequest) as caught:
        items.create(typed("d"), "nosuch")
    assert caught.value.param == "previous_item_id"
    with pytest.raises(InvalidRequest, match=r"an item with id 'a' already exists"):
        items.create(typed("again", id="a"), None)


def test_an_item_that_is_gone_is_gone(items: Items) -> None:
    id, _ = items.create(typed("Hello."), None)
    items.delete(id)
    for act in (items.wire, items.delete):
        with pytest.raises(InvalidRequest):
            act(id)


def test_audio_comes_back_when_it_is_asked_for(items: Items) -> None:
    items.history.append(Item("u", Message("user", "hello")))
    items.add_sound("u", Sound(1.0, b"abcd"))
    assert items.wire("u")["content"] == [{"type": "input_audio", "transcript": "hello"}]
    assert items.wire("u", audio=True)["content"][0]["audio"] == "YWJjZA=="
    OFFICIAL.validate_python(items.wire("u", audio=True), strict=True)


def test_old_audio_is_forgotten_first(items: Items) -> None:
    for number in range(4):
        spoken(items, str(number), "x", Sound(4.0, b"abcd"))
    assert ["audio" in items.wire(str(number), audio=True)["content"][0] for number in range(4)] == [
        False,
        False,
        True,
        True,
    ]


def test_sounds_of_forgotten_items_are_forgotten() -> None:
    items = Items(History(2, 10_000), stored_seconds=10)
    for number in range(2000):
        spoken(items, str(number), "x", Sound(0.0, b""))
    gc.collect()
    assert sum(isinstance(each, Sound) for each in gc.get_objects()) <= 257


def test_a_reply_is_cut_where_its_listener_stopped(items: Items) -> None:
    spoken(items, "r", TEXT, Sound(10.0, bytes(480_000)))
    items.truncate("r", 5.0)
    wire = items.wire("r", audio=True)
    assert wire["content"][0]["transcript"] == "one two three four five"
    assert wire["status"] == "incomplete"
    assert len(wire["content"][0]["audio"]) == 240_000 * 4 // 3
    items.truncate("r", 0.0)
    assert items.wire("r")["content"][0]["transcript"] is None and items.history.messages() == ()


@pytest.mark.parametrize("seconds", [10.0, 9.999, 9.96, 9.92])
def test_a_cut_within_two_frames_of_the_end_is_none(items: Items, seconds: float) -> None:
    spoken(items, "r", TEXT, Sound(10.0, bytes(480_000)))
    items.truncate("r", seconds)
    wire = items.wire("r", audio=True)
    assert wire["status"] == "completed" and wire["content"][0]["transcript"] == TEXT
    assert len(wire["content"][0]["audio"]) == 480_000 * 4 // 3


def test_a_cut_three_frames_before_the_end_is_one(items: Items) -> None:
    spoken(items, "r", TEXT, Sound(10.0))
    items.truncate("r", 9.88)
    assert items.wire("r")["status"] == "incomplete"
    assert items.wire("r")["content"][0]["transcript"] == TEXT.removesuffix(" ten")


def test_a_reply_cut_off_already_loses_only_what_is_beyond(items: Items) -> None:
    spoken(items, "r", "one two three four", Sound(10.0, text_seconds=4.0), "incomplete")
    items.truncate("r", 6.0)
    assert items.wire("r")["content"][0]["transcript"] == "one two three four"
    items.truncate("r", 2.0)
    assert items.wire("r")["content"][0]["transcript"] == "one two"


def test_past_the_end_is_refused_and_changes_nothing(items: Items) -> None:
    spoken(items, "r", TEXT, Sound(2.0))
    with pytest.raises(InvalidRequest) as caught:
        items.truncate("r", 2.5)
    assert "already shorter than" in caught.value.message and caught.value.param == "audio_end_ms"
    assert items.wire("r")["content"][0]["transcript"] == TEXT


def test_only_spoken_replies_can_be_cut(items: Items) -> None:
    id, _ = items.create(typed("Hello."), None)
    items.history.append(Item("u", Message("user", "hello")))
    items.add_sound("u", Sound(1.0))
    for each in (id, "u"):
        with pytest.raises(InvalidRequest):
            items.truncate(each, 0.0)


def test_a_reply_that_has_said_nothing_is_not_there(items: Items) -> None:
    items.create(typed("a", id="a"), None)
    items.hide("r")
    items.history.append(Item("r", Message("assistant", ""), "in_progress"))
    assert items.create(typed("b", id="b"), None) == ("b", "a")
    with pytest.raises(InvalidRequest):
        items.wire("r")
    items.reveal("r")
    assert items.before("b") == "r"


def test_messages_for_one_response_may_refer_to_items(items: Items) -> None:
    items.create(typed("a", id="a"), None)
    from routers.compat.realtime.command_schemas import ResponseParams

    given = ResponseParams.model_validate(
        {
            "input": [
                {"type": "item_reference", "id": "a"},
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "b"}]},
            ]
        }
    ).input
    assert given is not None
    assert items.messages(given) == (Message("user", "a"), Message("user", "b"))
    items.delete("a")
    with pytest.raises(InvalidRequest):
        items.messages(given)


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "output_text", "text": "x"}],
        [{"type": "input_text"}],
        [{"type": "input_audio"}],
    ],
)
def test_what_a_user_cannot_say_here_is_refused(content: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidRequest):
        message_of(shape(type="message", role="user", content=content))


def test_a_recording_of_the_user_is_found() -> None:
    recorded = [{"type": "input_audio", "audio": "AAAA"}]
    assert sent_audio(shape(type="message", role="user", content=recorded)) == "AAAA"
    known = [{"type": "input_audio", "audio": "AAAA", "transcript": "hello"}]
    assert sent_audio(shape(type="message", role="user", content=known)) is None
    assert message_of(shape(type="message", role="user", content=known)).text == "hello"
    assert sent_audio(shape(type="function_call_output", call_id="c", output="x")) is None


def test_a_picture_is_taken_and_not_seen() -> None:
    content = [{"type": "input_text", "text": "What is this?"}, {"type": "input_image", "image_url": "data:,"}]
    assert message_of(shape(type="message", role="user", content=content)).text == "What is this?\n[image]"


def test_messages_of_several_contents_come_back_in_their_parts(items: Items) -> None:
    content = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": "data:,"},
        {"type": "input_audio", "transcript": "over there"},
    ]
    id, _ = items.create(shape(type="message", role="user", content=content), None)
    wire = items.wire(id)
    assert wire["content"] == [content[0], {"type": "input_image"}, content[2]]
    OFFICIAL.validate_python(wire, strict=True)
    items.delete(id)
    again, _ = items.create(typed("Only this.", id=id), None)
    assert items.wire(again)["content"] == [{"type": "input_text", "text": "Only this."}]


def test_a_picture_alone_is_no_text(items: Items) -> None:
    picture = [{"type": "input_image", "image_url": "data:,"}]
    id, _ = items.create(shape(type="message", role="user", content=picture), None)
    assert items.wire(id)["content"] == [{"type": "input_image"}]
    assert [message.text for message in items.history.messages()] == ["[image]"]


def test_parts_go_with_the_history(items: Items) -> None:
    both = [{"type": "input_text", "text": "one"}, {"type": "input_text", "text": "two"}]
    ids = [items.create(shape(type="message", role="user", content=both), None)[0] for _ in range(300)]
    again, _ = items.create(typed("Only this.", id=ids[0]), None)
    assert items.wire(again)["content"] == [{"type": "input_text", "text": "Only this."}]
