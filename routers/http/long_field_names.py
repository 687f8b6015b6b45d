"""Text fields of forms that may be long."""

from __future__ import annotations

LONG_FIELDS = frozenset({"known_speaker_references"})
LONG_FIELD_BYTES = 4_000_000
"""Ten seconds of 16 bit stereo at 48 kHz, in base64, and half as much again."""
MOST_LONG = 4
