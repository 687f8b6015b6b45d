"""Usage of a response, in the tokens that OpenAI's clients add up. Where a model counts, its numbers are told."""

from __future__ import annotations

import math
from typing import Any

from routers.http.usage import CHARACTERS_A_TOKEN, HEARD_TOKENS_A_SECOND, SPOKEN_TOKENS_A_SECOND
from stts.conversation.events import ReplyEnded

NOTHING = {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0}


def response_usage(ended: ReplyEnded, characters: int, heard: float) -> dict[str, Any]:
    """`characters`: of what was replied to, for a reply that was not counted; `heard`: seconds of the user's turn."""
    given = ended.input_tokens or _tokens(characters)
    made = ended.output_tokens or _tokens(len(ended.text))
    audio_in, audio_out = _seconds(heard, HEARD_TOKENS_A_SECOND), _seconds(ended.seconds, SPOKEN_TOKENS_A_SECOND)
    return {
        "total_tokens": given + made + audio_in + audio_out,
        "input_tokens": given + audio_in,
        "output_tokens": made + audio_out,
        "input_token_details": {
            **NOTHING,
            "text_tokens": given,
            "audio_tokens": audio_in,
            "cached_tokens": 0,
            "cached_tokens_details": NOTHING,
        },
        "output_token_details": {"text_tokens": made, "audio_tokens": audio_out},
    }


def _tokens(characters: int) -> int:
    return math.ceil(characters / CHARACTERS_A_TOKEN)


def _seconds(seconds: float, tokens: int) -> int:
    return math.ceil(seconds * tokens)
