"""`limits.redis_url`: what is refused in words, and that its password is shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.configuration import checks
from adapters.configuration.adapter import ConfigAdapter
from adapters.configuration.keys import MASK
from stts.errors import InvalidConfiguration
from stts.settings import DatabaseSettings, LimitSettings, Settings
from tests.redis import PASSWORD

URL = f"redis://:{PASSWORD}@cache:6379/2"


def loaded(folder: Path, url: str, key: str = "limits:\n  redis_url") -> ConfigAdapter:
    file = folder / "config.yaml"
    file.write_text(f"{key}: {url}\n", encoding="utf-8")
    return ConfigAdapter.load(file, {})


def test_it_is_a_secret(tmp_path: Path) -> None:
    config = loaded(tmp_path, URL)
    (shown,) = [state.value for state in config.describe() if state.name == "limits.redis_url"]
    assert shown == MASK and PASSWORD not in repr(config.current())
    assert "redis_url" not in config.current().limits.numbers


@pytest.mark.parametrize(
    "url",
    [
        f"http://:{PASSWORD}@cache",
        "redis://",
        f"redis+cluster://{PASSWORD}@a:1,b:2",
        "cache",
        f"redis://:{PASSWORD}/x@localhost:6379/0",
        f"redis://anna:12/{PASSWORD}@localhost:6379/0",
        f"redis://anna:12?{PASSWORD}@localhost:6379/0",
        f"'redis://anna:12#{PASSWORD}@localhost:6379/0'",
        f"redis://:{PASSWORD}@localhost:abc",
        f"redis://:{PASSWORD}@localhost:70000",
        f"'redis://:{PASSWORD}@[::1'",
        f"redis://:{PASSWORD}@localhost/abc",
        f"redis://:{PASSWORD}@localhost?socket_timeout=abc",
        f"unix://:{PASSWORD}@?db=1",
        f"unix://:{PASSWORD}@/run/redis.sock?db=abc",
    ],
)
def test_other_addresses_are_refused_in_words(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        loaded(tmp_path, url)
    assert "redis://[:PASSWORD@]HOST" in str(caught.value) and PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "redis://localhost",
        "rediss://anna:a%2Fb@[::1]:6380/1?ssl_ca_certs=ca.pem",
        "unix://:a%23b@/run/redis.sock?db=2",
    ],
)
def test_addresses_that_the_client_can_use_are_taken(url: str) -> None:
    from redis.asyncio import Redis

    assert LimitSettings.model_validate({"redis_url": url}).redis_url is not None
    assert Redis.from_url(url).connection_pool.connection_kwargs.get("db", 0) in (0, 1, 2)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://anna:{PASSWORD}",
        f"postgresql://anna:{PASSWORD}@db:abc/stts",
        f"postgresql://anna:{PASSWORD}@[::1/stts",
        f"postgresql://anna:{PASSWORD}@db:70000/stts",
    ],
)
def test_addresses_of_a_database_are_refused_in_words_too(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidConfiguration, match="must be postgresql://USER:PASSWORD@HOST/NAME") as caught:
        loaded(tmp_path, url, "database:\n  url")
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql:///stts?host=/run", "postgresql://a:b/#?@db:5432/stts?sslmode=require"])
def test_addresses_of_a_database_may_hold_signs(url: str) -> None:
    assert DatabaseSettings.model_validate({"url": url}).url is not None


@pytest.mark.parametrize("section", ["limits", "cache"])
def test_a_missing_client_is_told_at_the_start(section: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.model_validate({section: {"redis_url": URL}})
    assert list(checks.missing_pairs(settings)) == []
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    (problem,) = checks.missing_pairs(settings)
    assert problem.path == (section, "redis_url")
    assert "pip install -r requirements/redis.txt" in problem.message
