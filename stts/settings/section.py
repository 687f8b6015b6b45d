"""Base of all sections of the configuration."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


def live(description: str, **constraints: Any) -> Any:
    """A key that takes effect for the next request."""
    return Field(description=description, json_schema_extra={"live": True}, **constraints)


def fixed(description: str, **constraints: Any) -> Any:
    """A key that takes effect after a restart."""
    return Field(description=description, json_schema_extra={"live": False}, **constraints)


def protected(description: str, **constraints: Any) -> Any:
    """A key that cannot be changed over HTTP."""
    return Field(description=description, json_schema_extra={"live": False, "protected": True}, **constraints)


def restarts(description: str, **constraints: Any) -> Any:
    """A key of one listener, which cannot be changed over HTTP. Read again, it restarts that listener alone."""
    return Field(description=description, json_schema_extra={"live": True, "protected": True}, **constraints)


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
