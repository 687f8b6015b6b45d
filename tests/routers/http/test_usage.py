from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routers.http.usage import duration_usage, speech_usage, transcript_usage

lengths = st.floats(min_value=0, max_value=1e6)


@given(lengths, st.text(max_size=50), st.text(max_size=50))
def test_totals_are_sums_of_whole_numbers(seconds: float, prompt: str, text: str) -> None:
    for usage in (speech_usage(len(text), seconds), transcript_usage(seconds, prompt, text)):
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
        assert all(isinstance(usage[key], int) for key in ("input_tokens", "output_tokens", "total_tokens"))


def test_details_add_up_to_the_input() -> None:
    usage = transcript_usage(1.5, "a prompt", "heard")
    assert usage["input_token_details"] == {"audio_tokens": 15, "text_tokens": 2}
    assert usage["input_tokens"] == 17


def test_seconds_are_rounded_up() -> None:
    assert duration_usage(8.47) == {"type": "duration", "seconds": 9}
    assert duration_usage(0.0) == {"type": "duration", "seconds": 0}
