from __future__ import annotations

import asyncio
import errno
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from adapters.configuration.adapter import ConfigAdapter, configuration_file, startup_message
from adapters.configuration.keys import EACH, MASK, key_tree, keys_below
from adapters.configuration.overrides import OVERRIDES
from stts.errors import Forbidden, InvalidConfiguration, StorageFailed, StorageFull, STTSError
from stts.settings import Settings
from tests import patient

KEYS = {key.name: key for key in keys_below(key_tree(Settings))}

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that `storage.root`, where changes are saved, is in it."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_bytes((ROOT / "config.yaml").read_bytes())
    return path


def adapter(path: Path, environ: Mapping[str, str] | None = None, dotenv: Path | None = None) -> ConfigAdapter:
    return ConfigAdapter.load(path, environ or {}, dotenv)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def remove(path: Path) -> None:
    path.unlink()


def become_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def saved(file: Path) -> Any:
    """The saved overrides over the file."""
    path = file.parent / "data" / OVERRIDES
    return yaml.safe_load(read(path)) if path.exists() else None


def at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = getattr(value, name)
    return value


def broken(path: Path, text: str, environ: Mapping[str, str] | None = None) -> InvalidConfiguration:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidConfiguration) as caught:
        adapter(path, environ)
    return caught.value


def source(config: ConfigAdapter, name: str) -> str:
    return next(state.source for state in config.describe() if state.name == name)


def shown(config: ConfigAdapter, name: str) -> Any:
    return next(state.value for state in config.describe() if state.name == name)


def test_the_file_in_the_repository_holds_the_defaults(file: Path) -> None:
    assert adapter(file).current() == Settings()


def test_it_runs_without_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = ConfigAdapter.load(None, {}, None)
    assert config.current() == Settings()
    assert {state.source for state in config.describe()} == {"default"}


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="no such configuration file"):
        adapter(tmp_path / "other.yaml")


def test_each_layer_goes_over_the_one_below(file: Path, tmp_path: Path) -> None:
    file.write_text("limits: {queue_length: 1, decoders: 1, json_bytes: 5000}\n")
    dotenv = tmp_path / ".env"
    dotenv.write_text("STTS_LIMITS__DECODERS=2\nSTTS_LIMITS__JSON_BYTES=6000\nOTHER=1\n")
    config = adapter(file, {"STTS_LIMITS__JSON_BYTES": "7000", "STTS_PORT": "tcp://10.0.0.1:80"}, dotenv)
    limits = config.current().limits
    assert (limits.queue_length, limits.decoders, limits.json_bytes, limits.queue_seconds) == (1, 2, 7000, 30.0)
    names = ("queue_length", "decoders", "json_bytes", "queue_seconds")
    assert [source(config, f"limits.{name}") for name in names] == ["file", "dotenv", "environment", "default"]


def test_variables_reach_into_mappings(file: Path) -> None:
    file.write_text("engines:\n  options:\n    whisper: {model: small, device: cpu}\n")
    environ = {"STTS_ENGINES__OPTIONS__WHISPER__MODEL": "base", "STTS_OPENAI__MODELS__TTS-1": "espeak"}
    current = adapter(file, environ).current()
    assert current.engines.options == {"whisper": {"model": "base", "device": "cpu"}}
    assert current.openai.models == {**Settings().openai.models, "tts-1": "espeak"}


@pytest.mark.parametrize("value", ['["a", "b"]', "a, b", "a,b,"])
def test_lists_in_variables(file: Path, value: str) -> None:
    assert adapter(file, {"STTS_TTS__ORDER": value}).current().tts.order == ("a", "b")


def test_an_empty_variable_says_nothing(file: Path) -> None:
    empty = {"STTS_SECURITY__API_KEY": ""}
    assert adapter(file, empty).current().security.api_key is None
    file.write_text("security: {api_key: hunter2}\n")
    key = adapter(file, empty).current().security.api_key
    assert key is not None and key.get_secret_value() == "hunter2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("limits:\n  queue_length: 99999\n", "config.yaml, line 2: limits.queue_length = 99999: must be less than"),
        ("tts:\n  format: wave\n", "config.yaml, line 2: tts.format = \"wave\": must be 'wav', 'mp3'"),
        ("\nlimits:\n  queue: 1\n", "config.yaml, line 3: limits.queue: there is no such key; allowed: text_char"),
        ("sound: {}\n", "config.yaml, line 1: sound: there is no such key; allowed: server, security"),
        ("limits: 5\n", "config.yaml, line 1: limits: must be a mapping of keys"),
        ("limits:\n  decoders: 1\n  decoders: 2\n", "limits.decoders stands in line 2 already: write both into"),
        ("security:\n  keys: false\ntts: {}\nsecurity:\n  keys: true\n", "line 4: security stands in line 1 already"),
        ("S3cret: 1\nS3cret: 2\n", "config.yaml, line 2: this key stands in line 1 already"),
        ("limits: [\n", "config.yaml, line 2: not valid YAML"),
        ("- limits\n", "config.yaml, line 1: must be a mapping of sections"),
        ("limits:\n  call_seconds: .inf\n", "limits.call_seconds = Infinity: must be"),
        ("1: 2\n", "config.yaml, line 1: a key must be text"),
        ("a: &a {b: *a}\n", "config.yaml: not valid YAML"),
    ],
)
def test_a_broken_file_is_told_with_line_key_and_value(tmp_path: Path, text: str, said: str) -> None:
    assert said in str(broken(tmp_path / "config.yaml", text))


@pytest.mark.parametrize(
    "text",
    [
        "security: {api_key: [hunter2]}",
        "security: hunter2",
        "security: {api_key: *hunter2}",
        "security: {api_key: !hunter2 x}",
        "security: {api_key: !hunter2!x y}",
        "security: {api_key: {hunter2: 1}}",
        "security:\n  api_key: 'hunter2\n",
        "security:\n  api_key: @hunter2\n",
        "engines: {options: {whisper: [hunter2]}}",
        "hunter2",
    ],
)
def test_a_message_never_shows_a_secret(tmp_path: Path, text: str) -> None:
    assert "hunter2" not in str(broken(tmp_path / "config.yaml", text))


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidConfiguration, match="not UTF-8"):
        adapter(path)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "STTS_LIMITS__DECODERS",
            "x",
            'variable STTS_LIMITS__DECODERS: limits.decoders = "x": must be a whole number',
        ),
        ("STTS_LIMIT__DECODERS", "1", "variable STTS_LIMIT__DECODERS: there is no such section; allowed: server"),
        ("STTS_LIMITS__DECODER", "1", "variable STTS_LIMITS__DECODER: limits.decoder: there is no such key"),
        ("STTS_TTS__VOICES", "{", "variable STTS_TTS__VOICES: is not valid JSON"),
    ],
)
def test_a_broken_variable_is_named(file: Path, name: str, value: str, said: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        adapter(file, {name: value})
    assert said in str(caught.value)


def test_a_broken_dotenv_is_told_with_its_line(file: Path, tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("A=1\nthis is = not\n")
    with pytest.raises(InvalidConfiguration, match=r"\.env, line 2"):
        adapter(file, {}, dotenv)
    dotenv.write_text("\nSTTS_LIMITS__DECODERS=0\n")
    with pytest.raises(InvalidConfiguration, match=r"\.env, line 2: limits\.decoders"):
        adapter(file, {}, dotenv)


def test_the_message_at_a_start_that_fails(tmp_path: Path) -> None:
    error = broken(tmp_path / "config.yaml", "limits:\n  decoders: 0\n")
    assert startup_message(error).splitlines()[1].strip().startswith("config.yaml, line 2: limits.decoders = 0")
    # Nobody has named it: another program's may lie there by chance.
    assert str(Path("config.yaml").absolute()) in startup_message(error)
    assert len(startup_message(error, Path("config.yaml")).splitlines()) == 2


def test_which_file_is_meant() -> None:
    assert configuration_file(None, {}) is None
    assert configuration_file(None, {"STTS_CONFIG": "a.yaml"}) == Path("a.yaml")
    assert configuration_file("b.yaml", {"STTS_CONFIG": "a.yaml"}) == Path("b.yaml")


def test_secrets_are_masked(file: Path) -> None:
    environ = {"STTS_SECURITY__API_KEY": "hunter2", "STTS_ENGINES__OPTIONS__CHATTERBOX__HF_TOKEN": "hunter2"}
    config = adapter(file, environ)
    assert shown(config, "security.api_key") == MASK
    assert shown(config, "engines.options") == {"chatterbox": {"hf_token": MASK}}
    assert "hunter2" not in repr(config.describe())
    assert config.current().security.api_key is not None


@pytest.mark.parametrize(
    "options",
    [
        {"tokens": ["hunter2"]},
        {"hf_token": {"value": "hunter2"}},
        {"headers": {"Authorization": "Bearer hunter2", "Cookie": ["hunter2"]}},
        {"mirrors": [{"name": "a", "password": "hunter2"}, {"nested": [{"api_key": "hunter2"}]}]},
        {"passphrase": "hunter2", "secret": [["hunter2"]]},
        {"proxy": "http://me:hunter2@proxy:8080/", "mirrors": ["https://hunter2@mirror"]},
    ],
)
def test_secrets_in_options_are_masked_at_every_depth(file: Path, options: dict[str, Any]) -> None:
    file.write_text(yaml.safe_dump({"engines": {"options": {"mine": {"model": "small", **options}}}}))
    value = shown(adapter(file), "engines.options")["mine"]
    assert value["model"] == "small"
    assert set(value) == {"model", *options}
    assert "hunter2" not in repr(value)
    assert MASK in repr(value)


def test_what_is_no_secret_is_shown(file: Path) -> None:
    options = {"mine": {"sizes": [1, {"large": True}], "hub": "https://hub/a@b", "token": None}}
    file.write_text(yaml.safe_dump({"engines": {"options": options}}))
    assert shown(adapter(file), "engines.options") == options


@pytest.mark.parametrize("key", ["", " ", " hunter2", "hunter2\n", "\u00a0hunter2", "hunter2\t"])
def test_a_key_that_no_client_could_send_is_refused(file: Path, key: str) -> None:
    error = broken(file, yaml.safe_dump({"security": {"api_key": key}}))
    assert "security.api_key: " in str(error)
    assert "hunter2" not in str(error)
    if key:
        assert "must not begin or end with white space" in str(error)
        with pytest.raises(InvalidConfiguration, match=r"STTS_SECURITY__API_KEY: security\.api_key: must not"):
            adapter(ROOT / "config.yaml", {"STTS_SECURITY__API_KEY": key})


def test_the_schema_says_when_a_change_takes_effect(file: Path) -> None:
    schema = adapter(file).schema()
    assert schema["$defs"]["LimitSettings"]["properties"]["queue_length"]["live"] is True
    assert schema["$defs"]["ServerSettings"]["properties"]["port"]["protected"] is True


@pytest.mark.parametrize("changes", [{"limits": {"queue_length": 10}}, {"limits.queue_length": 10}])
async def test_a_live_key_takes_effect_at_once_and_is_saved(file: Path, changes: dict[str, Any]) -> None:
    config = adapter(file)
    before = read(file)
    report = await config.patch(changes)
    assert (report.live, report.restart, report.overridden) == (("limits.queue_length",), (), ())
    assert config.current().limits.queue_length == 10
    assert source(config, "limits.queue_length") == "runtime"
    assert read(file) == before
    assert saved(file) == {"limits": {"queue_length": 10}}
    assert adapter(file).current() == config.current()
    assert source(adapter(file), "limits.queue_length") == "runtime"


async def test_another_key_waits_for_a_restart(file: Path) -> None:
    config = adapter(file)
    report = await config.patch({"limits.decoders": 7})
    assert (report.live, report.restart) == ((), ("limits.decoders",))
    assert config.current().limits.decoders == 4
    assert [state.name for state in config.describe() if state.waiting] == ["limits.decoders"]
    assert adapter(file).current().limits.decoders == 7


async def test_the_environment_wins_over_a_change(file: Path) -> None:
    environ = {"STTS_LIMITS__QUEUE_LENGTH": "3", "STTS_OPENAI__MODELS__TTS-1": "espeak"}
    config = adapter(file, environ)
    report = await config.patch({"limits.queue_length": 10, "openai.models": {"tts-1": "whisper", "mine": "espeak"}})
    assert report.overridden == ("limits.queue_length", "openai.models")
    assert report.live == ("openai.models",)
    assert config.current().limits.queue_length == 3
    assert config.current().openai.models["tts-1"] == "espeak"
    assert config.current().openai.models["mine"] == "espeak"
    assert adapter(file).current().limits.queue_length == 10


async def test_entries_of_a_mapping_are_merged_and_null_takes_one_out(file: Path) -> None:
    config = adapter(file)
    await config.patch(
        {"tts.voices": {"espeak": "de", "chatterbox": "anna"}, "openai.voices": {"espeak": {"nova": "fr"}}}
    )
    await config.patch({"tts": {"voices": {"espeak": None}}, "openai.voices": {"espeak": {"echo": "de"}}})
    assert config.current().tts.voices == {"chatterbox": "anna"}
    assert config.current().openai.voices["espeak"] == {"nova": "fr", "echo": "de"}
    assert adapter(file).current() == config.current()


async def test_null_brings_the_default_back(file: Path) -> None:
    config = adapter(file)
    await config.patch({"limits.queue_length": 10, "openai.models": {"tts-1": None}})
    await config.patch({"limits.queue_length": None, "openai.models": None})
    assert config.current() == Settings()


@pytest.mark.parametrize("key", [key.name for key in KEYS.values() if key.protected])
async def test_protected_keys_are_refused_by_name(file: Path, key: str) -> None:
    config = adapter(file)
    with pytest.raises(Forbidden, match=re.escape(key)):
        await config.patch(
            {key.replace(".*", ".0"): None, "limits.queue_length": 10}
        )  # of a list an index, of a mapping a name
    assert saved(file) is None
    assert config.current() == Settings()


@pytest.mark.parametrize(
    "changes",
    [
        {"limits.queue_length": "hunter2"},
        {"limits.queue_length": 10, "limits.decoders": 0},
        {"hunter2": 1},
        {"limits.hunter2": 1},
        {"limits": "hunter2"},
        {"limits": None},
        {"openai.models": {"hunter2": {"hunter2": 1}}},
        {"openai.voices.hunter2.hunter2": 5},
        {"tts.order": "hunter2"},
        {"tts.voices": {"a": "\ud800hunter2"}},
        {"limits.call_seconds": float("nan")},
        {"": 1},
        {"limits.queue_length.hunter2": 1},
    ],
)
async def test_what_is_not_valid_changes_nothing_and_is_not_repeated(file: Path, changes: dict[str, Any]) -> None:
    config = adapter(file)
    for attempt in (config.validate, config.patch):
        with pytest.raises(InvalidConfiguration) as caught:
            await attempt(changes)
        assert "hunter2" not in f"{caught.value} {caught.value.param} {caught.value.allowed}"
    assert saved(file) is None
    assert config.current() == Settings()


async def test_validating_says_what_a_change_would_do_and_does_not_do_it(file: Path) -> None:
    config = adapter(file)
    report = await config.validate({"limits.queue_length": 10, "limits.decoders": 5})
    assert (report.live, report.restart) == (("limits.queue_length",), ("limits.decoders",))
    assert config.current() == Settings()
    assert saved(file) is None


async def test_a_change_needs_no_file_of_the_operator(tmp_path: Path) -> None:
    config = ConfigAdapter.load(None, {}, None)
    await config.patch({"limits.queue_length": 10})
    assert saved(tmp_path / "config.yaml") == {"limits": {"queue_length": 10}}
    assert not (tmp_path / "config.yaml").exists()
    assert stat.S_IMODE((tmp_path / "data" / OVERRIDES).stat().st_mode) == 0o600


async def test_changes_lie_under_the_storage_root(file: Path, tmp_path: Path) -> None:
    environ = {"STTS_STORAGE__ROOT": str(tmp_path / "other")}
    await adapter(file, environ).patch({"limits.queue_length": 10})
    assert (tmp_path / "other" / OVERRIDES).is_file()
    assert adapter(file, environ).current().limits.queue_length == 10
    assert adapter(file).current().limits.queue_length == 64


async def test_a_value_as_in_the_file_is_no_change_any_more(file: Path) -> None:
    write(file, "limits: {queue_length: 5}\ntts: {voices: {espeak: de}}\n")
    config = adapter(file)
    await config.patch({"limits.queue_length": 10, "tts.voices": {"espeak": None, "chatterbox": "anna"}})
    assert saved(file) == {"limits": {"queue_length": 10}, "tts": {"voices": {"espeak": None, "chatterbox": "anna"}}}
    assert adapter(file).current().tts.voices == config.current().tts.voices == {"chatterbox": "anna"}
    await config.patch({"limits.queue_length": 5, "tts.voices": {"chatterbox": None}})
    assert saved(file) == {"tts": {"voices": {"espeak": None}}}
    assert source(config, "limits.queue_length") == "file"
    await config.patch({"tts.voices.espeak": "de"})
    assert saved(file) is None
    assert adapter(file).current() == config.current()


async def test_the_log_tells_what_goes_over_the_file(file: Path) -> None:
    await adapter(file, {"STTS_LIMITS__DECODERS": "2"}).patch({"limits.queue_length": 10, "limits.decoders": 5})
    with capture_logs() as lines:
        adapter(file, {"STTS_LIMITS__DECODERS": "2"}).log_origins()
        adapter(file).log_origins()
    assert [line["keys"] for line in lines] == [["limits.queue_length"], ["limits.queue_length", "limits.decoders"]]


async def test_null_brings_the_default_back_over_the_file(file: Path) -> None:
    write(file, "limits: {queue_length: 5}\nopenai: {models: {mine: espeak}}\n")
    config = adapter(file)
    await config.patch({"limits.queue_length": None, "openai.models": None})
    assert config.current() == adapter(file).current() == Settings()
    assert saved(file)["openai"]["models"]["mine"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("limits: [\n", "overrides.yaml, line 2: not valid YAML"),
        ("limits:\n  queue: 5\n", "overrides.yaml, line 2: limits.queue: there is no such key; allowed: text_"),
        ("limits:\n  queue_length: 0\n", "overrides.yaml, line 2: limits.queue_length = 0: must be greater"),
        ("security:\n  allow_open: true\n", "overrides.yaml, line 2: security.allow_open: only the configuration file"),
        ("- 1\n", "overrides.yaml, line 1: must be a mapping of sections"),
    ],
)
async def test_saved_changes_that_are_broken_are_told_with_their_line(file: Path, text: str, said: str) -> None:
    config = adapter(file)
    (file.parent / "data").mkdir()
    write(file.parent / "data" / OVERRIDES, text)
    with pytest.raises(InvalidConfiguration) as caught:
        adapter(file)
    assert said in str(caught.value)
    for attempt in (config.reload, lambda: config.patch({"limits.queue_length": 8})):
        with pytest.raises(InvalidConfiguration):
            await attempt()
    assert config.current() == Settings()
    assert read(file.parent / "data" / OVERRIDES) == text


async def test_saved_changes_that_are_gone_at_reload_no_longer_hold(file: Path) -> None:
    config = adapter(file)
    await config.patch({"limits.queue_length": 10})
    remove(file.parent / "data" / OVERRIDES)
    assert (await config.reload()).live == ("limits.queue_length",)
    assert config.current() == Settings()


@pytest.mark.socket
def test_a_change_leaves_a_clone_clean(tmp_path: Path) -> None:
    for name in ("config.yaml", ".gitignore"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        done = patient.run(["git", *identity, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "clone")
    asyncio.run(
        ConfigAdapter.load(None, {}, None).patch({"limits.queue_length": 10, "openai.models": {"mine": "espeak"}})
    )
    assert git("status", "--porcelain") == ""


async def test_changes_at_the_same_time_are_all_kept(file: Path) -> None:
    config = adapter(file)
    names = [f"engine_{index}" for index in range(20)]
    await asyncio.gather(*(config.patch({"tts.voices": {name: "x"}}) for name in names))
    assert set(config.current().tts.voices) == set(names)
    assert adapter(file).current() == config.current()


async def test_what_the_operator_wrote_meanwhile_is_kept(file: Path) -> None:
    config = adapter(file)
    write(file, "# mine\nlimits:\n  queue_seconds: 5.0\n")
    report = await config.patch({"limits.queue_length": 10})
    assert report.live == ("limits.queue_length", "limits.queue_seconds")
    assert saved(file) == {"limits": {"queue_length": 10}}


async def test_a_file_that_is_broken_meanwhile_is_left_alone(file: Path) -> None:
    config = adapter(file)
    write(file, "limits: [")
    with pytest.raises(InvalidConfiguration, match="line 1"):
        await config.patch({"limits.queue_length": 10})
    assert read(file) == "limits: ["


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_cannot_be_written(file: Path) -> None:
    config = adapter(file)
    file.parent.chmod(0o500)
    try:
        with pytest.raises(StorageFailed, match="cannot be written"):
            await config.patch({"limits.queue_length": 10})
    finally:
        file.parent.chmod(0o700)
    assert config.current() == Settings()


async def test_a_disk_without_room_changes_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = adapter(file)

    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("adapters.configuration.overrides.replace_file", full)
    with pytest.raises(StorageFull, match="disk of the server is full"):
        await config.patch({"limits.queue_length": 10})
    assert config.current() == Settings()


async def test_a_crash_before_the_rename_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = adapter(file)
    await config.patch({"limits.queue_length": 9})

    def crash(self: Path, target: Path) -> Path:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(StorageFailed, match="Input/output error"):
        await config.patch({"limits.queue_length": 10})
    assert saved(file) == {"limits": {"queue_length": 9}}
    assert os.listdir(file.parent / "data") == [OVERRIDES]
    assert config.current().limits.queue_length == 9


async def test_reload_takes_live_keys_and_names_the_others(file: Path) -> None:
    config = adapter(file)
    write(file, "limits: {queue_length: 9, decoders: 9}\nserver: {port: 9}\n")
    report = await config.reload()
    assert (report.live, report.restart) == (("limits.queue_length",), ("server.port", "limits.decoders"))
    assert config.current().limits.queue_length == 9
    assert config.current().server.port == 8000
    assert source(config, "limits.queue_length") == "file"


@pytest.mark.parametrize("named", [True, False])
async def test_a_file_that_is_gone_at_reload_keeps_the_old_configuration(
    file: Path, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, "limits: {queue_length: 7}\n")
    monkeypatch.chdir(file.parent)
    config = ConfigAdapter.load(file if named else None, {}, None)
    remove(file)
    for attempt in (config.reload, lambda: config.patch({"limits.queue_length": 8})):
        with pytest.raises(InvalidConfiguration, match=r"config\.yaml: the configuration file is gone"):
            await attempt()
    assert [*os.listdir(file.parent)] == []
    assert config.current().limits.queue_length == 7
    write(file, "limits: {queue_length: 9}\n")
    await config.reload()
    assert config.current().limits.queue_length == 9


async def test_a_file_that_is_a_folder_at_reload_keeps_the_old_configuration(file: Path) -> None:
    write(file, "limits: {queue_length: 7}\n")
    config = adapter(file)
    become_folder(file)
    with pytest.raises(InvalidConfiguration, match=r"config\.yaml: cannot be read \(Is a directory\)"):
        await config.reload()
    assert config.current().limits.queue_length == 7


async def test_a_broken_file_at_reload_keeps_the_old_configuration(file: Path) -> None:
    config = adapter(file)
    await config.patch({"limits.queue_length": 10})
    write(file, "limits:\n  queue_length: none\n")
    with pytest.raises(InvalidConfiguration, match=r"line 2: limits\.queue_length"):
        await config.reload()
    assert config.current().limits.queue_length == 10
    assert source(config, "limits.queue_length") == "runtime"


NAMES = st.text(max_size=8) | st.sampled_from(["espeak", "tts-1", "a.b", "no", "- x", "#", "'", "\n", "\x85", "{"])
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "limits.queue_length": st.integers(-5, 20) | st.text(max_size=4) | st.none(),
        "limits.queue_seconds": st.floats() | st.none(),
        "tts.order": st.lists(NAMES, max_size=3) | NAMES,
        "tts.voices": st.dictionaries(NAMES, NAMES | st.none(), max_size=3) | st.none(),
        "openai.voices": st.dictionaries(NAMES, st.dictionaries(NAMES, NAMES | st.none(), max_size=2) | st.none()),
        "stt": st.dictionaries(st.sampled_from(["vad", "vad_threshold", "nothing"]), NAMES | st.floats(0, 1)),
    },
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(CHANGES, max_size=4))
def test_no_change_leaves_a_broken_file(file: Path, rounds: list[dict[str, Any]]) -> None:
    overrides = file.parent / "data" / OVERRIDES
    overrides.unlink(missing_ok=True)
    config = adapter(file)
    for changes in rounds:
        before = saved(file)
        try:
            asyncio.run(config.patch(changes))
        except STTSError:
            assert saved(file) == before
    fresh = adapter(file).current()
    live = [key for key in KEYS.values() if key.live and EACH not in key.path]
    assert [at(fresh, key.path) for key in live] == [at(config.current(), key.path) for key in live]
    assert file.read_bytes() == (ROOT / "config.yaml").read_bytes()
