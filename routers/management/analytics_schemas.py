"""The wire shapes of analytics. Times in seconds; percentiles from logarithmic buckets, at most 10 % off."""

from __future__ import annotations

from pydantic import BaseModel, Field

from stts.analytics.histogram import Histogram
from stts.analytics.history import Tally
from stts.analytics.resources import Usage


class Latency(BaseModel):
    count: int = Field(description="Operations that got this far.")
    p50: float | None = Field(description="Seconds that half of them did not exceed; null without any.")
    p90: float | None = Field(description="Seconds that 90 % did not exceed.")
    p99: float | None = Field(description="Seconds that 99 % did not exceed.")

    @classmethod
    def of(cls, histogram: Histogram) -> Latency:
        return cls(
            count=histogram.total,
            p50=histogram.quantile(0.5),
            p90=histogram.quantile(0.9),
            p99=histogram.quantile(0.99),
        )


class SlowOperations(BaseModel):
    count: int = Field(description="Operations that were slow for this cause.")
    longest_seconds: float = Field(description="Seconds that the slowest of them spent on it.")


class Operations(BaseModel):
    operations: int = Field(description="Finished operations, however they ended.")
    completed: int = Field(description="Those that ran to their end.")
    cancelled: int = Field(description="Those whose client left; no errors.")
    errors: int = Field(description="Those that failed.")
    error_codes: dict[str, int] = Field(description="Machine code -> how many failed with it.")
    audio_seconds: float = Field(description="Seconds of audio made or heard.")
    characters: int = Field(description="Characters spoken.")
    bytes: int = Field(description="Bytes of encoded audio sent.")
    background: int = Field(
        description="How many of them nobody waited for: items of jobs and batches, as far as memory reaches. "
        "The times below are without them."
    )
    slow: dict[str, SlowOperations] = Field(
        description="Of those that somebody waited for: where most of the time of the slow ones went, by `cause` as "
        "`GET /analytics/operations` tells it."
    )
    queue: Latency = Field(description="Wait for a free place at an engine that was loaded.")
    load: Latency = Field(description="Wait until an engine was loaded, of those that had to wait for that.")
    first_item: Latency = Field(
        description="Until the first audio or text. What a writer took for the words of that is not counted."
    )
    total: Latency = Field(description="Until the end.")

    @classmethod
    def of(cls, tally: Tally) -> Operations:
        return cls(
            operations=tally.operations,
            completed=tally.completed,
            cancelled=tally.cancelled,
            errors=sum(tally.errors.values()),
            error_codes=dict(sorted(tally.errors.items())),
            audio_seconds=round(tally.audio_seconds, 3),
            characters=tally.characters,
            bytes=tally.bytes,
            background=tally.background,
            slow={
                why: SlowOperations(count=slow.count, longest_seconds=round(slow.longest, 3))
                for why, slow in sorted(tally.slow.items())
            },
            queue=Latency.of(tally.queue),
            load=Latency.of(tally.load),
            first_item=Latency.of(tally.first_item),
            total=Latency.of(tally.total),
        )


class GPUUsage(BaseModel):
    name: str = Field(description="The device's name.")
    memory_used: int = Field(description="Bytes in use on the device, by whomever.")
    memory_total: int = Field(description="Bytes it has.")
    utilisation: float | None = Field(description="Part of the time it is busy, 0..1; null where unknown.")


class ResourceUsage(BaseModel):
    cpu: float = Field(description="Cores in use over the last second; 1.0 is one core.")
    memory: int = Field(description="Resident bytes of this process, child processes aside.")
    open_files: int = Field(description="Open file descriptors, sockets included.")
    threads: int = Field(description="Threads of this process.")
    loop_lag_p50: float | None = Field(description="Lag of the event loop over the last minute, seconds.")
    loop_lag_p99: float | None = Field(description="Lag of the event loop over the last minute, seconds.")
    gpus: list[GPUUsage] | None = Field(description="null where no engine uses a GPU.")

    @classmethod
    def of(cls, usage: Usage) -> ResourceUsage:
        return cls.model_validate(usage, from_attributes=True)


class Window(BaseModel):
    window_seconds: int = Field(description="Seconds covered, up to now: whole minutes, or whole days beyond memory.")
    since: float = Field(
        description="Unix time of the oldest that is kept: the start of the server, or the first day of usage."
    )


class Summary(Window):
    total: Operations = Field(description="Everything together.")
    by_type: dict[str, Operations] = Field(description="tts, stt, conversation.")
    by_engine: dict[str, Operations] = Field(description="By the engine that did the work.")
    by_language: dict[str, Operations] = Field(description="By BCP 47 tag.")
    resources: ResourceUsage = Field(description="What the process takes now.")


class Point(BaseModel):
    start: int = Field(description="Unix time at which this step begins.")
    operations: Operations


class Timeseries(Window):
    step_seconds: int = Field(description="Seconds of each step.")
    points: list[Point] = Field(description="Oldest first, without gaps.")


class VoiceOperations(BaseModel):
    engine: str
    voice: str
    operations: Operations


class Voices(Window):
    voices: list[VoiceOperations] = Field(description="The most used first.")


class FormatOperations(BaseModel):
    type: str = Field(description="tts or stt.")
    format: str
    operations: Operations


class Formats(Window):
    formats: list[FormatOperations] = Field(description="The most used first.")


class Snapshot(BaseModel):
    """What each event of /analytics/live holds."""

    at: float = Field(description="Unix time.")
    last_minutes: Operations = Field(description="The current and the last minute.")
    resources: ResourceUsage
