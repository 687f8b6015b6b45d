from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stts.text.cues import CONJUNCTIONS, Cue, CueRules, cues
from stts.text.units import columns
from stts.transcription import Segment, Word

RULES = CueRules()
FLUENT = (
    "the quick brown fox jumps over the lazy dog and then it runs away because the dog is not as lazy as it seems but "
    "the fox which is rather quick does not care about that at all and goes on to the next farm where there are "
    "chickens and nobody knows why, says the farmer, who has seen it all before."
)
CHINESE = "今天天气很好，我们去公园散步吧。因为昨天下雨，所以没有去成，大家都觉得很可惜，但是今天终于可以出门了！"
THAI = "วันนี้อากาศดีมากเราไปเดินเล่นที่สวนสาธารณะกันเถอะเพราะเมื่อวานฝนตกเลยไม่ได้ไปทุกคนเสียดายมาก"


def spoken(text: str, start: float = 0.0, pace: float = 0.33, language: str = "en") -> Segment:
    words = tuple(
        Word(word, start + number * pace, start + number * pace + 0.9 * pace)
        for number, word in enumerate(text.split())
    )
    return Segment(text, start, words[-1].end, words, language)


def told(segment: Segment) -> Segment:
    """The same from an engine without word times."""
    return Segment(segment.text, segment.start, segment.end, (), segment.language)


def flat(made: list[Cue]) -> str:
    return "".join("".join(cue.lines) for cue in made).replace(" ", "")


def texts(made: list[Cue]) -> list[str]:
    return [" ".join(cue.lines) for cue in made]


def check(made: list[Cue], rules: CueRules = RULES) -> None:
    for cue in made:
        assert 0 <= cue.start < cue.end
        assert 1 <= len(cue.lines) <= rules.line_count
        assert all(line == line.strip() and line for line in cue.lines)
        assert all(columns(line) <= rules.line_width for line in cue.lines)
        assert cue.end - cue.start <= rules.max_seconds * 1000
    assert all(one.end <= two.start for one, two in pairwise(made))


@pytest.mark.parametrize("segment", [spoken(FLUENT), told(spoken(FLUENT))], ids=["word times", "none"])
def test_where_nobody_pauses_cues_end_at_clauses(segment: Segment) -> None:
    made = cues([segment], RULES, 30.0)
    check(made)
    assert 4 <= len(made) <= 6
    for before, after in pairwise(texts(made)):
        assert before.endswith(",") or after.split()[0] in CONJUNCTIONS["en"]


def test_cues_stand_where_their_words_are_said() -> None:
    made = cues([spoken(FLUENT, start=100.0)], RULES, 200.0)
    said = [word.start for word in spoken(FLUENT, start=100.0).words]
    firsts = [sum(len(text.split()) for text in texts(made)[:number]) for number in range(len(made))]
    assert [cue.start for cue in made] == [round(said[first] * 1000) for first in firsts]


def test_sentences_are_kept_apart_rather_than_cut() -> None:
    made = cues([spoken("It rained all day and we stayed at home with our books. " * 3)], RULES, 60.0)
    check(made)
    assert all(text.endswith(".") for text in texts(made))


def test_no_cue_goes_on_over_a_long_pause() -> None:
    words = (Word("Yes.", 0.0, 0.4), Word("No.", 4.0, 4.4))
    made = cues([Segment("Yes. No.", 0.0, 4.4, words, "en")], RULES, 10.0)
    assert [(cue.start, cue.lines) for cue in made] == [(0, ("Yes.",)), (4000, ("No.",))]


def test_a_pause_is_as_good_as_a_comma() -> None:
    text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    words = [Word(word, 0.3 * number, 0.3 * number + 0.3) for number, word in enumerate(text.split())]
    late = [Word(word.text, word.start + 0.4, word.end + 0.4) for word in words[9:]]
    made = cues([Segment(text, 0.0, 6.0, (*words[:9], *late), "en")], RULES, 10.0)
    assert texts(made)[0].endswith("nine")


def test_a_cue_stays_until_it_is_read_where_there_is_time() -> None:
    quick = spoken("This was said far too quickly for anybody to read it.", pace=0.05)
    (alone,) = cues([quick], RULES, 20.0)
    assert alone.end == pytest.approx(1000 * len(quick.text) / RULES.reading_speed, abs=2)
    first, second = cues([quick, spoken("Next.", start=1.0)], RULES, 20.0)
    assert first.end == second.start == 1000
    assert second.end == 2000, "the shortest time for which a cue is shown"
    (at_the_end,) = cues([quick], RULES, 0.7)
    assert at_the_end.end == 700


@pytest.mark.parametrize(
    ("text", "language"), [(CHINESE, "zh"), (THAI, "th"), (CHINESE * 4, "ja")], ids=["Chinese", "Thai", "long"]
)
def test_scripts_without_spaces_are_cut_between_characters(text: str, language: str) -> None:
    made = cues([Segment(text, 0.0, 0.2 * len(text), (), language)], RULES, 100.0)
    check(made)
    assert flat(made) == text
    lines = [line for cue in made for line in cue.lines]
    assert not any(unicodedata.category(line[0])[0] in "PM" for line in lines)
    assert len(lines) < len(text) / 4


def test_wide_characters_count_twice() -> None:
    made = cues([Segment("漢" * 100, 0.0, 20.0, (), "ja")], RULES, 100.0)
    assert max(len(line) for cue in made for line in cue.lines) <= 21


def test_words_that_an_engine_tells_in_parts_are_not_parted() -> None:
    words = tuple(
        Word(text, number * 0.2, number * 0.2 + 0.2)
        for number, text in enumerate((" Don", "'t", " go", ",", " now", "."))
    )
    (cue,) = cues([Segment("Don't go, now.", 0.0, 1.2, words, "en")], CueRules(words_per_line=1, line_count=3), 5.0)
    assert cue.lines == ("Don't", "go,", "now.")


def test_word_times_that_do_not_make_up_the_text_are_not_used() -> None:
    words = (Word("something", 0.0, 0.1), Word("else", 0.1, 0.2))
    (cue,) = cues([Segment("What was said.", 3.0, 4.0, words, "en")], RULES, 10.0)
    assert (cue.start, cue.lines) == (3000, ("What was said.",))


def test_what_is_longer_than_a_line_is_cut() -> None:
    made = cues([Segment("see https://example.org/" + "x" * 200, 0.0, 5.0, (), "en")], RULES, 10.0)
    check(made)
    assert flat(made) == "seehttps://example.org/" + "x" * 200


def test_a_short_text_in_a_long_segment_is_one_cue() -> None:
    (cue,) = cues([Segment("Hello world.", 2.0, 30.0, (), "en")], RULES, 40.0)
    assert cue.start == 2000


def test_the_rules_are_kept() -> None:
    rules = CueRules(line_width=20, line_count=3, max_seconds=2.0, words_per_line=2)
    made = cues([spoken(FLUENT)], rules, 40.0)
    check(made, rules)
    assert all(len(line.split()) <= 2 for cue in made for line in cue.lines)


def test_nothing_said_is_no_cue() -> None:
    assert cues([], RULES, 5.0) == []
    assert cues([Segment("  ", 0.0, 1.0)], RULES, 5.0) == []


TIMES = st.floats(0, 500, allow_nan=False)
WORDS = st.lists(
    st.sampled_from(["a", "because", "fox,", "end.", "世界", "。", "ไทย", "x" * 60, "—", "é", "«so»"]), max_size=40
)


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    """With times as engines tell them at their worst: zero long, falling, beyond the end."""
    texts = draw(WORDS)
    start, end = draw(TIMES), draw(TIMES)
    timed = draw(st.booleans())
    words = tuple(Word(text, draw(TIMES), draw(TIMES)) for text in texts) if timed else ()
    return Segment(" ".join(texts), start, end, words, draw(st.sampled_from(["en", "de", "zh", None])))


@settings(max_examples=60, deadline=None)
@given(
    spoken=st.lists(segments(), max_size=5),
    rules=st.builds(
        CueRules,
        line_width=st.integers(10, 60),
        line_count=st.integers(1, 4),
        max_seconds=st.floats(1, 10),
        reading_speed=st.floats(5, 100),
        words_per_line=st.none() | st.integers(1, 9),
    ),
    duration=TIMES,
)
def test_any_words_at_any_times_are_whole_in_cues_that_never_overlap(
    spoken: list[Segment], rules: CueRules, duration: float
) -> None:
    made = cues(spoken, rules, duration)
    check(made, rules)
    assert flat(made) == "".join("".join(segment.text.split()) for segment in spoken)
