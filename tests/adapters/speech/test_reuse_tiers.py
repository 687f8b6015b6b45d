"""Sentences that were spoken before are found in slower tiers too, before a new one is spoken."""

from __future__ import annotations

from pathlib import Path

import pytest

from stts.cache.disk import DiskTier
from stts.cache.store import CacheStore
from tests.adapters.speech.test_reuse import NEW, SENTENCES, TEXT, House, asked, settings_with
from tests.adapters.speech.test_reuse import calls as calls


async def test_sentences_on_the_disk_behind_a_new_one_are_not_spoken_again(tmp_path: Path) -> None:
    """After a restart nothing is in memory."""
    settings = settings_with()

    def started() -> House:
        return House(CacheStore(lambda: settings, [DiskTier(tmp_path, lambda: settings)]), settings)

    before = started()
    await before.speak()
    await before.store.close()
    asked()
    after = started()
    await after.store.open()
    await after.speak(" ".join([NEW, *SENTENCES]))
    assert asked() == [NEW]
    assert after.texts == [NEW, *SENTENCES]
    for each in (before, after):
        await each.engines.close()


async def test_each_sentence_is_looked_for_in_slower_tiers_once(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_with(by_sentence=False)
    store = CacheStore(lambda: settings)
    house, looked = House(store, settings), list[str]()

    async def get(key: str) -> None:
        looked.append(key)

    monkeypatch.setattr(store, "may_have", lambda key: True)
    monkeypatch.setattr(store, "get", get)
    await house.speak()
    assert asked() == [TEXT]
    assert len(looked) == len(set(looked)) == len(SENTENCES)
    await house.engines.close()
