import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.audio.formats import FORMATS, format_spec, resolve_sample_rate
from stts.errors import UnsupportedFormat
from stts.speech import AudioFormat

formats = st.sampled_from(sorted(FORMATS))


@pytest.mark.parametrize(
    ("format", "media_type"),
    [
        ("wav", "audio/wav"),
        ("mp3", "audio/mpeg"),
        ("opus", "audio/ogg"),
        ("aac", "audio/aac"),
        ("flac", "audio/flac"),
        ("pcm", "audio/pcm"),
    ],
)
def test_each_format_has_its_media_type(format: AudioFormat, media_type: str) -> None:
    assert format_spec(format).media_type == media_type
    assert format_spec(format).extension.startswith(".")


def test_an_unknown_format_is_refused_with_the_list() -> None:
    with pytest.raises(UnsupportedFormat) as caught:
        format_spec("flv<script>")
    assert caught.value.param == "format"
    assert caught.value.allowed == list(FORMATS)
    assert "script" not in caught.value.message


@given(format=formats, native=st.integers(4_000, 400_000))
def test_without_a_request_the_rate_is_the_native_or_the_next_higher_or_the_highest(
    format: AudioFormat, native: int
) -> None:
    rates = FORMATS[format].sample_rates
    chosen = resolve_sample_rate(format, None, native)
    assert chosen in rates
    if native in rates:
        assert chosen == native
    elif native > rates[-1]:
        assert chosen == rates[-1]
    else:
        assert chosen > native
        assert not [rate for rate in rates if native <= rate < chosen]


@given(format=formats, requested=st.integers(-1, 400_000))
def test_a_requested_rate_is_used_as_it_is_or_refused(format: AudioFormat, requested: int) -> None:
    if requested in FORMATS[format].sample_rates:
        assert resolve_sample_rate(format, requested, 22_050) == requested
    else:
        with pytest.raises(UnsupportedFormat):
            resolve_sample_rate(format, requested, 22_050)


def test_a_refusal_names_the_list_where_the_codec_has_one() -> None:
    with pytest.raises(UnsupportedFormat) as caught:
        resolve_sample_rate("opus", 44_100, 22_050)
    assert (caught.value.param, caught.value.allowed) == ("sample_rate", [8_000, 12_000, 16_000, 24_000, 48_000])
    assert "8000, 12000, 16000, 24000, 48000" in caught.value.message


def test_a_refusal_names_the_range_where_every_rate_between_is_carried() -> None:
    with pytest.raises(UnsupportedFormat) as caught:
        resolve_sample_rate("wav", 7_999, 22_050)
    assert caught.value.allowed is None
    assert "8000 to 192000" in caught.value.message
