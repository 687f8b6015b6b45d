"""Keys below sections in sections, mappings of sections and lists of sections, by path everywhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field, SecretStr

from adapters.configuration.adapter import ConfigAdapter
from adapters.configuration.keys import MASK, Key, key_tree, keys_below
from adapters.configuration.overrides import OVERRIDES
from adapters.configuration.reports import KeyState
from stts.errors import Forbidden, InvalidConfiguration, STTSError
from stts.settings import ReplySettings, Settings
from stts.settings.section import Section, fixed, live, protected


class Pause(Section):
    seconds: float = live("Pause.", default=0.5, gt=0)
    words: dict[str, float] = live("Pause after a word.", default_factory=lambda: {"and": 0.1})


class Talk(Section):
    pause: Pause = Pause()
    loud: bool = fixed("Loud.", default=False)


class Instance(Section):
    engine: str = protected("Engine.")
    copies: int = live("Copies.", default=1, ge=1)
    token: SecretStr | None = fixed("Token.", default=None)
    options: dict[str, Any] = protected("Options.", default_factory=dict)


class Listener(Section):
    port: int = protected("Port.", default=1)
    connections: int = live("Connections.", default=10, ge=1)


class Rule(Section):
    pattern: str = protected("Pattern.", default="")
    weight: float = live("Weight.", default=1.0)


class Tool(Section):
    command: str = Field(description="Command.", default="")
    weight: float = live("Weight.", default=1.0)


class Nested(Settings):
    tools: dict[str, Tool] = protected("Tools.", default_factory=lambda: {"own": Tool()})
    rules: tuple[Rule, ...] = live("Rules.", default=())
    talk: Talk = Talk()
    instances: dict[str, Instance] = fixed("Instances.", default_factory=dict)
    doors: tuple[Listener, ...] = protected("Listeners.", default=(Listener(),))


FILE = """
talk:
  pause:
    seconds: 0.7
  loud: true
instances:
  big: {engine: whisper, token: hunter2, options: {model: large, api_key: hunter2}}
  small:
    engine: whisper
doors:
  - port: 8000
  - port: 9000
    connections: 5
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config.yaml"
    path.write_text(FILE)
    return path


def adapter(path: Path, environ: Mapping[str, str] | None = None) -> ConfigAdapter:
    return ConfigAdapter.load(path, environ or {}, None, model=Nested)


def nested(config: ConfigAdapter) -> Nested:
    current = config.current()
    assert isinstance(current, Nested)
    return current


def states(config: ConfigAdapter) -> dict[str, KeyState]:
    return {state.name: state for state in config.describe()}


def write(path: Path, text: str) -> None:
    path.write_text(text)


def saved(file: Path) -> Any:
    path = file.parent / "data" / OVERRIDES
    return yaml.safe_load(path.read_text()) if path.exists() else None


def key(name: str) -> Key:
    return next(key for key in keys_below(key_tree(Nested)) if key.name == name)


def test_every_key_has_its_own_marks_and_words() -> None:
    assert key("talk.pause.seconds").live and not key("talk.loud").live
    assert key("instances.*.engine").protected and not key("instances.*.copies").protected
    assert key("instances.*.token").secret
    assert key("instances.*.copies").default == 1
    assert key("tools.*.command").protected and not key("tools.*.weight").protected
    assert key("doors.*.connections").description == "Connections."
    assert key("instances").kind == "entries" and key("doors").kind == "items"


def test_every_value_is_shown_by_its_path_with_its_source(file: Path) -> None:
    environ = {"STTS_INSTANCES__SMALL__COPIES": "3", "STTS_DOORS__1__CONNECTIONS": "7"}
    shown = states(adapter(file, environ))
    assert (shown["talk.pause.seconds"].value, shown["talk.pause.seconds"].source) == (0.7, "file")
    assert (shown["talk.pause.words"].value, shown["talk.pause.words"].source) == ({"and": 0.1}, "default")
    assert (shown["instances.small.copies"].value, shown["instances.small.copies"].source) == (3, "environment")
    assert shown["instances.small.engine"].source == "file"
    assert (shown["doors.1.connections"].value, shown["doors.1.connections"].source) == (7, "environment")
    assert (shown["doors.0.port"].value, shown["doors.0.connections"].source) == (8000, "default")


def test_secrets_are_masked_wherever_they_stand(file: Path) -> None:
    shown = states(adapter(file))
    assert shown["instances.big.token"].value == MASK
    assert shown["instances.small.token"].value is None
    assert shown["instances.big.options"].value == {"model": "large", "api_key": MASK}
    assert "hunter2" not in repr({name: state.value for name, state in shown.items()})


def test_a_mapping_or_list_without_anything_is_shown_itself(file: Path) -> None:
    file.write_text("doors: []\ninstances:\n")
    shown = states(adapter(file))
    assert (shown["instances"].value, shown["instances"].source) == ({}, "file")
    assert shown["doors"].value == []
    file.write_text("")
    assert states(adapter(file))["doors.0.port"].value == 1


def test_variables_reach_every_depth(file: Path) -> None:
    environ = {
        "STTS_TALK__PAUSE__SECONDS": "0.9",
        "STTS_TALK__PAUSE__WORDS__OR": "0.2",
        "STTS_INSTANCES__BIG__OPTIONS__MODEL": "small",
        "STTS_INSTANCES__NEW": '{"engine": "piper"}',
    }
    current = nested(adapter(file, environ))
    assert current.talk.pause == Pause(seconds=0.9, words={"and": 0.1, "or": 0.2})
    assert current.instances["big"].options == {"model": "small", "api_key": "hunter2"}
    assert current.instances["new"].engine == "piper"
    replaced = nested(adapter(file, {"STTS_DOORS": '[{"port": 1}]'}))
    assert replaced.doors == (Listener(port=1),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "talk:\n  pause:\n    second: 1\n",
            "line 3: talk.pause.second: there is no such key; allowed: seconds",
        ),
        ("talk:\n  pause: 5\n", "line 2: talk.pause: must be a mapping of keys"),
        ("instances:\n  big: {copies: 0, engine: a}\n", "line 2: instances.big.copies = 0: must be greater"),
        ("instances:\n  big:\n    engin: a\n", "line 3: instances.big.engin: there is no such key; allowed: engine, "),
        ("doors:\n  - port: 1\n  - prt: 2\n", "line 3: doors.1.prt: there is no such key; allowed: port, conn"),
        ("instances:\n  big:\n    engine: a\n    token: [hunter2]\n", "line 4: instances.big.token: must be"),
        ("doors:\n  a: {}\n", "line 1: doors: must be a list"),
    ],
)
def test_what_is_wrong_is_told_by_path_and_line(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(InvalidConfiguration) as caught:
        adapter(file)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_changes_by_path_are_live_or_wait(file: Path) -> None:
    config = adapter(file)
    report = await config.patch(
        {"talk.pause.seconds": 0.9, "talk": {"loud": False}, "instances.big.copies": 4, "doors.1.connections": 6}
    )
    assert report.live == ("talk.pause.seconds", "instances.big.copies", "doors.1.connections")
    assert report.restart == ("talk.loud",)
    assert saved(file) == {
        "talk": {"pause": {"seconds": 0.9}, "loud": False},
        "instances": {"big": {"copies": 4}},
        "doors": {"1": {"connections": 6}},
    }
    current = nested(config)
    assert (current.talk.pause.seconds, current.talk.loud) == (0.9, True)
    assert (current.instances["big"].copies, current.doors[1].connections) == (4, 6)
    assert nested(adapter(file)).talk == Talk(pause=Pause(seconds=0.9))
    shown = states(config)
    assert (shown["instances.big.copies"].source, shown["instances.big.engine"].source) == ("runtime", "file")
    assert shown["talk.loud"].waiting and not shown["talk.pause.seconds"].waiting


async def test_an_entry_comes_and_goes_as_its_mapping_says(file: Path) -> None:
    config = adapter(file)
    assert (await config.patch({"instances": {"small": None}})).restart == ("instances.small",)
    assert "small" in nested(config).instances
    assert "small" not in nested(adapter(file)).instances
    assert states(config)["instances.small"].waiting
    assert saved(file) == {"instances": {"small": None}}
    write(file, FILE.replace("small", "tiny"))
    assert (await config.reload()).restart == ("instances.tiny",)
    await config.patch({"talk.pause.words.or": 0.2})
    assert saved(file) == {"talk": {"pause": {"words": {"or": 0.2}}}}


async def test_a_list_is_replaced_and_its_items_changed(file: Path) -> None:
    config = adapter(file)
    assert (await config.patch({"rules": [{"weight": 2}, {}]})).live == ("rules.0", "rules.1")
    assert (await config.patch({"rules.1.weight": 3, "rules.0.weight": None})).live == (
        "rules.0.weight",
        "rules.1.weight",
    )
    assert nested(config).rules == nested(adapter(file)).rules == (Rule(), Rule(weight=3))
    assert (await config.patch({"rules.0": None})).live == ("rules.0.weight", "rules.1")
    assert nested(config).rules == nested(adapter(file)).rules == (Rule(weight=3),)
    await config.patch({"rules": None})
    assert saved(file) is None


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"instances.big.engine": "piper"}, "instances.*.engine"),
        ({"instances": {"new": {"engine": "hunter2"}}}, "instances.*.engine"),
        ({"instances.big.options.model": "small"}, "instances.*.options"),
        ({"doors": [{"connections": 5}]}, "doors"),
        ({"doors": {"7": {"connections": 5}}}, "doors"),
        ({"doors.0": None}, "doors"),
        ({"doors": None}, "doors"),
        ({"tools.own.command": "hunter2"}, "tools.*.command"),
        ({"tools.new.weight": 2}, "tools"),
        ({"rules": [{"weight": 2}, {"pattern": "hunter2"}]}, "rules.*.pattern"),
    ],
)
async def test_protected_keys_are_refused_at_every_depth(file: Path, changes: dict[str, Any], name: str) -> None:
    with pytest.raises(Forbidden) as caught:
        await adapter(file).patch(changes)
    assert caught.value.param == name
    assert saved(file) is None
    (file.parent / "data").mkdir()
    (file.parent / "data" / OVERRIDES).write_text("instances:\n  big:\n    engine: piper\n")
    with pytest.raises(InvalidConfiguration, match=r"line 3: instances\.big\.engine: only the configuration file"):
        adapter(file)


@pytest.mark.parametrize(
    "changes",
    [
        {"instances.hunter2.hunter2": 1},
        {"instances": {"hunter2": 5}},
        {"instances.hunter2.copies": 5},
        {"instances.big.copies": "hunter2"},
        {"talk.hunter2": 1},
        {"talk.pause": None},
        {"talk.pause": "hunter2"},
        {"doors": {"hunter2": {}}},
        {"talk.pause.words.hunter2": "hunter2"},
    ],
)
async def test_what_is_not_valid_is_not_repeated(file: Path, changes: dict[str, Any]) -> None:
    config = adapter(file)
    for attempt in (config.validate, config.patch):
        with pytest.raises(InvalidConfiguration) as caught:
            await attempt(changes)
        assert "hunter2" not in f"{caught.value} {caught.value.param} {caught.value.allowed}"
    assert saved(file) is None


async def test_a_secret_is_saved_as_it_is_and_shown_masked(file: Path) -> None:
    config = adapter(file)
    await config.patch({"instances.small.token": "hunter2"})
    token = nested(adapter(file)).instances["small"].token
    assert token is not None and token.get_secret_value() == "hunter2"
    assert states(adapter(file))["instances.small.token"].value == MASK


CHANGES = st.dictionaries(
    st.sampled_from(["talk.pause.seconds", "talk.loud", "instances.big.copies", "doors.1.connections"]),
    st.integers(-1, 3) | st.booleans() | st.none(),
) | st.dictionaries(
    st.sampled_from(["talk.pause.words", "talk.pause.words.or", "instances.small", "instances.big.token"]),
    st.none() | st.floats(0.1, 1) | st.dictionaries(st.sampled_from(["and", "or", "a.b"]), st.floats(0, 1) | st.none()),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(CHANGES, max_size=4))
def test_what_is_saved_says_what_was_changed(file: Path, rounds: list[dict[str, Any]]) -> None:
    (file.parent / "data" / OVERRIDES).unlink(missing_ok=True)
    config = adapter(file)
    for changes in rounds:
        before = saved(file)
        try:
            asyncio.run(config.patch(changes))
        except STTSError:
            assert saved(file) == before
        waiting = {name for name, state in states(config).items() if state.waiting}
        assert waiting <= {"talk.loud", "instances.small", "instances.big.token"}
    fresh = states(adapter(file))
    for name, state in states(config).items():
        if not state.waiting:
            assert (fresh[name].value, fresh[name].source) == (state.value, state.source)
    assert file.read_text() == FILE


def test_a_password_in_an_address_is_not_shown() -> None:
    configured = Settings(reply=ReplySettings(base_url="https://anna:sesame@chat.example/v1"))
    shown = json.dumps(key_tree(Settings).shown(configured))
    assert "sesame" not in shown and MASK in shown
