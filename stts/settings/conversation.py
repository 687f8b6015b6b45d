"""Sections of conversation: when turns begin and end, who replies, and the dialects that converse."""

from __future__ import annotations

from typing import Literal

from pydantic import SecretStr

from stts.settings.section import Section, fixed, live, protected


class ConversationSettings(Section):
    silence_seconds: float = live("Silence that ends a turn.", default=0.5, ge=0.1, le=10)
    speculate_seconds: float = live(
        "Silence after which transcript and reply are prepared, to be dropped if the user goes on.",
        default=0.16,
        ge=0.03,
        le=10,
    )
    turn_seconds: float = live("Longest turn of a user; a longer one is ended.", default=60.0, gt=1, le=600)
    turn_detector: str = live(
        "Engine that judges from the sound whether a turn is over; none: silence alone.", default="smart_turn"
    )
    duck_seconds: float = live("Speech over a reply after which the reply is ducked.", default=0.03, ge=0.03, le=1)
    confirm_seconds: float = live("Speech over a reply after which the reply stops.", default=0.45, ge=0.1, le=3)
    ahead_seconds: float = live("Audio sent ahead of its playback.", default=0.3, ge=0.05, le=0.4)
    resume_seconds: float = live("How long a dropped session can be resumed by its id.", default=120.0, ge=0, le=86_400)
    kept_sessions: int = live("Histories kept for dropped sessions and for POST /conversation.", default=1000, ge=0)
    history_messages: int = live("Messages of a history; the oldest go first.", default=100, ge=2, le=10_000)
    history_characters: int = live("Characters of a history; the oldest go first.", default=100_000, ge=1000)
    prompt_seconds: float = live(
        "Silence of both sides after which the idle prompt is spoken; 0: never.", default=0.0, ge=0, le=3600
    )
    prompt: str = live("What is said when nobody has said anything for a while.", default="Are you still there?")


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


class RealtimeSettings(Section):
    secret_seconds: int = live("Life of a client secret where the request names none.", default=600, ge=10, le=7200)
    secrets: int = live("Client secrets alive at once.", default=10_000, ge=1)
    session_minutes: float = live("Longest session.", default=60.0, gt=0, le=1440)
    item_audio_seconds: float = live("Audio of items kept for `conversation.item.retrieve`.", default=120.0, ge=0)


class WyomingSettings(Section):
    enabled: bool = fixed("Listen for Wyoming clients such as Home Assistant.", default=False)
    host: str = protected("Address to listen on; the protocol knows no keys.", default="127.0.0.1")
    port: int = protected("Port to listen on.", default=10300, ge=0, le=65535)
    connections: int = live("Connections at once.", default=64, ge=1, le=10_000)
