"""`limits.redis_url`: what is refused in words, and that its password is shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.configuration import checks
from adapters.configuration.adapter import ConfigAdapter
from adapters.configuration.keys import MASK
from stts.errors import InvalidConfiguration
from stts.settings import Settings
from tests.redis import PASSWORD

URL = f"redis://:{PASSWORD}@cache:6379/2"


def loaded(folder: Path, url: str) -> ConfigAdapter:
    file = folder / "config.yaml"
    file.write_text(f"limits:\n  redis_url: {url}\n", encoding="utf-8")
    return ConfigAdapter.load(file, {})


def test_it_is_a_secret(tmp_path: Path) -> None:
    config = loaded(tmp_path, URL)
    (shown,) = [state.value for state in config.describe() if state.name == "limits.redis_url"]
    assert shown == MASK and PASSWORD not in repr(config.current())
    assert "redis_url" not in config.current().limits.numbers


@pytest.mark.parametrize(
    "url", [f"http://:{PASSWORD}@cache", "redis://", f"redis+cluster://{PASSWORD}@a:1,b:2", "cache"]
)
def test_other_addresses_are_refused_in_words(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        loaded(tmp_path, url)
    assert "redis://[:PASSWORD@]HOST" in str(caught.value) and PASSWORD not in str(caught.value)


def test_a_missing_client_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.model_validate({"limits": {"redis_url": URL}})
    assert list(checks.missing_pairs(settings)) == []
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    (problem,) = checks.missing_pairs(settings)
    assert problem.path == ("limits", "redis_url")
    assert "pip install -r requirements/redis.txt" in problem.message
