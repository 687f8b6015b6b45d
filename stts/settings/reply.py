"""Settings of the reply adapters of conversations."""

from __future__ import annotations

from typing import Literal

from pydantic import SecretStr

from stts.settings.section import Section, live, protected


class ReplySettings(Section):
    adapter: Literal["echo", "template", "openai"] = live("Who replies.", default="echo")
    template: str = live("What `template` says; {text} is what was heard.", default="You said: {text}")
    base_url: str | None = protected("Address of an OpenAI-compatible chat endpoint.", default=None)
    api_key: SecretStr | None = protected("Key for that endpoint.", default=None, min_length=1)
    model: str = live("Model of that endpoint.", default="default")
    system_prompt: str = live(
        "What the model is told first.",
        default="You are a helpful voice assistant. Answer briefly, in plain spoken sentences without markup.",
    )
    temperature: float | None = live("Of the model; none: its own default.", default=None, ge=0, le=2)
    max_tokens: int = live("Longest reply in tokens.", default=1024, ge=1, le=100_000)
    first_token_seconds: float = live("Longest wait for the first token.", default=20.0, gt=0, le=600)
    token_seconds: float = live("Longest pause between two tokens.", default=10.0, gt=0, le=600)
