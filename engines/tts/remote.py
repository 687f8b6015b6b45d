"""Speaks through another server that has OpenAI's speech API: hosted, or one of the many that speak it at home.

Audio is decoded while it comes, whatever format and rate the other server sends in the end. A server is named by
`engines.options.remote_tts`, further ones by `engines.instances`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from engines.remote_api import PACKAGE, Connection, RemoteOptions, leaves_machine, media_type
from engines.tts.encoded import decoded
from stts.engine_api import (
    Abilities,
    EngineInfo,
    EngineLimits,
    ModelInfo,
    Progress,
    Samples,
    SpeechParams,
    TTSEngine,
    Voice,
)
from stts.errors import EngineError, STTSError
from stts.voice_names import HOSTED

PATH = "/audio/speech"
VOICES_PATH = "/audio/voices"
_VOICE = re.compile(r"[\w.+:()/ -]{1,100}")
MOST_VOICES = 2000
SAMPLE_RATE = 24_000
"""Hz, of nearly all that speak this dialect; what comes at another rate is resampled."""


class RemoteSpeechOptions(RemoteOptions):
    model: str = Field(default="tts-1", description="Model asked for.")
    voice: str = Field(default="alloy", description="Voice where a request names none.")
    voices: tuple[str, ...] = Field(default=(), description="Voices it has; empty: those that it lists.")
    format: str = Field(default="wav", pattern="^(wav|mp3|opus|flac|aac)$", description="Format asked for.")


class RemoteSpeechParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    instructions: str | None = Field(default=None, max_length=4096, description="How to speak, for models that obey.")


class RemoteSpeechEngine(TTSEngine):
    Options = RemoteSpeechOptions
    Parameters = RemoteSpeechParameters
    options: RemoteSpeechOptions

    _connection: Connection | None = None
    _listed: tuple[Voice, ...] = ()

    @property
    def info(self) -> EngineInfo:
        options = self.options
        return EngineInfo(
            name="remote_tts",
            kind="tts",
            description="Another server that has OpenAI's speech API",
            languages=options.languages,
            voices=self.voices(),
            default_voice=options.voice,
            sample_rate=SAMPLE_RATE,
            abilities=Abilities(streaming=True, speed=(0.25, 4.0)),
            limits=EngineLimits(max_characters=4000, concurrency=options.requests),
            network=leaves_machine(options.base_url),
            packages=(PACKAGE,),
            install=f"pip install httpx, and set {self.option('base_url')}",
            licence="that of the other server",
            maker="",
        )

    def models(self) -> Sequence[ModelInfo]:
        return (ModelInfo(self.options.model),)

    def voices(self) -> tuple[Voice, ...]:
        """Those of the options, else those that it listed when it was loaded; always with the default one."""
        listed = self._listed or tuple(_voice({"id": name}) for name in self.options.voices or HOSTED)
        if any(voice.id == self.options.voice for voice in listed):
            return listed
        return (_voice({"id": self.options.voice}), *listed)

    def find_voice(self, voice_id: str) -> Voice | None:
        """Also voices that it did not list, where it lists none."""
        known = next((voice for voice in self.voices() if voice.id == voice_id), None)
        if known is None and not (self._listed or self.options.voices) and _VOICE.fullmatch(voice_id):
            return _voice({"id": voice_id})
        return known

    def installed(self) -> bool:
        return self.options.base_url is not None and super().installed()

    def load(self, progress: Progress) -> None:
        """Asks for its voices; a server that has no list of them is fine."""
        self.require_installed()
        self.unload()
        connection = Connection(self.options, self.option("base_url").removesuffix(".base_url"))
        try:
            self._listed = () if self.options.voices else _voices(connection.get_json(VOICES_PATH))
        except STTSError:
            connection.close()
            raise
        self._connection = connection
        progress("ready", 1.0)

    def unload(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        connection = self._connection
        if connection is None:
            raise EngineError("The engine is not loaded.")
        options = self.options
        extra = params.extra if isinstance(params.extra, RemoteSpeechParameters) else RemoteSpeechParameters()
        asked = {
            "model": options.model,
            "input": text,
            "voice": voice.id,
            "response_format": options.format,
            **({"speed": params.speed} if params.speed != 1.0 else {}),
            **extra.model_dump(exclude_none=True),
        }
        sender = f"The server at {self.option('base_url')}"
        with connection.post(PATH, json=asked) as response:
            kind = media_type(response.headers)
            if kind.startswith("text/") or kind == "application/json":
                raise EngineError(f"{sender} answers with {kind}, not with audio.")
            yield from decoded(connection.blocks(response), SAMPLE_RATE, text, sender)


def _voices(listed: Any) -> tuple[Voice, ...]:
    """Voices out of the lists that such servers have: names or objects, alone or under `voices` or `data`."""
    if isinstance(listed, dict):
        listed = listed.get("voices", listed.get("data"))
    if not isinstance(listed, list):
        return ()
    entries = [entry if isinstance(entry, dict) else {"id": entry} for entry in listed[:MOST_VOICES]]
    voices = [_voice(entry) for entry in entries]
    return tuple({voice.id: voice for voice in voices if _VOICE.fullmatch(voice.id)}.values())


def _voice(entry: dict[str, Any]) -> Voice:
    name = entry.get("id", entry.get("voice_id", entry.get("name", "")))
    shown = entry.get("name") or name
    gender = entry.get("gender")
    return Voice(id=str(name), name=str(shown)[:100], gender=gender if gender in ("female", "male") else "")
