"""aiogram's models of the Bot API, each built when it is first used. To be imported before anything of aiogram.

aiogram builds all 440 as it is imported, and each of them with whatever it refers to: 110 MB and two seconds, for a bot
that uses a few. What a model is like stays aiogram's own affair; only the moment is another one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel

NAMES = "_types_namespace"
"""The argument by which aiogram tells a model those that it refers to."""


@contextmanager
def _noted() -> Iterator[dict[type[BaseModel], dict[str, Any]]]:
    """Meanwhile a model that is to be built is noted instead, with what it was to be built with."""
    noted: dict[type[BaseModel], dict[str, Any]] = {}
    build = BaseModel.__dict__["model_rebuild"]

    def note(model: type[BaseModel], /, **given: Any) -> None:
        noted[model] = given

    BaseModel.model_rebuild = classmethod(note)  # type: ignore[assignment, method-assign]
    try:
        yield noted
    finally:
        BaseModel.model_rebuild = build  # type: ignore[method-assign]


def _with_names(base: type[BaseModel], names: dict[str, Any]) -> None:
    """Lets a model that is built later, by itself, know the others by their names."""

    def build(model: Any, /, **given: Any) -> bool | None:
        built: bool | None = super(base, model).model_rebuild(**{NAMES: names, **given})
        return built

    base.model_rebuild = classmethod(build)  # type: ignore[assignment, method-assign]


def postpone() -> None:
    """Imports the models without building them. Where somebody has imported them before, they are built."""
    if "aiogram.types" in sys.modules:
        return
    with _noted() as noted:
        from aiogram.methods.base import Response, TelegramMethod
        from aiogram.types import TelegramObject
    names = [given[NAMES] for given in noted.values() if given.get(NAMES)]
    if not names:
        # Another aiogram than those that are known: it has what it asked for.
        for model, given in noted.items():
            model.model_rebuild(**given)
        return
    for base in (TelegramObject, TelegramMethod, Response):
        _with_names(base, names[0])


postpone()
