import itertools

import pytest

from stts.engine_api import EngineLimits
from stts.scheduling.chunking import (
    CLAUSE_PAUSE_SECONDS,
    QUANTUM_SECONDS,
    SENTENCE_PAUSE_SECONDS,
    ChunkPlanner,
    pause_after,
    smallest_unit,
)
from stts.text.growing import Unit

LIMITS = EngineLimits(max_characters=300, min_characters=1)


def planner(*, live: bool = True, limits: EngineLimits = LIMITS) -> ChunkPlanner:
    return ChunkPlanner(limits, first_seconds=0.8, growth=1.35, live=live)


def test_the_first_piece_is_short_and_each_next_grows_by_the_factor() -> None:
    plan = planner()
    budgets = []
    for _ in range(6):
        budget = plan.budget(None)
        budgets.append(budget)
        plan.made(budget, budget / 15.0)
    assert budgets[0] == 12
    for shorter, longer in itertools.pairwise(budgets):
        assert shorter < longer <= shorter * 1.35 + 1.35


def test_no_piece_is_longer_than_the_engine_takes_or_shorter_than_it_speaks_well() -> None:
    limits = EngineLimits(max_characters=40, min_characters=25)
    plan = planner(limits=limits)
    assert plan.budget(None) == 25
    for _ in range(20):
        plan.made(25, 2.0)
    assert plan.budget(None) == 40


def test_an_engine_that_streams_gets_sentences_shared_among_those_who_want_it() -> None:
    plan = ChunkPlanner(LIMITS, first_seconds=0.8, growth=1.35, live=True, streaming=True)
    assert [plan.budget(0.1, streams=streams) for streams in (1, 2, 4, 1000)] == [120, 60, 30, 12]
    assert plan.budget(0.001) == 300


def test_a_fast_engine_gets_what_it_makes_within_one_quantum() -> None:
    assert planner().budget(0.001) == 300
    speech = QUANTUM_SECONDS / 0.01
    assert planner().budget(0.01) == int(speech * 15)


def test_a_slow_engine_keeps_to_the_schedule() -> None:
    assert planner().budget(0.7) == planner().budget(None)


def test_collected_answers_need_no_short_first_piece() -> None:
    assert planner(live=False).budget(None) == 300


def test_the_pace_of_the_voice_is_learnt() -> None:
    plan = planner()
    plan.made(30, 3.0)
    assert plan.characters_per_second == 10.0
    assert plan.budget(None) == int(0.8 * 1.35 * 10.0)


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        ("It is done.", SENTENCE_PAUSE_SECONDS),
        ("“Is it?”", SENTENCE_PAUSE_SECONDS),
        ("完了。」", SENTENCE_PAUSE_SECONDS),
        ("when it rains,", CLAUSE_PAUSE_SECONDS),
        ("in the middle", 0.0),
        ("", 0.0),
    ],
)
def test_the_pause_is_what_the_mark_asks_for(text: str, pause: float) -> None:
    assert pause_after(text) == pause


def test_a_piece_leaves_time_for_as_long_a_piece_of_everybody_else() -> None:
    plan = planner()
    for _ in range(8):
        plan.made(30, 2.0)
    unhurried = plan.budget(0.04)
    assert plan.budget(0.04, spare=1.0, streams=16) == int(1.0 / (0.04 * 16) * 15) < unhurried
    assert plan.budget(0.04, spare=30.0, streams=16) == unhurried


def test_a_piece_is_never_cut_shorter_than_the_first_for_want_of_time() -> None:
    assert planner().budget(0.04, spare=-1.0, streams=16) == 12


def test_while_nothing_is_heard_a_few_words_are_spoken_alone() -> None:
    assert smallest_unit(None, None) == (Unit.WORDS, None)
    assert smallest_unit(0.0, 0.01) == (Unit.WORDS, None)
    assert smallest_unit(-60.0, None) == (Unit.WORDS, None)


def test_with_audio_in_hand_there_is_time_for_sentences() -> None:
    unit, seconds = smallest_unit(5.0, None)
    assert unit is Unit.SENTENCE
    assert seconds is not None
    assert smallest_unit(5.0 - seconds, None)[0] is Unit.CLAUSE


def test_a_slow_engine_begins_earlier() -> None:
    assert smallest_unit(2.0, 0.01)[0] is Unit.SENTENCE
    assert smallest_unit(2.0, 0.5)[0] is Unit.CLAUSE
    assert smallest_unit(2.0, 2.0)[0] is Unit.WORDS
