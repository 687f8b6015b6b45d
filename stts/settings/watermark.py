"""Watermarks of speech: which speech gets one, and where the weights that write and find it lie."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from stts.settings.section import Section, live, protected


class WatermarkSettings(Section):
    policy: Literal["off", "engine", "always"] = live(
        "Speech that is marked as made by a machine: `engine`: that of engines which mark theirs; `always`: all; "
        "`off`: none that need not be.",
        default="engine",
    )
    weights: str | None = protected(
        "File of Perth's weights. null: that of the package `resemble-perth` (requirements/watermark.txt).",
        default=None,
    )

    @field_validator("policy", mode="before")
    @classmethod
    def _off_is_a_word(cls, value: object) -> object:
        """YAML reads `off` as false."""
        return "off" if value is False else value
