from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engines.registry import Registry
from engines.vad.silero import SileroEngine
from stts.engine_api import Samples
from stts.vad.endpointing import FRAME_SECONDS, Endpoint, Endpointer, Signal
from stts.vad.rules import TurnRules
from tests.engines.contract import no_progress
from tests.engines.speech import DATA, person, read

RULES = TurnRules(onset=0.064, min_speech=0.16, confirm=0.448, pause=0.16, silence=0.512, longest=20)
SPEECH, SILENCE, TAIL = (0.9, -20.0), (0.01, -70.0), (0.9, -70.0)
"""Shapes of frames; the tail is silence that the network still calls speech."""
Frames = list[tuple[float, float]]


def push(endpointer: Endpointer, frames: Iterable[tuple[float, float]], *, over: bool = False) -> list[Signal]:
    return [signal for frame in frames for signal in endpointer.push(*frame, over=over)]


def told(signals: Iterable[Signal]) -> list[tuple[str, int]]:
    """Kinds, and the frame each speaks of."""
    return [(signal.kind.value, round(signal.at / FRAME_SECONDS)) for signal in signals]


def test_a_turn_from_its_first_frame_to_its_last() -> None:
    endpointer = Endpointer(RULES)
    heard = push(endpointer, [SILENCE] * 10 + [SPEECH] * 20 + [SILENCE] * 20)
    assert told(heard) == [("onset", 10), ("confirmed", 10), ("paused", 30), ("ended", 30)]


def test_each_signal_comes_as_soon_as_it_can() -> None:
    endpointer = Endpointer(RULES)
    when = [
        (number, kind)
        for number, frame in enumerate([SPEECH] * 20 + [SILENCE] * 20, 1)
        for kind, _ in told(endpointer.push(*frame))
    ]
    assert when == [(2, "onset"), (5, "confirmed"), (25, "paused"), (36, "ended")]


def test_what_it_is_in_the_meantime() -> None:
    endpointer = Endpointer(RULES)
    push(endpointer, [SPEECH] * 2)
    assert endpointer.candidate and not endpointer.speaking
    push(endpointer, [SPEECH] * 3 + [SILENCE] * 6)
    assert endpointer.speaking and not endpointer.candidate
    push(endpointer, [SILENCE] * 10)
    assert not endpointer.speaking and not endpointer.candidate


def test_speech_goes_on_below_the_threshold_at_which_it_begins() -> None:
    unsure = (0.4, -20.0)
    assert not push(Endpointer(RULES), [unsure] * 50)
    assert told(push(Endpointer(RULES), [SPEECH] + [unsure] * 9)) == [("onset", 0), ("confirmed", 0)]


def test_a_short_sound_is_a_false_alarm() -> None:
    assert told(push(Endpointer(RULES), [SPEECH] * 3 + [SILENCE] * 20)) == [("onset", 0), ("false_alarm", 3)]
    assert not push(Endpointer(RULES), ([SPEECH] + [SILENCE] * 20) * 20), "clicks far from each other"


def test_short_gaps_in_an_onset_are_bridged() -> None:
    stammer = ([SPEECH] * 2 + [SILENCE] * 3) * 3
    assert told(push(Endpointer(RULES), stammer))[:2] == [("onset", 0), ("confirmed", 0)]


def test_it_takes_more_to_interrupt() -> None:
    over = push(Endpointer(RULES), [SPEECH] * 13 + [SILENCE] * 20, over=True)
    assert told(over) == [("onset", 0), ("false_alarm", 13)]
    assert told(push(Endpointer(RULES), [SPEECH] * 14, over=True)) == [("onset", 0), ("confirmed", 0)]


def test_words_confirm() -> None:
    endpointer = Endpointer(RULES)
    assert endpointer.confirm() == ()
    push(endpointer, [SPEECH] * 2, over=True)
    assert told(endpointer.confirm()) == [("confirmed", 0)]
    assert endpointer.confirm() == ()


def test_what_is_far_quieter_than_the_speech_before_it_is_silence_whatever_the_network_says() -> None:
    heard = push(Endpointer(RULES), [SPEECH] * 20 + [TAIL] * 6 + [SILENCE] * 10)
    assert told(heard)[2:] == [("paused", 20), ("ended", 20)]


def test_a_quieter_voice_is_speech_again_before_long() -> None:
    shout, voice = (0.9, -5.0), (0.9, -36.0)
    assert told(push(Endpointer(RULES), [shout] * 2 + [SILENCE] * 30 + [voice] * 10))[2][0] == "onset"


def test_what_nobody_can_hear_is_silence() -> None:
    assert not push(Endpointer(RULES), [(1.0, -81.0)] * 50 + [(1.0, -np.inf)] * 50)


def test_a_pause_and_going_on() -> None:
    heard = push(Endpointer(RULES), [SPEECH] * 10 + [SILENCE] * 8 + [SPEECH] * 10 + [SILENCE] * 16)
    assert told(heard)[2:] == [("paused", 10), ("resumed", 18), ("paused", 28), ("ended", 28)]


def test_a_click_does_not_prolong_a_pause() -> None:
    heard = push(Endpointer(RULES), [SPEECH] * 10 + [SILENCE] * 8 + [SPEECH] + [SILENCE] * 7)
    assert told(heard)[2:] == [("paused", 10), ("ended", 10)]


def test_a_turn_does_not_end_in_the_first_frame_of_going_on() -> None:
    heard = push(Endpointer(RULES), [SPEECH] * 10 + [SILENCE] * 15 + [SPEECH] * 2)
    assert told(heard)[2:] == [("paused", 10), ("resumed", 25)]


def test_holding_prolongs_one_pause() -> None:
    endpointer = Endpointer(RULES)
    push(endpointer, [SPEECH] * 10 + [SILENCE] * 6)
    endpointer.hold(FRAME_SECONDS * 40)
    assert not push(endpointer, [SILENCE] * 33)
    assert told(push(endpointer, [SPEECH] * 2 + [SILENCE] * 16)) == [("resumed", 49), ("paused", 51), ("ended", 51)]


def test_holding_where_nothing_pauses_is_nothing() -> None:
    endpointer = Endpointer(RULES)
    push(endpointer, [SPEECH] * 10)
    endpointer.hold(5.0)
    assert told(push(endpointer, [SILENCE] * 16)) == [("paused", 10), ("ended", 10)]


def test_ending_by_order() -> None:
    endpointer = Endpointer(RULES)
    assert endpointer.end() == ()
    push(endpointer, [SPEECH] * 10 + [SILENCE] * 2)
    assert told(endpointer.end()) == [("ended", 10)]
    assert endpointer.end() == ()
    assert told(push(endpointer, [SPEECH] * 2)) == [("onset", 12)]


def test_a_turn_that_is_too_long_is_ended_and_the_next_begins() -> None:
    endpointer = Endpointer(replace(RULES, longest=FRAME_SECONDS * 100))
    heard = told(push(endpointer, [SPEECH] * 110))
    assert heard == [("onset", 0), ("confirmed", 0), ("ended", 100), ("onset", 100), ("confirmed", 100)]


def test_rules_change_while_it_listens() -> None:
    endpointer = Endpointer(RULES)
    push(endpointer, [SPEECH] * 10 + [SILENCE] * 6)
    endpointer.rules = replace(RULES, silence=1.024)
    assert not push(endpointer, [SILENCE] * 25)
    assert told(push(endpointer, [SILENCE])) == [("ended", 10)]


def test_reset_forgets_all_but_the_time() -> None:
    endpointer = Endpointer(RULES)
    push(endpointer, [SPEECH] * 10)
    endpointer.reset()
    assert not endpointer.speaking and not endpointer.candidate
    assert told(push(endpointer, [SPEECH] * 2)) == [("onset", 10)]


FOLLOWS = {
    None: {Endpoint.ONSET},
    Endpoint.ONSET: {Endpoint.CONFIRMED, Endpoint.FALSE_ALARM},
    Endpoint.FALSE_ALARM: {Endpoint.ONSET},
    Endpoint.CONFIRMED: {Endpoint.PAUSED, Endpoint.ENDED},
    Endpoint.PAUSED: {Endpoint.RESUMED, Endpoint.ENDED},
    Endpoint.RESUMED: {Endpoint.PAUSED, Endpoint.ENDED},
    Endpoint.ENDED: {Endpoint.ONSET},
}
seconds = st.floats(0.01, 2.0)
rules = st.builds(
    TurnRules,
    threshold=st.floats(0.05, 0.95),
    onset=seconds,
    min_speech=seconds,
    confirm=seconds,
    pause=seconds,
    silence=seconds,
    longest=st.floats(0.5, 5.0),
)
strange = st.sampled_from([float("nan"), float("inf"), -float("inf")])
frame = st.tuples(st.floats(0, 1) | strange, st.floats(-120, 0) | strange, st.booleans())
stretch = st.tuples(st.just("push"), frame, st.integers(1, 40))
order = st.tuples(st.sampled_from(["confirm", "end", "hold"]), st.just(None), st.just(1))


@given(st.lists(stretch | stretch | order | st.tuples(st.just("rules"), rules, st.just(1)), max_size=60))
def test_whatever_is_heard_and_ordered_signals_keep_their_order(doings: list[tuple[str, object, int]]) -> None:
    endpointer, last = Endpointer(RULES), None
    since = position = 0.0
    for doing, value, times in doings:
        for _ in range(times):
            position += FRAME_SECONDS if doing == "push" else 0.0
            for signal in obey(endpointer, doing, value):
                assert signal.kind in FOLLOWS[last]
                assert since <= signal.at < position + FRAME_SECONDS / 2
                last, since = signal.kind, signal.at
            assert endpointer.candidate is (last is Endpoint.ONSET)
            assert endpointer.speaking is (last in (Endpoint.CONFIRMED, Endpoint.PAUSED, Endpoint.RESUMED))


def obey(endpointer: Endpointer, doing: str, value: object) -> tuple[Signal, ...]:
    match doing, value:
        case "push", (float() as probability, float() as level, bool() as over):
            return endpointer.push(probability, level, over=over)
        case "rules", TurnRules():
            endpointer.rules = value
        case "hold", _:
            endpointer.hold(1.0)
        case "confirm", _:
            return endpointer.confirm()
        case "end", _:
            return endpointer.end()
    return ()


@given(rules, st.lists(frame, max_size=60))
def test_silence_ends_whatever_there_was(rules: TurnRules, heard: list[tuple[float, float, bool]]) -> None:
    assume(rules.threshold > 0.2)
    endpointer = Endpointer(rules)
    for probability, level, over in heard:
        endpointer.push(probability, level, over=over)
    push(endpointer, [SILENCE] * round(5.0 / FRAME_SECONDS))
    assert not endpointer.speaking and not endpointer.candidate


@pytest.fixture(scope="module")
def vad() -> SileroEngine:
    engine = Registry().create("silero")
    assert isinstance(engine, SileroEngine)
    engine.load(no_progress)
    return engine


def frames_of(vad: SileroEngine, samples: Samples) -> Frames:
    """As the network and a level meter see them."""
    state, frames = vad.new_state()[None], []
    for start in range(0, len(samples) - 511, 512):
        piece = samples[start : start + 512]
        (probability,), state = vad.probabilities(piece[None], state)
        rms = np.sqrt(np.mean(np.square(piece, dtype=np.float64)))
        frames.append((float(probability), 20 * float(np.log10(rms + 1e-10))))
    return frames


def loud_part(samples: Samples) -> tuple[float, float]:
    """Seconds at which a recording's sound begins and ends: within 40 dB of its loudest 5 ms."""
    powers = np.mean(np.square(samples[: len(samples) // 80 * 80].reshape(-1, 80)), axis=1)
    loud = np.flatnonzero(powers > powers.max() * 1e-4)
    return loud[0] * 0.005, (loud[-1] + 1) * 0.005


@pytest.mark.parametrize("name", ["kitchen.flac", "weather.flac"])
@pytest.mark.parametrize("noise", [0.0, 0.001, 0.003])
def test_real_speech_is_one_turn_and_its_end_is_that_of_the_sound(vad: SileroEngine, name: str, noise: float) -> None:
    speech = read(DATA / name)
    begins, ends = loud_part(speech)
    samples = np.concatenate((speech, np.zeros(32_000, np.float32)))
    samples += np.random.default_rng(5).normal(0, noise, len(samples)).astype(np.float32)
    endpointer, when = Endpointer(TurnRules()), {}
    for number, frame in enumerate(frames_of(vad, samples), 1):
        for signal in endpointer.push(*frame):
            assert signal.kind not in when, "once"
            when[signal.kind] = number * FRAME_SECONDS
    assert when[Endpoint.ONSET] - begins < 0.15
    assert when[Endpoint.ENDED] - ends < TurnRules().silence + 0.1


def test_a_person_who_reads_is_heard_in_sentences(vad: SileroEngine) -> None:
    heard = push(Endpointer(TurnRules()), frames_of(vad, read(person())))
    assert 4 <= sum(signal.kind is Endpoint.ENDED for signal in heard) <= 8


@pytest.mark.parametrize("seconds", [0.06, 0.2])
@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_a_voiced_cough_over_a_reply_is_a_false_alarm(vad: SileroEngine, seconds: float, noise: float) -> None:
    """The middle of a vowel, which to the network is speech."""
    speech = read(DATA / "weather.flac")
    loudest = int(np.argmax(np.convolve(np.square(speech), np.ones(3200), mode="same")))
    cough = speech[loudest - int(seconds * 8_000) : loudest + int(seconds * 8_000)]
    samples = np.concatenate((np.zeros(16_100, np.float32), cough, np.zeros(16_000, np.float32)))
    samples += np.random.default_rng(5).normal(0, noise, len(samples)).astype(np.float32)
    heard = push(Endpointer(TurnRules()), frames_of(vad, samples), over=True)
    assert [signal.kind for signal in heard] == [Endpoint.ONSET, Endpoint.FALSE_ALARM]
