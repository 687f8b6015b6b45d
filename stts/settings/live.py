"""The GPT-Live dialect."""

from __future__ import annotations

from typing import Literal

from stts.settings.section import Section, live

ResponsesModel = Literal["asked", "configured", "auto"]
Commentary = Literal["verbatim", "paraphrase", "auto"]


class LiveSettings(Section):
    session_minutes: float = live("Longest session.", default=120.0, gt=0, le=1440)
    idle_seconds: float = live("A session whose client sends nothing for so long ends.", default=300.0, gt=0, le=86_400)
    commentary: Commentary = live(
        "How commentary is spoken: `verbatim`, as it stands; `paraphrase`, by the language model in words of its own; "
        "`auto`: paraphrased where a language model is configured.",
        default="auto",
    )
    acknowledgement: str = live(
        "What is said while an app works on what was delegated to it, where it gives an `acknowledgement_delay_ms` and "
        "nobody else speaks; empty: nothing.",
        default="One moment.",
    )
    responses_model: ResponsesModel = live(
        "Which model of the chat endpoint answers where a delegation names one: `asked`, that; `configured`, "
        "reply.model; `auto`: that, but reply.model for names of hosted models (gpt-...) at endpoints that are not "
        "hosted.",
        default="auto",
    )
    strict: bool = live("Refuse fields that are unknown, instead of ignoring them.", default=False)
    sidebands: int = live("Connections that may be attached to one session at once.", default=8, ge=0, le=100)
