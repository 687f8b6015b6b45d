"""Messages are spoken as a person would read them out."""

from __future__ import annotations

import pytest

from clients.discord.platform import Kind
from clients.discord.spoken import spoken


def name(kind: Kind, number: int) -> str | None:
    return {("person", 7): "Anna_*Bell*", ("role", 8): "Crew", ("channel", 9): "harbour"}.get((kind, number))


def said(text: str) -> str:
    return " ".join(spoken(text, name, lambda key: key.upper()).split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello <@7>, <@!7>!", "Hello Anna Bell, Anna Bell!"),
        ("<@&8> meets in <#9> with <@5>", "Crew meets in harbour with PERSON"),
        ("nice <:pepe_laugh:123> <a:PartyTime:4>", "nice pepe laugh Party Time"),
        ("see https://example.com/a?b=c_d.", "see LINK."),
        ("(https://example.com/x) and <https://example.com>!", "(LINK) and LINK!"),
        ("[the plan](https://example.com/a_(b)) and www.example.com", "the plan and LINK"),
        ("it was ||the butler|| again", "it was SPOILER again"),
        ("```py\nprint(1)\n<@7>\n```so", "CODE. so"),
        ("run `ls -l` now", "run ls -l now"),
        ("run ``" + "x" * 60 + "`` now", "run CODE now"),
        ("use </play song:11> in <id:browse>", "use play song in CHANNEL"),
        ("<t:0:D> at <t:3600:t>, <t:86399>", "1970-01-01 at 01:00 UTC, 1970-01-01, 23:59 UTC"),
        ("<t:999999999999999:F>far", "far"),
        (">>> quoted\n> more\n-# small", "quoted more small"),
        ("nooooooo!!!!!! 1000000", "nooo! 1000000"),
        ("wait......", "wait..."),
        ("😂😂😂😂😂", "😂"),
        ("<:ha:1> <:ha:1> <:ha:1> <:ha:1>", "ha"),
        ("2 < 3 and a_b", "2 < 3 and a_b"),
        ("سلام <@7>", "سلام Anna Bell"),
    ],
)
def test_it_is_read_as_a_person_would(text: str, words: str) -> None:
    assert said(text) == words


def test_attachments_are_named_once_each() -> None:
    assert spoken("look", name, str, ("image", "image", "file")) == "look, image, file"
    assert spoken("", name, str, ("recording",)) == "recording"


@pytest.mark.parametrize("piece", ["||", "`", "[", "<", "<@", "<t:", "https://", "a ", "](", "> ", "```"])
def test_hostile_texts_take_no_time(piece: str) -> None:
    """Discord's longest text of one mark is read: a pattern that backtracks would be stopped by the suite's limit."""
    spoken(piece * (4000 // len(piece)), name, str)
