"""The watermark of speech: where the weights that find it lie."""

from __future__ import annotations

from stts.settings.section import Section, protected


class WatermarkSettings(Section):
    weights: str | None = protected(
        "File of Perth's weights. null: that of the package `resemble-perth` (requirements/watermark.txt).",
        default=None,
    )
