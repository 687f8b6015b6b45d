"""Engines that are loaded at the start."""

from __future__ import annotations

from importlib.metadata import EntryPoint

from adapters.preloading import preload
from engines.registry import GROUP, Registry
from stts.settings import Settings
from tests import fakes
from tests.wired import Engines


async def test_preload_goes_on_after_a_failure() -> None:
    settings = Settings.model_validate({"engines": {"preload": ["missing", "tone"]}})
    missing = EntryPoint("missing", "tests.adapters.test_catalogue:Missing", GROUP)
    registry = Registry([missing, EntryPoint("tone", fakes.registry().target("tone"), GROUP)])
    made = Engines(registry, lambda: settings)
    await preload(made.catalogue, lambda: settings)
    assert (made.instance("missing").state, made.instance("tone").state) == ("not_installed", "ready")
    await made.close()
