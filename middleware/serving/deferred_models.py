"""Builds pydantic's validators when they are first used, or when there is time, instead of at import.

The models of all dialects, and those of the framework's OpenAPI document, take a tenth of a server's start, and its
first answers need few of them.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel


def defer_models() -> None:
    """Postpones the building of all models that are defined from now on. Call it before they are imported."""
    BaseModel.model_config["defer_build"] = True
    # FastAPI ignores this one where it makes its adapters; those that are postponed are made where it does not.
    warnings.filterwarnings("ignore", r"The '\w+' attribute with value", UserWarning, r"pydantic\.")


async def build_models(packages: frozenset[str]) -> None:
    """Builds postponed models of these top-level packages, one in each turn of the event loop."""
    for model in list(_models(BaseModel)):
        if model.__module__.partition(".")[0] in packages and not model.__pydantic_complete__:
            model.model_rebuild(raise_errors=False)
            await asyncio.sleep(0)


def _models(base: type[BaseModel]) -> Iterator[type[Any]]:
    for model in base.__subclasses__():
        yield model
        yield from _models(model)
