"""Checks of a start, a change and a reload beyond the model: engines that are not there, files for TLS."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, field_validator

from adapters.configuration import checks
from adapters.configuration.adapter import ConfigAdapter
from adapters.configuration.checks import operator_check
from adapters.configuration.problems import Check
from engines.registry import GROUP, Registry
from stts.audio.watermark import weights
from stts.errors import InvalidConfiguration
from stts.settings import Settings
from tests import fakes

CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBfTCCASOgAwIBAgIUDzOLMofwK4ESfoGWKJPKCMN2tv8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MB4XDTI2MTEyMTEwNTcwMloXDTM2MTExODEw
NTcwMlowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAELrGKuTwb3yRlYEwvXWicMQpO2tcoF6WGnvMYPgMvbUA+LtbBLWFHaK+N
xgknswg5TeogUFSk+ZCn5AaEoHxNIKNTMFEwHQYDVR0OBBYEFP/DMW4ELdw/N3d1
7wJ6Dk0g+QozMB8GA1UdIwQYMBaAFP/DMW4ELdw/N3d17wJ6Dk0g+QozMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAK0i4mKyqajAjrX0Qk6oC75h
EIKZlr0nWPS8IVUeZI8GAiAKVpTNCGVgU2Iy2XGV5QzNcS4D47WZh9EawpTJWmXJ
3Q==
-----END CERTIFICATE-----
"""
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgeSSTpHsIutEdaVS1
B1cOltSBn74Ul00RqcXx4XPh6r2hRANCAAQusYq5PBvfJGVgTC9daJwxCk7a1ygX
pYae8xg+Ay9tQD4u1sEtYUdor43GCSezCDlN6iBQVKT5kKfkBoSgfE0g
-----END PRIVATE KEY-----
"""
ENCRYPTED_KEY = """\
-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,3C4E078AFBA1A923A017986F95117D50

KifKMX7YmV8pnhzQVL6ZweFRnvNZiKtQTdAVrVOWlqa6EMJrozhh8Cw8hvWLaRKu
9amXNZ+uzHIUx8ue6h1LtcKi/CdSGbGg0u3+HPaKpDweJaN+WJiZHPOMcr6qokdB
qzJnu85FveZx2PDQU6Nt4mUhT7Lz7n8WSAwOAQJlHjk=
-----END EC PRIVATE KEY-----
"""
OTHER_KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHFxDhz08vqk2I2nF
Js9bFARkehjFKIo0AR1/4AB9is+hRANCAARakOREQ6Nr0E2YYQB9rKPaDYp6NzoL
zAOti7A3GiA38l6dgll58oLUAKuwK3336eI2bDBKyHGx788WOJLEkyTU
-----END PRIVATE KEY-----
"""
"""Made for these tests; they guard nothing."""


class Demanding(BaseModel):
    model_config = ConfigDict(extra="forbid")

    place: str


class NeedyEngine(fakes.ToneEngine):
    Options = Demanding  # type: ignore[assignment]


class Odd(BaseModel):
    place: str = ""

    @field_validator("place", mode="before")
    @classmethod
    def _break(cls, value: object) -> str:
        raise RuntimeError("this model is broken")


class OddEngine(fakes.ToneEngine):
    Options = Odd  # type: ignore[assignment]


def check(**extra: str) -> Check:
    """A check over the built-ins, `tone` (tts), `echo` (stt), `absent`, whose module is missing, and `extra`."""
    targets = {name: fakes.registry().target(name) for name in ("tone", "echo")} | {"absent": "no_such_module:Engine"}
    return operator_check(Registry([EntryPoint(name, target, GROUP) for name, target in {**targets, **extra}.items()]))


def adapter(
    path: Path, environ: Mapping[str, str] | None = None, extra: Mapping[str, str] | None = None
) -> ConfigAdapter:
    return ConfigAdapter.load(path, environ or {}, None, check(**(extra or {})))


def read(path: Path) -> str:
    return path.read_text()


def write(path: Path, text: str) -> None:
    path.write_text(text)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config.yaml"
    path.write_text("limits: {queue_length: 5}\n")
    return path


def refused(path: Path, text: str, extra: Mapping[str, str] | None = None) -> InvalidConfiguration:
    path.write_text(text)
    with pytest.raises(InvalidConfiguration) as caught:
        adapter(path, extra=extra)
    return caught.value


def test_the_defaults_are_right_without_any_heavy_engine() -> None:
    assert list(check()(Settings())) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tts:\n  order: [espeak, nope]\n", 'line 2: tts.order = "nope": there is no such engine'),
        ("tts:\n  order: [whisper]\n", 'line 2: tts.order = "whisper": there is no such engine for this'),
        ("tts:\n  voices:\n    espeek: de\n", "line 3: tts.voices.espeek: there is no such engine"),
        ("tts:\n  voices:\n    tone: nobody\n", 'line 3: tts.voices.tone = "nobody": this engine has no such voice'),
        (
            "tts:\n  language_voices:\n    tone: {en: nobody}\n",
            'line 3: tts.language_voices.tone.en = "nobody": this engine has no such voice',
        ),
        (
            "tts:\n  voices:\n    espeak: nobody\n",
            'line 3: tts.voices.espeak = "nobody": this engine has no such voice',
        ),
        ("stt:\n  order: [espeak]\n", 'line 2: stt.order = "espeak": there is no such engine for this'),
        ("stt:\n  vad: pocketsphinx\n", 'line 2: stt.vad = "pocketsphinx": there is no such engine for this'),
        ("stt:\n  vad: absent\n", 'line 2: stt.vad = "absent": there is no such engine for this; allowed: silero'),
        ("conversation:\n  turn_detector: silero\n", 'line 2: conversation.turn_detector = "silero": there is no such'),
        ("engines:\n  preload: [nope]\n", 'line 2: engines.preload = "nope": there is no such engine'),
        ("engines:\n  options:\n    whispr: {}\n", "line 3: engines.options.whispr: there is no such engine"),
        ("openai:\n  models:\n    tts-1: nope\n", 'line 3: openai.models.tts-1 = "nope": there is no such engine'),
        ("openai:\n  models:\n    tts-1: silero\n", 'line 3: openai.models.tts-1 = "silero": there is no such engine'),
        ("openai:\n  voices:\n    echo: {}\n", "line 3: openai.voices.echo: there is no such engine for this"),
        (
            "engines:\n  options:\n    whisper:\n      device: cpu\n      modell: small\n",
            "line 5: engines.options.whisper.modell: there is no such key; allowed: ",
        ),
        (
            "engines:\n  options:\n    chatterbox:\n      voice_cache: 0\n",
            "line 4: engines.options.chatterbox.voice_cache: must be greater than or equal to 1",
        ),
    ],
)
def test_a_start_is_refused_with_line_key_and_what_is_allowed(file: Path, text: str, said: str) -> None:
    error = refused(file, text)
    assert f"config.yaml, {said}" in str(error)
    assert "allowed: " in str(error) or "must be" in str(error) or "has no such" in str(error)


def test_all_problems_are_told_at_once(file: Path) -> None:
    said = str(
        refused(file, "stt: {vad: nope, order: [nope]}\nengines: {preload: [nope], options: {tone: {speed: 0}}}\n")
    )
    for key in ("stt.vad", "stt.order", "engines.preload", "engines.options.tone.speed"):
        assert key in said


def test_a_variable_is_named(file: Path) -> None:
    with pytest.raises(InvalidConfiguration, match=r"variable STTS_TTS__ORDER: tts\.order = \"nope\""):
        adapter(file, {"STTS_TTS__ORDER": "espeak,nope"})


def test_options_never_show_their_value(file: Path) -> None:
    said = str(refused(file, "engines: {options: {whisper: {model: [hunter2]}, tone: {speed: hunter2}}}\n"))
    assert "engines.options.tone.speed" in said
    assert "hunter2" not in said


def test_an_engine_that_does_not_import_may_be_named_where_it_costs_nothing(file: Path) -> None:
    file.write_text("tts: {order: [absent, tone]}\nstt: {order: [absent]}\nengines: {options: {absent: {any: 1}}}\n")
    assert adapter(file).current().tts.order == ("absent", "tone")


def test_an_engine_whose_own_model_is_broken_costs_the_others_nothing(file: Path) -> None:
    file.write_text("engines: {options: {odd: {place: here}}}\n")
    assert adapter(file, extra={"odd": f"{__name__}:OddEngine"}).current().engines.options == {"odd": {"place": "here"}}


async def test_options_that_an_engine_needs(file: Path) -> None:
    needy = {"needy": f"{__name__}:NeedyEngine"}
    assert "engines.options.needy.place: Field required" in str(refused(file, "limits: {}\n", extra=needy))
    write(file, "engines: {options: {needy: {place: here}}}\n")
    config = adapter(file, extra=needy)
    assert (await config.patch({"limits.queue_length": 7})).live == ("limits.queue_length",)


@pytest.mark.parametrize(
    "change",
    [
        {"stt.vad": "hunter2"},
        {"tts.order": ["espeak", "hunter2"]},
        {"stt.order": ["hunter2"]},
        {"tts.voices": {"hunter2": "de"}},
        {"engines.preload": ["hunter2"]},
        {"openai.models": {"tts-1": "hunter2"}},
        {"openai.models": {"hunter2": "silero"}},
        {"openai.voices": {"hunter2": {}}},
    ],
)
async def test_a_change_is_refused_and_not_repeated(file: Path, change: dict[str, Any]) -> None:
    config = adapter(file)
    before, now = read(file), config.current()
    for attempt in (config.validate, config.patch):
        with pytest.raises(InvalidConfiguration) as caught:
            await attempt({**change, "limits.queue_length": 9})
        (key,) = change
        assert caught.value.param == key
        assert (
            "silero" in (caught.value.allowed or ()) or "espeak" in (caught.value.allowed or ()) or key == "stt.order"
        )
        assert "hunter2" not in f"{caught.value} {caught.value.allowed}"
    assert (read(file), config.current()) == (before, now)


async def test_a_change_to_engines_that_are_there(file: Path) -> None:
    config = adapter(file)
    report = await config.patch({"tts.order": ["tone"], "stt.order": ["echo"], "openai.models": {"mine": "tone"}})
    assert report.live == ("tts.order", "stt.order", "openai.models")
    assert adapter(file).current() == config.current()


@pytest.mark.parametrize(
    "text", ["stt:\n  vad: nope\n", "engines:\n  options: {whispr: {}}\n", "engines:\n  options: {tone: {nope: 1}}\n"]
)
async def test_a_reload_is_refused_with_the_line_and_keeps_the_old(file: Path, text: str) -> None:
    config = adapter(file)
    write(file, text)
    with pytest.raises(InvalidConfiguration, match=r"config\.yaml, line 2"):
        await config.reload()
    assert config.current().limits.queue_length == 5


def tls(folder: Path, **files: str) -> list[str]:
    """The problems with these texts as files; a text that is empty is a file that is not there."""
    server = {}
    for field, text in files.items():
        path = folder / f"{field}.pem"
        if text:
            path.write_text(text)
        server[field] = str(path)
    problems = check()(Settings.model_validate({"server": server}))
    return [f"{'.'.join(problem.path)}: {problem.message}" for problem in problems]


def test_a_certificate_and_its_key(tmp_path: Path) -> None:
    assert tls(tmp_path, tls_certificate=CERTIFICATE, tls_key=KEY) == []
    assert tls(tmp_path, tls_certificate=KEY + CERTIFICATE, tls_key=KEY + CERTIFICATE) == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"tls_certificate": CERTIFICATE}, "server.tls_certificate: needs server.tls_key beside it"),
        ({"tls_key": KEY}, "server.tls_key: needs server.tls_certificate beside it"),
        ({"tls_certificate": "", "tls_key": KEY}, "server.tls_certificate: cannot be read (No such file"),
        ({"tls_certificate": CERTIFICATE, "tls_key": ""}, "server.tls_key: cannot be read (No such file"),
        ({"tls_certificate": CERTIFICATE, "tls_key": OTHER_KEY}, "server.tls_certificate: must be a PEM certificate"),
        (
            {"tls_certificate": CERTIFICATE, "tls_key": ENCRYPTED_KEY},
            "server.tls_certificate: must be a PEM certificate",
        ),
        ({"tls_certificate": "no", "tls_key": "no"}, "server.tls_certificate: must be a PEM certificate"),
    ],
)
def test_files_that_are_not_enough_for_tls(tmp_path: Path, files: dict[str, str], said: str) -> None:
    (problem,) = tls(tmp_path, **files)
    assert problem.startswith(said)


def test_a_name_that_no_file_can_have() -> None:
    server = {"tls_certificate": "a\0b", "tls_key": "a\0b"}
    assert len(list(check()(Settings.model_validate({"server": server})))) == 2


def test_tls_is_told_with_its_line(file: Path) -> None:
    said = str(refused(file, "server:\n  tls_certificate: nope.pem\n  tls_key: nope.key\n"))
    assert 'config.yaml, line 2: server.tls_certificate = "nope.pem": cannot be read' in said
    assert 'config.yaml, line 3: server.tls_key = "nope.key": cannot be read' in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("reply: {adapter: openai}\n", "reply.base_url: must be set where reply.adapter is openai"),
        ("reply: {adapter: openai, base_url: ' '}\n", "reply.base_url"),
        ("reply:\n  base_url: 127.0.0.1:11434\n", "line 2: reply.base_url"),
        ("reply: {base_url: 'http://[bad/v1'}\n", "reply.base_url"),
        ("reply: {base_url: 'http://h:99999/v1'}\n", "reply.base_url"),
        ("server: {port: 9000}\nwyoming: {enabled: true, port: 9000}\n", "wyoming.port"),
    ],
)
async def test_keys_that_need_another_are_refused_everywhere(file: Path, text: str, said: str) -> None:
    assert said in str(refused(file, text))
    write(file, "")
    config = adapter(file)
    write(file, text)
    with pytest.raises(InvalidConfiguration, match=r"reply\.base_url|wyoming\.port"):
        await config.reload()
    assert config.current() == Settings()


async def test_an_endpoint_is_chosen_only_where_its_address_is_known(file: Path) -> None:
    write(file, "")
    config = adapter(file)
    for attempt in (config.validate, config.patch):
        with pytest.raises(InvalidConfiguration, match="must be set where") as caught:
            await attempt({"reply.adapter": "openai"})
        assert caught.value.param == "reply.base_url"
    assert read(file) == ""
    write(file, "reply: {base_url: 'http://127.0.0.1:1/v1'}\n")
    await config.patch({"reply.adapter": "openai"})
    assert config.current().reply.adapter == "openai"


def test_a_missing_package_of_traces_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.model_validate({"telemetry": {"enabled": True}})
    assert list(checks.missing_pairs(settings)) == []
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    (problem,) = checks.missing_pairs(settings)
    assert problem.path == ("telemetry", "enabled")
    assert "pip install -r requirements/telemetry.txt" in problem.message
    assert list(checks.missing_pairs(Settings())) == []


def test_weights_that_all_speech_needs_are_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.model_validate({"watermark": {"policy": "always"}})
    assert list(checks.missing_pairs(settings)) == []
    monkeypatch.setattr(weights, "PACKAGE", "no_such_package")
    (problem,) = checks.missing_pairs(settings)
    assert problem.path == ("watermark", "policy")
    assert "pip install -r requirements/watermark.txt" in problem.message
    named = Settings.model_validate({"watermark": {"policy": "always", "weights": "/nowhere/weights"}})
    assert "watermark.weights" in next(iter(checks.missing_pairs(named))).message
    assert list(checks.missing_pairs(Settings())) == []
