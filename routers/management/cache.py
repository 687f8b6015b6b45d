"""/cache: what lies in the cache of speech, and removing it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path, Query, Request
from pydantic import BaseModel, Field

from adapters.catalogue import EngineCatalogue
from middleware.edge.auditing import note_audit
from routers.http.deferred_route import deferred_router
from stts.access.audit import Action
from stts.access.policy import RouteKind, policy
from stts.cache.aliases import meant_by
from stts.cache.statistics import TierStatistics
from stts.cache.store import CacheStore
from stts.cache.stored import Selection
from stts.errors import EngineError, InvalidRequest, NotFound, UnknownEngine
from stts.settings import CurrentSettings
from stts.speech import SynthesisConfig
from stts.voice_names import DEFAULT_NAMES

Name = Annotated[str | None, Query(max_length=200)]
Key = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="64 hexadecimal digits.")]


class ShareShape(BaseModel):
    engine: str
    kind: Literal["answer", "sentence", "alias"]
    age: Literal["hour", "day", "week", "older"] = Field(description="Younger than that.")
    entries: int
    bytes: int


class TierShape(BaseModel):
    tier: Literal["memory", "disk", "redis"]
    state: Literal["up", "resting", "off"] = Field(description="`resting`: it has failed, and is tried again soon.")
    limit_bytes: int | None
    entries: int
    bytes: int
    hits: int = Field(description="Since the start of this server.")
    failures: int = Field(description="Reads and writes that failed, and damaged entries, since the start.")
    shares: list[ShareShape]

    @classmethod
    def of(cls, tier: TierStatistics) -> TierShape:
        return cls.model_validate(tier, from_attributes=True)


class CacheShape(BaseModel):
    enabled: bool
    tiers: list[TierShape]


class EntryShape(BaseModel):
    key: str = Field(description="Its own, also where it was found by an alias.")
    kind: Literal["answer", "sentence"]
    engine: str
    voices: list[str] = Field(description="Names of its voice: its id, and the digest of its recording.")
    bytes: int
    created: float = Field(description="Unix time.")
    expires: float = Field(description="Unix time.")


class RemovedEntries(BaseModel):
    removed: int = Field(description="Entries, in the tier that had the most.")


class CacheRoutes:
    def __init__(self, cache: CacheStore, engines: EngineCatalogue, settings: CurrentSettings) -> None:
        self._cache = cache
        self._engines = engines
        self._settings = settings
        self.router = deferred_router("cache")
        self.router.add_api_route("/cache", self.show, methods=["GET"], response_model=CacheShape)
        self.router.add_api_route(
            "/cache/{key}",
            self.entry,
            methods=["GET"],
            response_model=EntryShape,
            responses={404: {"description": "Nothing is kept under it."}},
        )
        self.router.add_api_route("/cache", self.clear, methods=["DELETE"], response_model=RemovedEntries)

    @policy(RouteKind.MANAGE)
    async def show(self) -> CacheShape:
        """Entries and bytes of each tier, by engine, kind and age."""
        tiers = [TierShape.of(tier) for tier in await self._cache.statistics()]
        return CacheShape(enabled=self._settings().cache.enabled, tiers=tiers)

    @policy(RouteKind.MANAGE)
    async def entry(self, key: Key) -> EntryShape:
        """The entry of a key, or of an alias: the SHA-256 of `voice_id:text` of the TTS Batch API."""
        entry = await self._cache.get(key)
        if entry is not None and (meant := meant_by(entry)) is not None:
            key, entry = meant, await self._cache.get(meant)
        if entry is None or entry.kind == "alias":
            raise NotFound("Nothing is kept under this key.")
        return EntryShape(
            key=key,
            kind=entry.kind,
            engine=entry.engine,
            voices=list(entry.voices),
            bytes=len(entry.data),
            created=entry.created,
            expires=entry.expires,
        )

    @policy(RouteKind.MANAGE, action=Action.CACHE_CLEAR)
    async def clear(self, request: Request, engine: Name = None, voice: Name = None) -> RemovedEntries:
        """Removes all, or what this engine spoke, or what was spoken with this voice: its id, a name by which requests
        find it, or the digest of a recording."""
        if engine is not None and engine not in self._engines.speech:
            names = sorted(self._engines.speech)
            raise UnknownEngine(f"No such engine speaks here: {', '.join(names)} do.", param="engine", allowed=names)
        removed = await self._cache.remove(Selection(engine=engine, voice=voice))
        if voice is not None and voice.lower() not in DEFAULT_NAMES:
            for meant in await self._meant(engine, voice):
                removed += await self._cache.remove(meant)
        note_audit(request, removed=removed)
        return RemovedEntries(removed=removed)

    async def _meant(self, engine: str | None, voice: str) -> list[Selection]:
        """Entries of engines that take this name for another voice than one of that very id."""
        found: list[Selection] = []
        for name, adapter in self._engines.speech.items():
            if engine not in (None, name):
                continue
            try:
                plan = await adapter.plan(SynthesisConfig(voice=voice))
            except (InvalidRequest, EngineError):
                continue
            if plan.exact and plan.voice.id != voice:
                found.append(Selection(engine=name, voice=plan.voice.id))
        return found
