"""The shapes in which engines and voices describe themselves."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from adapters.descriptions import EngineDescription, OfferedVoice
from middleware.serving.supervisor import State
from stts.analytics.engine_statistics import Reading
from stts.engine_state import BreakerState, EngineState, Probe
from stts.models import CatalogueModel
from stts.storage.database.opening import DatabaseState


class ProbeShape(BaseModel):
    ok: bool
    at: float = Field(description="Unix time.")
    seconds: float = Field(description="How long it took.")
    error: str | None = Field(None, description="Machine code of what went wrong.")

    @classmethod
    def of(cls, probe: Probe) -> ProbeShape:
        return cls(ok=probe.ok, at=probe.at, seconds=round(probe.seconds, 4), error=probe.error)


class EngineStatus(BaseModel):
    kind: str
    state: EngineState
    progress: str | None = Field(None, description="What a load is doing.")
    progress_part: float | None = Field(None, description="0..1.")
    failure: str | None = Field(None, description="Why it failed, for people.")
    last_probe: ProbeShape | None = Field(None, description="The last synthesis or transcription run as a test.")
    running: int = Field(description="Calls at work.")
    waiting: int = Field(description="Calls in the queue.")
    memory_bytes: int = Field(description="Memory that it took when it was last measured; 0: not loaded.")
    crashes: int = Field(description="Child processes that died at work since one last did what it was asked.")
    rest_seconds: float = Field(
        description="How long it is left alone after it has failed; 0: the next call tries again."
    )
    available: bool = Field(description="Whether it can be taken: installed, with its model, not failed, not resting.")
    breaker: BreakerState = Field(description="closed: it works; open: it rests; half_open: it is being tried.")
    probe_seconds: float = Field(description="Until an engine that rests is tried in the background.")
    failures_in_row: int = Field(description="Requests that failed by its fault, one after the other.")

    @classmethod
    def of(cls, engine: EngineDescription) -> EngineStatus:
        step, part = engine.progress or (None, None)
        return cls(
            kind=engine.info.kind,
            state=engine.state,
            progress=step,
            progress_part=part,
            failure=engine.failure,
            last_probe=ProbeShape.of(engine.last_probe) if engine.last_probe else None,
            running=engine.running,
            waiting=engine.waiting,
            memory_bytes=engine.memory,
            crashes=engine.crashes,
            rest_seconds=round(engine.rest, 1),
            available=engine.reading.available,
            breaker=engine.reading.breaker,
            probe_seconds=round(engine.reading.probe_seconds, 1),
            failures_in_row=engine.reading.failures_in_row,
        )


class EngineMeasurements(BaseModel):
    """Moving averages, weighted to the newest."""

    first_seconds: float | None = Field(None, description="From its turn to the first audio or text.")
    real_time_factor: float | None = Field(None, description="Seconds of work a second of audio.")
    failure_rate: float = Field(description="Share of requests that failed by its fault, 0..1.")
    requests: int = Field(description="Requests it did or failed at.")
    failures: int = Field(description="Requests that failed by its fault.")
    last_error: str | None = Field(None, description="Machine code of the last failure.")

    @classmethod
    def of(cls, reading: Reading) -> EngineMeasurements:
        first, factor = reading.first_seconds, reading.real_time_factor
        return cls(
            first_seconds=None if first is None else round(first, 4),
            real_time_factor=None if factor is None else round(factor, 4),
            failure_rate=round(reading.failure_rate, 4),
            requests=reading.requests,
            failures=reading.failures,
            last_error=reading.last_error,
        )


class NeededModel(BaseModel):
    id: str = Field(description="For POST /models/pull.")
    name: str = Field(description="For people.")
    bytes: int = Field(description="Size of all files.")

    @classmethod
    def of(cls, model: CatalogueModel) -> NeededModel:
        return cls(id=model.id, name=model.name, bytes=model.bytes)


class EngineShape(EngineStatus):
    name: str
    needs: NeededModel | None = Field(
        None,
        description="The model with which it would work, where its state is `needs_model` and the catalogue has it.",
    )
    fetches: bool = Field(False, description="Whether its weights are not here yet: its first load fetches them.")
    measured: EngineMeasurements
    engine: str = Field(description="The engine that it is an instance of; its own name where there is one.")
    description: str
    models: list[str] = Field(description="Ids of the models that it works with now, where they have names.")
    languages: list[str] = Field(description="BCP 47.")
    sample_rate: int = Field(description="Hz, native.")
    voices: int = Field(description="How many; GET /voices lists them.")
    default_voice: str | None
    abilities: dict[str, Any]
    limits: dict[str, Any]
    network: bool = Field(description="Whether text or audio leaves this machine.")
    runs_in: str
    parameters: dict[str, Any] = Field(description="JSON schema of the engine's own parameters.")
    install: str = Field(description="The command that installs it.")
    download_bytes: int = Field(
        description="About how much an installation fetches, with weights; 0: unknown. `/install` asks the index."
    )
    licence: str


class VoiceShape(BaseModel):
    id: str
    name: str
    engine: str
    languages: list[str] = Field(
        description="BCP 47; empty: any that the engine speaks. Of a stored recording that of its card."
    )
    gender: str = ""
    reference: bool = Field(False, description="A stored recording to clone.")
    blend: str = Field("", description="Of a stored voice that is a blend: the voices and their shares.")

    @classmethod
    def of(cls, offered: OfferedVoice) -> VoiceShape:
        voice = offered.voice
        return cls(
            id=offered.id,
            name=offered.name,
            engine=offered.engine.name,
            languages=list(voice.languages),
            gender=voice.gender,
            reference=voice.reference is not None,
            blend=offered.blend,
        )


class Ready(BaseModel):
    ready: bool = Field(description="Whether the server accepts work.")
    status: str = Field(description="starting, ready, draining, no_engine, or no_database.")
    database: DatabaseState = Field(
        description="`opening`: it is opened and migrated for the first time. "
        "`away`: keys that were checked lately go on working, and what is to be written waits."
    )
    redis: Literal["unused", "up", "away"] = Field(
        description="Where servers count limits together; `away`: this one counts alone, or refuses who has limits."
    )
    listeners: dict[str, State] = Field(description="The addresses of this server, by name; GET /listeners tells more.")
    engines: dict[str, EngineStatus]
    missing: dict[str, str] = Field(
        description="Engines of the base install that are not here, so that others stand in for them: how to get them."
    )


class Health(BaseModel):
    status: str = "ok"


class Info(BaseModel):
    name: str
    version: str
    engines: dict[str, EngineState]
    auto: list[str] = Field(description="What `auto` takes now, for a request without options.")
    abilities: list[str]
    limits: dict[str, float]
    formats: dict[str, dict[str, Any]]
    transcript_formats: list[str]
    webrtc: Literal["on", "off", "not_installed"] = Field(description="Whether calls by WebRTC are taken.")
    replies: Literal["echo", "template", "openai"] = Field(
        description="Who replies in a conversation: `echo` says back what it hears, `template` a fixed sentence, "
        "`openai` is a language model."
    )
    docs: str
