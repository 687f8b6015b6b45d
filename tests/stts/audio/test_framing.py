import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stts.audio.framing import LONGEST_SILENCE_SECONDS, PRE_ROLL_SECONDS, ChunkFramer, EdgeFader, SilenceTrimmer
from tests.stts.audio.signals import blocks, silence, split, tone

RATE = 16_000
SOUND = np.full(RATE // 2, 0.5, np.float32)


def framed(pieces: list[np.ndarray], pause: float = 0.25, *, trim_silence: bool = False) -> np.ndarray:
    framer = ChunkFramer(RATE, trim_silence=trim_silence)
    return np.concatenate([part for piece in pieces for part in (framer.push(piece), framer.end_piece(pause))])


def silences(samples: np.ndarray) -> list[float]:
    """Seconds of silence before, between and after the sounds."""
    sound = np.flatnonzero(np.abs(samples) > 0.003)
    edges = np.flatnonzero(np.diff(sound) > RATE // 100)
    between = [(sound[edge + 1] - sound[edge] - 1) / RATE for edge in edges]
    return [sound[0] / RATE, *between, (len(samples) - 1 - sound[-1]) / RATE]


def piece(lead: float, tail: float) -> np.ndarray:
    return np.concatenate([silence(lead, RATE), SOUND, silence(tail, RATE)])


def test_the_first_sound_comes_after_the_pre_roll() -> None:
    assert silences(framed([piece(0.4, 0.0)]))[0] == pytest.approx(PRE_ROLL_SECONDS, abs=0.001)


def test_a_sound_at_once_is_not_moved() -> None:
    assert len(framed([SOUND])) == len(SOUND)


@pytest.mark.parametrize("pause", [0.12, 0.25, 0.6])
def test_over_long_silence_between_pieces_becomes_the_pause(pause: float) -> None:
    before, between, after = silences(framed([piece(0.3, 0.9), piece(0.9, 0.9)], pause))
    assert before == pytest.approx(PRE_ROLL_SECONDS, abs=0.001)
    assert between == pytest.approx(pause, abs=0.001)
    assert after == pytest.approx(pause - PRE_ROLL_SECONDS, abs=0.001)


def test_a_short_silence_between_pieces_is_kept() -> None:
    assert silences(framed([piece(0.0, 0.05), piece(0.06, 0.0)]))[1] == pytest.approx(0.11, abs=0.001)


def test_what_the_tail_leaves_of_the_pause_the_next_lead_may_use() -> None:
    assert silences(framed([piece(0.0, 0.0), piece(0.9, 0.0)]))[1] == pytest.approx(0.25, abs=0.001)


def test_silence_within_a_piece_is_not_touched() -> None:
    inner = np.concatenate([SOUND, silence(1.5, RATE), SOUND])
    np.testing.assert_array_equal(framed([inner])[200:-200], inner[200:-200])


def test_an_engine_that_ran_wild_is_bounded() -> None:
    trimmer = SilenceTrimmer(RATE)
    trimmer.push(SOUND)
    out = sum(len(trimmer.push(silence(1.0, RATE))) for _ in range(60))
    out += len(trimmer.push(SOUND)) - len(SOUND)
    assert out <= (LONGEST_SILENCE_SECONDS + 0.1) * RATE


def test_a_silent_piece_adds_nothing() -> None:
    assert len(framed([silence(3.0, RATE)])) == 0
    assert len(framed([SOUND, silence(3.0, RATE), SOUND])) <= 2 * len(SOUND) + 0.25 * RATE


def test_trim_silence_leaves_none_at_the_ends_and_the_pause_between() -> None:
    before, between, after = silences(framed([piece(0.3, 0.9), piece(0.9, 0.9)], trim_silence=True))
    assert before == pytest.approx(PRE_ROLL_SECONDS, abs=0.001)
    assert between == pytest.approx(0.25, abs=0.001)
    assert after == pytest.approx(PRE_ROLL_SECONDS, abs=0.001)


def test_silence_after_a_sound_reaches_the_listener_before_the_next_sound_does() -> None:
    framer = ChunkFramer(RATE)
    sent = len(framer.push(SOUND)) + len(framer.push(silence(0.05, RATE)))
    assert sent >= len(SOUND) + 0.04 * RATE


def test_only_a_few_milliseconds_are_held_back() -> None:
    out = ChunkFramer(RATE).push(SOUND[:320])
    assert len(out) >= 320 - 0.010 * RATE


def test_pieces_meet_without_a_click() -> None:
    """A step would be 1.0 high: the two ends have opposite signs."""
    joined = framed([SOUND, -SOUND, SOUND])
    assert len(joined) == 3 * len(SOUND)
    assert np.abs(np.diff(joined)).max() < 0.02


def test_fades_have_equal_power_and_leave_the_middle_alone() -> None:
    fader = EdgeFader(RATE)
    samples = np.ones(1000, np.float32)
    out = np.concatenate([fader.push(samples), fader.end_piece()])
    np.testing.assert_array_equal(out[80:840], samples[80:840])
    np.testing.assert_allclose(out[:80] ** 2 + out[79::-1] ** 2, 1.0, atol=1e-5)
    np.testing.assert_allclose(out[[0, -1]], 0.0, atol=1e-6)


def test_a_piece_shorter_than_its_fades_still_begins_and_ends_at_zero() -> None:
    out = framed([SOUND[:40]])
    assert len(out) == 40
    assert abs(out[0]) < 0.01
    assert abs(out[-1]) < 0.01


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 60_000), max_size=12),
    lead=st.floats(0, 0.6),
    tail=st.floats(0, 0.6),
    trim=st.booleans(),
)
def test_how_a_piece_is_cut_changes_nothing(cuts: list[int], lead: float, tail: float, trim: bool) -> None:
    samples = np.concatenate([silence(lead, RATE), tone(0.2, RATE), silence(0.3, RATE), SOUND, silence(tail, RATE)])
    framer = ChunkFramer(RATE, trim_silence=trim)
    out: list[np.ndarray] = []
    for _ in range(2):
        out += [*(framer.push(part) for part in split(samples, cuts)), framer.end_piece()]
    np.testing.assert_array_equal(np.concatenate(out), framed([samples, samples], trim_silence=trim))


def test_an_engine_may_yield_one_array_again_and_again() -> None:
    """Samples held back of a block are not what the engine writes into its array next."""
    samples = tone(1.0, RATE)
    array, framer, whole = np.zeros(RATE // 10, np.float32), ChunkFramer(RATE), ChunkFramer(RATE)
    parts = []
    for block in blocks(samples, len(array)):
        array[:] = block
        parts.append(framer.push(array).copy())
    again = np.concatenate([*parts, framer.end_piece()])
    np.testing.assert_allclose(again, np.concatenate([whole.push(samples), whole.end_piece()]), atol=1e-7)
