from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.chat import Message, ToolCall
from stts.conversation.history import History, Item, Spoken, Status
from stts.errors import Conflict, NotFound


def item(id: str, text: str = "hello", role: str = "user", status: Status = "completed") -> Item:
    match role:
        case "system" | "user" | "assistant":
            return Item(id, Message(role, text), status)
    raise ValueError(role)


def ids(history: History) -> list[str]:
    return [one.id for one in history.items]


def full(*names: str, max_messages: int = 100, max_characters: int = 1000) -> History:
    history = History(max_messages, max_characters)
    for name in names:
        history.append(item(name))
    return history


def test_items_keep_their_order() -> None:
    history = full("a", "b", "c")
    assert ids(history) == ["a", "b", "c"]
    assert history.get("b") == item("b") and history.get("x") is None


def test_items_are_put_in_between() -> None:
    history = full("a", "b")
    history.insert(item("first"), None)
    history.insert(item("between"), "a")
    history.insert(item("end"), "b")
    assert ids(history) == ["first", "a", "between", "b", "end"]


def test_an_id_is_used_once_and_an_unknown_one_is_refused() -> None:
    history = full("a")
    with pytest.raises(Conflict):
        history.append(item("a"))
    with pytest.raises(Conflict):
        history.insert(item("a"), None)
    unknown: list[Callable[[], None]] = [
        lambda: history.insert(item("b"), "x"),
        lambda: history.delete("x"),
        lambda: history.replace("x", Message("user", ""), "completed"),
    ]
    for refused in unknown:
        with pytest.raises(NotFound):
            refused()
    assert ids(history) == ["a"]


def test_an_item_changes_in_its_place() -> None:
    history = full("a", "b", "c")
    history.replace("b", Message("user", "other"), "incomplete")
    history.delete("a")
    assert history.items == (Item("b", Message("user", "other"), "incomplete"), item("c"))


def test_the_oldest_go_first_and_instructions_stay() -> None:
    history = History(3, 1000)
    history.append(item("rules", role="system"))
    for name in "abcd":
        history.append(item(name))
    assert ids(history) == ["rules", "c", "d"]


def test_instructions_alone_are_bounded_too() -> None:
    history = History(3, 1000)
    for name in "abcde":
        history.append(item(name, role="system"))
    assert ids(history) == ["c", "d", "e"]


def test_characters_are_bounded_also_when_an_item_grows() -> None:
    history = full("a", "b", "c", max_characters=16)
    history.replace("c", Message("user", "a longer text"), "completed")
    assert ids(history) == ["c"]
    history.append(item("d", "much too long for all the room there is"))
    assert ids(history) == ["d"], "the newest stays, whatever its length"


def test_one_message_may_push_out_all_of_a_long_history() -> None:
    history = History(10_000, 100_000)
    history.append(Item("rule", Message("system", "Be kind.")))
    for number in range(9998):
        history.append(Item(f"{number}", Message("user", "hi")))
    history.append(Item("long", Message("user", "x" * 99_992)))
    assert [item.id for item in history.items] == ["rule", "long"]


def test_outputs_go_with_the_call_they_answer() -> None:
    history = History(3, 1000)
    history.append(Item("call", Message("assistant", "", (ToolCall("1", "time", "{}"),))))
    history.append(Item("output", Message("tool", "noon", call_id="1")))
    history.append(item("a"))
    history.append(item("b"))
    assert ids(history) == ["a", "b"]


def test_what_has_nothing_to_say_is_left_out_of_the_messages() -> None:
    call = Message("assistant", "", (ToolCall("1", "time", "{}"),))
    output = Message("tool", "", call_id="1")
    history = History(10, 1000)
    history.append(item("pending", "", status="in_progress"))
    history.append(Item("call", call))
    history.append(Item("output", output))
    history.append(item("blank", " \n", role="assistant"))
    history.append(item("a"))
    assert history.messages() == (call, output, Message("user", "hello"))


names = st.integers(0, 12).map(str)
texts = st.text("ab ", max_size=30)
roles = st.sampled_from(["system", "user", "assistant"])
changes = st.one_of(
    st.tuples(st.just("append"), names, texts, roles),
    st.tuples(st.just("insert"), names, texts, names | st.none()),
    st.tuples(st.just("replace"), names, texts, st.none()),
    st.tuples(st.just("delete"), names, texts, st.none()),
)


@given(st.integers(2, 6), st.integers(5, 60), st.lists(changes, max_size=60))
def test_whatever_is_done_the_bounds_hold(
    max_messages: int, max_characters: int, doings: list[tuple[str, str, str, str | None]]
) -> None:
    history = History(max_messages, max_characters)
    for doing, name, text, more in doings:
        before = history.items
        try:
            change(history, doing, name, text, more)
        except (Conflict, NotFound):
            assert history.items == before, "refused means nothing changed"
        characters = sum(len(one.message.text) for one in history.items)
        assert len(history.items) <= max_messages
        assert characters <= max_characters or len(history.items) == 1
        kept = [one.id for one in before if one.id in ids(history)]
        assert [name for name in ids(history) if name in kept] == kept, "nothing changes places"


def change(history: History, doing: str, name: str, text: str, more: str | None) -> None:
    match doing:
        case "append":
            history.append(item(name, text, more or "user"))
            assert ids(history)[-1] == name
        case "insert":
            history.insert(item(name, text), more)
        case "replace":
            history.replace(name, Message("user", text), "completed")
        case "delete":
            history.delete(name)
            assert history.get(name) is None


def spoken(*pieces: tuple[str, float], block: float = 0.1) -> Spoken:
    """Pieces of so many seconds, in blocks as an engine or a pacer gives them."""
    heard = Spoken()
    for text, seconds in pieces:
        for number in range(round(seconds / block)):
            heard.add(text if number == 0 else "", block)
    return heard


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, ""),
        (0.1, ""),
        (0.5, "Hello"),
        (1.0, "Hello there."),
        (1.5, "Hello there. How"),
        (2.0, "Hello there. How are you?"),
        (9.0, "Hello there. How are you?"),
    ],
)
def test_whole_pieces_and_words_by_proportion(seconds: float, text: str) -> None:
    assert spoken(("Hello there.", 1.0), ("How are you?", 1.0)).heard(seconds) == text


def test_nothing_was_made() -> None:
    assert Spoken().heard(1.0) == ""
    waiting = Spoken()
    waiting.add("Hello", 0.0)
    assert waiting.heard(0.0) == ""


def test_more_of_a_piece_may_be_to_come() -> None:
    """One second of a sentence of three was sent: what was heard of it is a part of the sentence, not of the second."""
    sentence = "one two three four five six seven eight nine"
    assert spoken((sentence, 1.0)).heard(0.9) == "one two three"
    slow = spoken(("Ah.", 3.0), (sentence, 1.0)).heard(3.9)
    assert slow == "Ah.", "one who speaks a character a second has not come to the end of a word"


def test_scripts_without_spaces_are_counted_by_character() -> None:
    pieces = ("こんにちは。", 1.0), ("元気ですか。", 1.0)
    assert spoken(*pieces).heard(1.55) == "こんにちは。元気で"


words = st.lists(st.text("abc", min_size=1, max_size=8), min_size=1, max_size=8).map(" ".join)


@given(st.lists(st.tuples(words, st.floats(0.1, 5.0)), max_size=6), st.lists(st.floats(0, 20), max_size=10))
def test_who_hears_more_has_heard_what_came_before(pieces: list[tuple[str, float]], moments: list[float]) -> None:
    reply, heard = spoken(*pieces), ""
    whole = " ".join(text for text, seconds in pieces if round(seconds / 0.1))
    for moment in sorted(moments):
        more = reply.heard(moment)
        assert more.startswith(heard) and whole.startswith(more)
        assert not more or (whole + " ")[len(more)] == " ", "whole words"
        heard = more
    assert reply.heard(100.0) == whole
