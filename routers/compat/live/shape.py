"""Base of the objects that GPT-Live clients send. What nobody here knows is kept apart, to be told or refused."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="allow")

    ignored: ClassVar[bool] = False
    """It is known as a whole, and nothing here can do it."""
