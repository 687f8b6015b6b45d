"""Subtitle options of a request, by the names of Whisper's own command line."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

LineWidth = Annotated[
    int | None, Field(ge=10, le=1000, description="srt, vtt: characters of a line; default: stt.max_line_width.")
]
LineCount = Annotated[
    int | None, Field(ge=1, le=10, description="srt, vtt: lines of a cue; default: stt.max_line_count.")
]
WordsPerLine = Annotated[
    int | None, Field(ge=1, le=1000, description="srt, vtt: words of a line; default: any number.")
]
CueSeconds = Annotated[
    float | None, Field(ge=1, le=60, description="srt, vtt: longest cue; default: stt.max_cue_seconds.")
]
