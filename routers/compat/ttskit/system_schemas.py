"""The shapes in which TTSKit tells of the service itself."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class Health(BaseModel):
    status: Literal["healthy", "unhealthy"]
    engines: int = Field(description="Engines that can speak now.")
    uptime: float = Field(description="Seconds.")
    version: str


class Status(BaseModel):
    overall_status: Literal["healthy", "unhealthy"]
    components: dict[str, bool]
    details: dict[str, dict[str, Any]]
    version: str


class SystemInfo(BaseModel):
    version: str
    python_version: str
    platform: str
    architecture: str
    system: str
    engines: list[str] = Field(description="Engines that can speak now.")
    formats: list[str]
    languages: list[str]


class Version(BaseModel):
    version: str
    service: str
    status: str
    uptime: float = Field(description="Seconds.")


class Root(BaseModel):
    service: str
    version: str
    status: str
    docs: str
    api: str


class Formats(BaseModel):
    formats: list[str]


class Languages(BaseModel):
    languages: list[str]


class Documentation(BaseModel):
    name: str
    version: str
    description: str
    engines: list[str]
    supported_languages: list[str]
    documentation_url: str


class SpeechStatistics(BaseModel):
    """Speech since the start of this server, by whatever dialect it was asked for."""

    total_synthesis: int
    successful_synthesis: int
    failed_synthesis: int
    average_duration: float = Field(description="Seconds of audio of one.")


class SystemMetrics(BaseModel):
    cpu_percent: float
    memory_percent: float
    disk_percent: float
    process_count: int
    uptime: float = Field(description="Seconds.")


class SystemMeasures(BaseModel):
    tts_stats: SpeechStatistics
    system_metrics: SystemMetrics
    version: str


class RateLimit(BaseModel):
    user_id: str
    rate_limited: bool
    message: str
    remaining_requests: int | None = Field(description="null: the caller has no limit.")
    limit: int | None = Field(description="Requests a minute.")
    reset_time: float | None = Field(description="Unix time at which there is room again; null: there is.")


class CacheStatistics(BaseModel):
    enabled: bool
    hits: int = Field(description="Answers that were kept, since the start of this server.")
    misses: int
    hit_rate: float = Field(description="0..1.")
    size: int = Field(description="Bytes, in the largest tier.")
    entries: int


class CacheState(BaseModel):
    enabled: bool


class Message(BaseModel):
    message: str
