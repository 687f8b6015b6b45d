"""Usage of a request, in the units that OpenAI's clients read.

Seconds are measured. Tokens are not, as nothing here counts in them: they are what the measured lengths come to at the
rates OpenAI gives for its own, so that clients which add them up have numbers of the right size.
"""

from __future__ import annotations

import math
from typing import Any

CHARACTERS_A_TOKEN = 4
HEARD_TOKENS_A_SECOND = 10
SPOKEN_TOKENS_A_SECOND = 20


def speech_usage(characters: float, seconds: float) -> dict[str, Any]:
    """Returns the usage of a text of so many characters and its speech."""
    return _total(_text_tokens(characters), math.ceil(seconds * SPOKEN_TOKENS_A_SECOND))


def transcript_usage(seconds: float, prompt: str, text: str) -> dict[str, Any]:
    """Returns the usage in tokens of a recording, the prompt to it and its transcript."""
    audio, text_in = math.ceil(seconds * HEARD_TOKENS_A_SECOND), _text_tokens(len(prompt))
    details = {"text_tokens": text_in, "audio_tokens": audio}
    return {"type": "tokens", "input_token_details": details, **_total(audio + text_in, _text_tokens(len(text)))}


def duration_usage(seconds: float) -> dict[str, Any]:
    """Returns the usage of a recording, in whole seconds."""
    return {"type": "duration", "seconds": math.ceil(seconds)}


def _total(given: int, made: int) -> dict[str, int]:
    return {"input_tokens": given, "output_tokens": made, "total_tokens": given + made}


def _text_tokens(characters: float) -> int:
    return math.ceil(characters / CHARACTERS_A_TOKEN)
