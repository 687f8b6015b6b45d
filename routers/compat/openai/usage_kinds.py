"""In which unit the usage of a transcription is told, by the id that it was asked for with: clients read only one."""

from __future__ import annotations

import re

TOKEN_MODELS = re.compile(r"gpt-(4o(-mini)?-)?transcribe(-\d{4}-\d{2}-\d{2})?")
"""Ids of the hosted service whose usage is in tokens; all others count the time of the recording."""


def counts_tokens(model: str) -> bool:
    return TOKEN_MODELS.fullmatch(model.strip().lower()) is not None
