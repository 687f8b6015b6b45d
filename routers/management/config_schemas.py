"""The shapes of /config."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from adapters.configuration.reports import ChangeReport, KeyState
from adapters.configuration.sources import Source
from stts.errors import STTSError


class SettingShape(BaseModel):
    value: Any = Field(description="In effect now; secrets are masked.")
    source: Source = Field(description="`runtime`: changed over HTTP, and saved under `storage.root`.")
    live: bool = Field(description="A change takes effect for the next request; else after a restart.")
    protected: bool = Field(description="Can be set in the file and the environment only.")
    waiting: bool = Field(description="Another value waits for a restart.")

    @classmethod
    def of(cls, state: KeyState) -> SettingShape:
        key = state.key
        return cls(
            value=state.value, source=state.source, live=key.live, protected=key.protected, waiting=state.waiting
        )


class ConfigurationShape(BaseModel):
    settings: dict[str, SettingShape] = Field(description="Dotted key -> its value and what there is to know of it.")


class ChangeShape(BaseModel):
    live: list[str] = Field(description="Keys whose new value holds from the next request on.")
    restart: list[str] = Field(description="Keys whose new value waits for a restart.")
    overridden: list[str] = Field(description="Keys of which `.env` or the environment says otherwise, and wins.")

    @classmethod
    def of(cls, report: ChangeReport) -> ChangeShape:
        return cls(live=[*report.live], restart=[*report.restart], overridden=[*report.overridden])


class ValidationShape(ChangeShape):
    valid: bool
    problem: str | None = Field(None, description="What is wrong, for people.")
    param: str | None = Field(None, description="The key that is wrong.")
    allowed: list[str | int | float] | None = Field(None, description="What may stand there, where the list is short.")

    @classmethod
    def good(cls, report: ChangeReport) -> ValidationShape:
        return cls(valid=True, **ChangeShape.of(report).model_dump())

    @classmethod
    def bad(cls, error: STTSError) -> ValidationShape:
        return cls(
            valid=False,
            live=[],
            restart=[],
            overridden=[],
            problem=error.message,
            param=error.param,
            allowed=error.allowed,
        )
