"""Listeners that a configuration describes wrongly are refused in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.configuration.adapter import ConfigAdapter
from engines.registry import Registry
from routers.app import create_app
from routers.dialects import DIALECTS
from routers.listeners.checks import MAIN_PATHS, listener_problems, whole_check
from routers.profiles import PROFILES, find_profile
from stts.settings import Settings
from stts.settings.listeners import PREFIX


def said(listeners: Mapping[str, Any], **sections: Any) -> list[str]:
    """The problems as `key: message`."""
    settings = Settings.model_validate({"listeners": listeners, **sections})
    return [f"{'.'.join(problem.path)}: {problem.message}" for problem in listener_problems(settings)]


OPENAI = {"dialects": ["openai"], "port": 8081}
BELOW = {"dialects": ["openai"], "path": "/a"}


@pytest.mark.parametrize(
    ("listeners", "message"),
    [
        ({"Home": OPENAI}, "listeners.Home: a listener's name is of lower-case letters, digits, - and _, at most 40"),
        ({"default": OPENAI}, "listeners.default: this is the name of a listener that has a section of its own"),
        ({"a": {"port": 1}}, "listeners.a: names neither dialects nor a profile, so nothing would be spoken there"),
        ({"a": {"dialects": ["klingon"], "port": 1}}, "listeners.a.dialects: there is no such dialect"),
        ({"a": {"profile": "klingon", "port": 1}}, "listeners.a.profile: there is no such profile"),
        ({"a": {"dialects": ["openai"]}}, "listeners.a.port: needs a port, or a path on the main listener's address"),
        (
            {"a": {**OPENAI, "path": "/a"}},
            "listeners.a.port: belongs to an address of its own; a listener with a path is at that of the main one: "
            "take one of both",
        ),
        (
            {"a": {"dialects": ["openai"], "path": "/v1"}},
            "listeners.a.path: the main listener has routes below /v1 itself",
        ),
        (
            {"a": {**OPENAI, "port": 8000}},
            "listeners.a.port: server listens there too; each needs an address of its own",
        ),
        (
            {"a": OPENAI, "b": OPENAI},
            "listeners.b.port: listeners.a listens there too; each needs an address of its own",
        ),
        (
            {"a": BELOW, "b": {"dialects": ["native"], "path": "/a/b"}},
            "listeners.b.path: /a is that of listeners.a; no path may begin with another's",
        ),
        ({"a": {**OPENAI, "tls_key": "/nowhere"}}, "listeners.a.tls_key: cannot be read (No such file or directory)"),
        (
            {"a": {**OPENAI, "host": "192.168.1.7"}},
            "listeners.a.host: this address can be reached from other machines and no key is set: set "
            "listeners.a.security.keys or listeners.a.security.api_key, or listeners.a.security.allow_open: true if "
            "everybody may use it",
        ),
        (
            {"a": {"profile": "batch-api", "port": 8081}},
            "listeners.a.security.api_key: batch-api needs a token: set listeners.a.security.api_key or "
            "listeners.a.security.keys, or listeners.a.security.allow_open: true if everybody may use it",
        ),
        ({"a": {"dialects": ["batch-api"], "path": "/a"}}, "listeners.a.security.api_key: batch-api needs a token"),
        ({"a": {**OPENAI, "options": {"x": 1}}}, "listeners.a.options: openai has no options"),
        (
            {"a": {**OPENAI, "security": {"keys": True}}},
            "listeners.a.security.keys: needs security.keys: true, which opens the database of keys",
        ),
        (
            {"a": {**OPENAI, "security": {"allowed_origins": ["example.org"]}}},
            "listeners.a.security.allowed_origins: an origin is written with its scheme",
        ),
    ],
)
def test_what_is_wrong_is_said(listeners: Mapping[str, Any], message: str) -> None:
    assert any(each.startswith(message) for each in said(listeners)), said(listeners)


@pytest.mark.parametrize(
    "listeners",
    [
        {},
        {"a": OPENAI, "b": {"dialects": ["native", "openai"], "path": "/b"}},
        {"a": OPENAI, "b": {**OPENAI, "enabled": False}},
        {"a": {**OPENAI, "port": 0}, "b": {**OPENAI, "port": 0}},
        {"a": {**OPENAI, "host": "127.0.0.2"}, "b": OPENAI},
        {"a": {**OPENAI, "host": "0.0.0.0", "security": {"api_key": "secret"}}},
        {"a": {**OPENAI, "host": "0.0.0.0", "security": {"allow_open": True}}},
        {"a": {"profile": "batch-api", "port": 8081, "security": {"api_key": "secret"}}},
        {"a": {"profile": "batch-api", "port": 8081, "security": {"allow_open": True}}},
    ],
)
def test_what_is_right_is_not_refused(listeners: Mapping[str, Any]) -> None:
    assert said(listeners) == []


def test_a_token_may_be_that_of_the_main_listener() -> None:
    assert said({"a": {"profile": "batch-api", "port": 8081}}, security={"api_key": "secret"}) == []


@pytest.mark.parametrize("name", PROFILES)
def test_no_profile_leaves_loopback_by_itself(name: str) -> None:
    assert "host" not in find_profile(name).defaults


def test_an_engine_that_is_not_there_is_refused() -> None:
    check = whole_check(Registry())
    settings = Settings.model_validate({"listeners": {"a": {**OPENAI, "output": {"engine": "klingon"}}}})
    (problem,) = check(settings)
    assert (problem.path[-2:], problem.message) == (("output", "engine"), "there is no such engine")


def test_half_a_pair_of_tls_is_refused(tmp_path: Path) -> None:
    half = tmp_path / "key.pem"
    half.touch()
    (message,) = said({"a": {**OPENAI, "tls_key": str(half)}})
    assert message.startswith("listeners.a.tls_key: needs listeners.a.tls_certificate beside it")


def test_a_listener_beyond_loopback_is_open_only_where_it_says_so() -> None:
    elsewhere = {**OPENAI, "host": "192.168.1.7"}
    assert said({"a": elsewhere}, security={"api_key": "secret"}) == []
    (message,) = said({"a": {**elsewhere, "security": {"keys": False}}}, security={"api_key": "secret"})
    assert message.startswith("listeners.a.host: this address can be reached from other machines")


def test_the_paths_of_the_main_listener_are_known(tmp_path: Path) -> None:
    config = ConfigAdapter.load(None, {"STTS_STORAGE__ROOT": str(tmp_path)}, None)
    app = create_app(config.current(), config=config)
    routed = [getattr(route, "path", "") for route in app.routes]
    claimed = [prefix for dialect in DIALECTS.values() for prefix in dialect.prefixes]
    firsts = {path.split("/")[1] for path in [*routed, *claimed]} - {""}
    assert {first for first in firsts if PREFIX.fullmatch(f"/{first}")} == MAIN_PATHS
