import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stts.audio.encode import Encoder
from stts.audio.formats import FORMATS, audio_output
from stts.audio.speech import NOTHING, SpeechRenderer
from stts.errors import UnsupportedFormat
from stts.speech import AudioChunk, AudioFormat, EffectSettings, SynthesisConfig
from tests.audio import decoded
from tests.patience import PATIENCE
from tests.stts.audio.signals import blocks, frequency_of, heard, rms, silence, split, tone

RATE = 22_050
VOICE = np.concatenate([silence(0.1, RATE), tone(0.8, RATE), silence(0.4, RATE)])


def renderer_of(config: SynthesisConfig, *, speed: float = 1.0) -> SpeechRenderer:
    effects = EffectSettings(speed, config.pitch, config.normalize, config.trim_silence)
    return SpeechRenderer(audio_output(config, RATE), effects, RATE)


def spoken(renderer: SpeechRenderer, pieces: list[np.ndarray], size: int = 441) -> list[AudioChunk]:
    chunks: list[AudioChunk] = []
    for piece in pieces:
        chunks += [renderer.push(block) for block in blocks(piece, size)]
        chunks.append(renderer.end_piece())
    return [*chunks, renderer.finish()]


def joined(chunks: list[AudioChunk]) -> bytes:
    return b"".join(chunk.data for chunk in chunks)


def pcm(config: SynthesisConfig, pieces: list[np.ndarray], *, speed: float = 1.0) -> np.ndarray:
    data = joined(spoken(renderer_of(config, speed=speed), pieces))
    return np.frombuffer(data, "<i2").astype(np.float32) / 32_767


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_chunks_join_to_one_file_and_their_seconds_to_its_length(format: AudioFormat) -> None:
    renderer = renderer_of(SynthesisConfig(format=format))
    chunks = spoken(renderer, [VOICE, VOICE, VOICE])
    expected = 3 * 0.8 + 3 * 0.25
    assert sum(chunk.seconds for chunk in chunks) == pytest.approx(renderer.seconds)
    assert renderer.seconds == pytest.approx(expected, abs=0.01)
    output = audio_output(SynthesisConfig(format=format), RATE)
    assert output.sample_rate in FORMATS[format].sample_rates
    assert output.media_type == FORMATS[format].media_type
    assert renderer.encode_seconds > 0
    if format != "pcm":
        decoded, rate = heard(joined(chunks))
        assert decoded.shape[1] / rate == pytest.approx(expected, abs=0.15)


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_the_first_sound_leaves_while_the_engine_still_speaks(format: AudioFormat) -> None:
    renderer = renderer_of(SynthesisConfig(format=format))
    sent = [renderer.push(block) for block in blocks(tone(0.2, RATE), 441)]
    assert sum(chunk.seconds for chunk in sent) > 0
    if format in ("wav", "pcm"):
        assert sent[0].seconds > 0.005


def test_the_first_chunk_of_a_wav_starts_with_its_header() -> None:
    renderer = renderer_of(SynthesisConfig())
    assert renderer.push(VOICE[:4410]).data.startswith(b"RIFF\xff\xff\xff\xff")
    assert b"RIFF" not in renderer.finish().data


def test_pieces_join_without_a_click() -> None:
    out = pcm(SynthesisConfig(format="pcm"), [np.full(8000, 0.5, np.float32), np.full(8000, -0.5, np.float32)])
    assert np.abs(np.diff(out)).max() < 0.02


def test_a_sentence_cut_in_two_has_no_gap() -> None:
    renderer = renderer_of(SynthesisConfig(format="pcm"))
    data = renderer.push(VOICE).data + renderer.end_piece(0.1).data + renderer.push(VOICE).data
    data += renderer.end_piece(0.1).data + renderer.finish().data
    assert len(data) / 2 / RATE == pytest.approx(2 * (0.8 + 0.1), abs=0.005)


def test_all_wishes_at_once() -> None:
    config = SynthesisConfig(format="pcm", sample_rate=48_000, speed=1.5, pitch=4, normalize=-20, trim_silence=True)
    out = pcm(config, [VOICE, VOICE], speed=1.5)
    assert len(out) / 48_000 == pytest.approx((2 * 0.8 + 0.25 + 0.03) / 1.5, abs=0.01)
    assert frequency_of(out[4800:24_000], 48_000) == pytest.approx(440 * 2 ** (4 / 12), rel=0.03)


def test_only_the_speed_that_is_left_is_applied() -> None:
    assert len(pcm(SynthesisConfig(format="pcm", speed=2.0), [VOICE])) / RATE == pytest.approx(1.05, abs=0.005)


def test_an_engine_too_loud_is_limited_and_a_broken_sample_does_not_silence_the_rest() -> None:
    voice = 4 * tone(1.0, RATE)
    voice[5000] = np.nan
    voice[6000] = np.inf
    out = pcm(SynthesisConfig(format="pcm"), [voice])
    assert np.abs(out).max() <= 10 ** (-1 / 20) + 1e-3
    assert rms(out[-8000:-1000]) > 0.4


def test_stereo_doubles_the_bytes() -> None:
    mono = joined(spoken(renderer_of(SynthesisConfig(format="pcm")), [VOICE]))
    stereo = joined(spoken(renderer_of(SynthesisConfig(format="pcm", channels=2)), [VOICE]))
    pairs = np.frombuffer(stereo, "<i2").reshape(-1, 2)
    np.testing.assert_array_equal(pairs[:, 0], np.frombuffer(mono, "<i2"))
    np.testing.assert_array_equal(pairs[:, 0], pairs[:, 1])


@pytest.mark.parametrize("format", sorted(FORMATS))
@pytest.mark.parametrize("pieces", [[], [silence(1.0, RATE)]])
def test_an_engine_that_says_nothing_makes_a_file_of_hardly_any_silence(
    format: AudioFormat, pieces: list[np.ndarray]
) -> None:
    chunks = spoken(renderer_of(SynthesisConfig(format=format)), pieces)
    assert sum(chunk.seconds for chunk in chunks) == pytest.approx(0.02)
    decoded = np.frombuffer(joined(chunks), "<i2") if format == "pcm" else heard(joined(chunks))[0]
    assert decoded.size
    assert not decoded.any()


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_a_click_faded_away_before_it_is_normalized(format: AudioFormat) -> None:
    click = silence(1.0, RATE)
    click[0] = 0.5
    renderer = renderer_of(SynthesisConfig(format=format, normalize=-16))
    data = renderer.push(click).data + renderer.end_piece().data + renderer.finish().data
    decoded = np.frombuffer(data, "<i2") if format == "pcm" else heard(data)[0]
    assert decoded.size
    assert not decoded.any()


@pytest.mark.parametrize(
    "config",
    [
        SynthesisConfig(format="mp3"),
        SynthesisConfig(format="mp3", normalize=-16),
        SynthesisConfig(format="mp3", pitch=3.0),
        SynthesisConfig(format="mp3", sample_rate=8000),
    ],
)
@pytest.mark.parametrize("fault", [np.nan, np.inf, -np.inf, 1e30, 1e-40])
def test_a_fault_of_the_engine_does_not_outlast_itself(config: SynthesisConfig, fault: float) -> None:
    voice = tone(6.0, RATE)
    voice[5000:5100] = fault
    renderer = renderer_of(config)
    (decoded,), rate = heard(joined(spoken(renderer, [voice])))
    assert np.isfinite(decoded).all()
    assert rms(decoded[-2 * rate : -rate]) > 0.05


def test_a_rate_that_the_format_lacks_is_refused_before_anything_is_spoken() -> None:
    with pytest.raises(UnsupportedFormat):
        renderer_of(SynthesisConfig(format="mp3", sample_rate=96_000))


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 30_000), max_size=10))
def test_how_the_engine_cuts_its_blocks_changes_nothing(cuts: list[int]) -> None:
    renderer = renderer_of(SynthesisConfig(format="pcm"))
    chunks = [*(renderer.push(part) for part in split(VOICE, cuts)), renderer.end_piece(), renderer.finish()]
    out = np.frombuffer(joined(chunks), "<i2").astype(np.float32) / 32_767
    np.testing.assert_allclose(out, pcm(SynthesisConfig(format="pcm"), [VOICE]), atol=1e-4)


def test_loudness_is_of_the_whole_answer_however_many_channels() -> None:
    """Two channels of the same voice are 3 LU louder together, so each is 3 dB quieter."""
    levels = []
    for channels in (1, 2):
        config = SynthesisConfig(format="pcm", normalize=-23, channels=channels)
        renderer = renderer_of(config)
        data = renderer.push(tone(8.0, RATE, frequency=997)).data + renderer.finish().data
        samples = np.frombuffer(data, np.int16).reshape(-1, channels)[RATE:, 0] / 32768
        levels.append(20 * np.log10(rms(samples.astype(np.float32))))
    assert levels[0] - levels[1] == pytest.approx(3.01, abs=0.1)


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_what_a_renderer_has_made_and_nobody_has_sent_comes_first_of_its_successor(format: AudioFormat) -> None:
    first = renderer_of(SynthesisConfig(format=format))
    sent = first.push(VOICE)
    first.sent(sent)
    made = [first.push(VOICE), first.push(VOICE)]
    first.retire()
    assert first.unsent == any(chunk.data for chunk in made)
    assert first.unsent_seconds == pytest.approx(sum(chunk.seconds for chunk in made))
    after = first.successor(EffectSettings(), RATE)
    assert after.unsent_seconds == 0.0, "nothing of its own"
    chunks = [sent, *spoken(after, [VOICE])]
    assert sum(chunk.seconds for chunk in chunks) == pytest.approx(after.seconds)
    samples, rate = decoded(b"".join(chunk.data for chunk in chunks)) if format != "pcm" else (None, RATE)
    if samples is not None:
        assert len(samples) / rate == pytest.approx(after.seconds, abs=0.1)


def test_a_successor_tells_its_own_seconds_from_those_it_hands_on() -> None:
    first = renderer_of(SynthesisConfig(format="pcm"))
    left = first.push(VOICE).seconds
    first.retire()
    after = first.successor(EffectSettings(), RATE)
    chunk = after.push(VOICE)
    own = after.unsent_seconds
    assert 0 < own == pytest.approx(chunk.seconds - left)
    assert after.sent(chunk) == pytest.approx(own)
    assert after.unsent_seconds == 0.0
    again = after.push(VOICE)
    assert after.sent(again) == again.seconds


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_a_file_that_has_ended_is_only_handed_on(format: AudioFormat) -> None:
    first = renderer_of(SynthesisConfig(format=format))
    made = [first.push(VOICE), first.end_piece(), first.finish()]
    first.retire()
    after = first.successor(EffectSettings(), RATE)
    ended = after.finish()
    assert ended.data == b"".join(chunk.data for chunk in made) and ended.header == made[-1].header
    assert ended.seconds == pytest.approx(sum(chunk.seconds for chunk in made))


def test_silence_is_kept_back_until_there_is_a_sound() -> None:
    renderer = renderer_of(SynthesisConfig(format="wav", trim_silence=False))
    silence = np.zeros(RATE // 2, np.float32)
    assert renderer.push(silence) == renderer.end_piece() == NOTHING
    assert not renderer.begun
    chunks = [renderer.push(silence), renderer.push(VOICE), renderer.end_piece(), renderer.finish()]
    assert chunks[0] == NOTHING and renderer.begun
    other = renderer_of(SynthesisConfig(format="wav", trim_silence=False))
    at_once = [other.push(np.concatenate([silence, VOICE])), other.end_piece(), other.finish()]
    assert b"".join(chunk.data for chunk in chunks) == b"".join(chunk.data for chunk in at_once)


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_a_renderer_that_has_left_gives_nothing_more_to_the_file_of_its_successor(format: AudioFormat) -> None:
    first = renderer_of(SynthesisConfig(format=format))
    chunks = [first.push(block) for block in blocks(VOICE, 441)]
    chunks.append(first.leave())
    for chunk in chunks:
        first.sent(chunk)
    after = first.successor(EffectSettings(), RATE)
    assert not after.begun and not first.unsent
    late = [first.push(VOICE), first.end_piece(), first.leave(), first.finish()]
    assert not any(chunk.data or chunk.seconds for chunk in late)
    chunks += spoken(after, [VOICE])
    assert sum(chunk.seconds for chunk in chunks) == pytest.approx(after.seconds)


def test_a_late_call_and_the_successor_never_meet_in_the_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, other, met = threading.Event(), threading.Event(), []
    encode = Encoder.encode

    def slow(self: Encoder, samples: np.ndarray) -> bytes:
        met.append(inside.is_set())
        if inside.is_set():
            other.set()
        else:
            inside.set()
            other.wait(0.2)
            inside.clear()
        return encode(self, samples)

    first = renderer_of(SynthesisConfig(format="pcm"))
    first.push(VOICE)
    monkeypatch.setattr(Encoder, "encode", slow)
    with ThreadPoolExecutor(2) as pool:
        late = pool.submit(first.push, VOICE)
        assert inside.wait(PATIENCE)
        first.retire()
        after = first.successor(EffectSettings(), RATE)
        assert pool.submit(after.push, VOICE).result(PATIENCE).data
        late.result(PATIENCE)
    assert met == [False, False]
