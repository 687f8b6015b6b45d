from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from stts.transcription import KnownSpeaker, Segment, SpeakerWishes, Token, Word
from stts.voices.change_points import Windows
from stts.voices.clustering import unit
from stts.voices.diarisation import Diarisation, letters

SAME, HOP, WIDTH = 0.63, 0.4, 0.8
PEOPLE = np.eye(6, 32, dtype=np.float32)


def windows(start: float, *who: int) -> Windows:
    chance = np.random.default_rng(round(start * 10))
    vectors = PEOPLE[list(who)] + chance.normal(0, 0.05, (len(who), 32))
    return Windows(start, WIDTH + HOP * (len(who) - 1), unit(vectors.astype(np.float32)), WIDTH, HOP)


def said(start: float, seconds: float, words: int = 4, *, timed: bool = True) -> Segment:
    step = seconds / words
    each = [Word(f"w{number}", start + number * step, start + (number + 0.9) * step) for number in range(words)]
    return Segment(" ".join(word.text for word in each), start, start + seconds, tuple(each) if timed else (), "en")


def turns(*who: int, wishes: SpeakerWishes | None = None, timed: bool = True) -> Iterator[Segment]:
    """Turns of 3.6 s, each a region of its own."""
    diarisation = Diarisation(wishes or SpeakerWishes(), SAME, known(wishes))
    for number, person in enumerate(who):
        heard = windows(number * 4.0, *[person] * 8)
        yield from diarisation.add(heard, [said(heard.start, heard.seconds, timed=timed)])
    yield from diarisation.finish()


def known(wishes: SpeakerWishes | None) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None:
    """The known speakers are the last people."""
    return PEOPLE[[5, 4, 3][: len(wishes.known)]] if wishes and wishes.known else None


@pytest.mark.parametrize("timed", [True, False])
def test_speakers_are_letters_in_the_order_in_which_they_speak(timed: bool) -> None:
    found = list(turns(2, 0, 2, 1, 0, timed=timed))
    assert [segment.speaker for segment in found] == ["A", "B", "A", "C", "B"]
    assert [segment.start for segment in found] == [0.0, 4.0, 8.0, 12.0, 16.0]


def test_words_of_one_segment_are_shared_out() -> None:
    diarisation = Diarisation(SpeakerWishes(), SAME)
    heard = windows(0.0, *[0] * 8, *[1] * 8)
    assert list(diarisation.add(heard, [said(0.0, heard.seconds, words=8)])) == []
    one, two = diarisation.finish()
    assert (one.speaker, one.text, two.speaker, two.text) == ("A", "w0 w1 w2 w3", "B", "w4 w5 w6 w7")
    assert one.end <= two.start == two.words[0].start and diarisation.speakers == 2


def test_those_who_are_known_have_their_names() -> None:
    wishes = SpeakerWishes(known=(KnownSpeaker("Ann", b""), KnownSpeaker("A", b"")))
    found = [segment.speaker for segment in turns(0, 5, 1, 4, wishes=wishes)]
    assert found == ["B", "Ann", "C", "A"], "nobody else gets the letter that is somebody's name"


def test_a_known_voice_that_is_not_heard_is_not_told() -> None:
    wishes = SpeakerWishes(known=(KnownSpeaker("Ann", b""),))
    assert {segment.speaker for segment in turns(0, 1, wishes=wishes)} == {"A", "B"}


def test_a_number_of_speakers_that_is_given_decides() -> None:
    assert {each.speaker for each in turns(0, 1, 2, wishes=SpeakerWishes(2, 2))} == {"A", "B"}


def test_early_segments_come_once_enough_was_heard_and_late_voices_are_new_ones() -> None:
    wishes = SpeakerWishes(early=True)
    diarisation = Diarisation(wishes, SAME)
    told: list[list[str | None]] = []
    for number, person in enumerate((0, 1, 0, 1, 0, 1, 2, 0)):
        heard = windows(number * 4.0, *[person] * 8)
        told.append([each.speaker for each in diarisation.add(heard, [said(heard.start, heard.seconds)])])
    assert told == [[], [], [], [], [], ["A", "B", "A", "B", "A", "B"], ["C"], ["A"]]
    assert list(diarisation.finish()) == []


def test_late_voices_are_nobody_new_beyond_the_number_that_is_given() -> None:
    diarisation = Diarisation(SpeakerWishes(2, 2, early=True), SAME)
    told: list[str | None] = []
    for number, person in enumerate((0, 1, 0, 1, 0, 1, 2, 3)):
        heard = windows(number * 4.0, *[person] * 8)
        told += [each.speaker for each in diarisation.add(heard, [said(heard.start, heard.seconds)])]
    assert len(told) == 8 and set(told) == {"A", "B"}


def test_late_short_answers_are_nobody_new() -> None:
    diarisation = Diarisation(SpeakerWishes(early=True), SAME)
    for number in range(6):
        heard = windows(number * 4.0, *[number % 2] * 8)
        list(diarisation.add(heard, [said(heard.start, heard.seconds)]))
    odd = Windows(24.0, 0.8, unit(PEOPLE[[1]] + 0.9 * PEOPLE[[3]] + PEOPLE[[4]]), WIDTH, HOP)
    short = diarisation.add(odd, [said(24.0, 0.8, words=1)])
    assert [each.speaker for each in short] == ["B"]


def test_a_part_of_a_segment_has_no_tokens_of_the_others() -> None:
    diarisation = Diarisation(SpeakerWishes(), SAME)
    heard = windows(0.0, *[0] * 8, *[1] * 8)
    whole = replace(said(0.0, heard.seconds, words=8), tokens=(1, 2), likely=(Token(" w0", -0.1, b" w0"),))
    list(diarisation.add(heard, [whole]))
    assert [(each.tokens, each.likely) for each in diarisation.finish()] == [((), ())] * 2


def test_short_answers_are_nobody_new() -> None:
    diarisation = Diarisation(SpeakerWishes(), SAME)
    for start, who in ((0.0, [0] * 8), (4.0, [1] * 8)):
        heard = windows(start, *who)
        list(diarisation.add(heard, [said(start, heard.seconds)]))
    odd = Windows(8.0, 0.8, unit(PEOPLE[[1]] + 0.9 * PEOPLE[[3]]), WIDTH, HOP)
    list(diarisation.add(odd, [said(8.0, 0.8, words=1)]))
    assert [each.speaker for each in diarisation.finish()] == ["A", "B", "B"]


def test_where_nobody_speaks_nothing_is_told() -> None:
    diarisation = Diarisation(SpeakerWishes(), SAME, PEOPLE[:1])
    assert list(diarisation.finish()) == [] and diarisation.speakers == 0


def test_letters_go_on() -> None:
    assert list(islice(letters(), 28))[24:] == ["Y", "Z", "AA", "AB"]
