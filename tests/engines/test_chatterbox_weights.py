"""Chatterbox from a hub, without one, and without room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from engines.registry import Registry
from engines.tts.chatterbox import ChatterboxFamily
from stts.engine_api import SpeechParams
from stts.errors import EngineAccessDenied, EngineOutOfMemory, EngineWeightsMissing
from tests.engines import contract, hub

pytestmark = pytest.mark.engines

NAMES = ("chatterbox", "chatterbox_multilingual", "chatterbox_turbo")


@pytest.fixture(autouse=True)
def fresh_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("PKUSEG_HOME", str(tmp_path / "pkuseg"))
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def serve(checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], hub.Hub]]:
    """Starts a hub that publishes an engine's weights, and makes it the hub of this process."""
    from spacy_pkuseg.config import config

    with ExitStack() as stack:

        def start(name: str) -> hub.Hub:
            served = hub.Hub({engine(name).weights.repository: checkpoint(name)})
            stack.enter_context(hub.running(served))
            monkeypatch.setenv("HF_ENDPOINT", served.url)
            monkeypatch.setitem(config.model_urls, "spacy_ontonotes", f"{served.url}/spacy_ontonotes.zip")
            return served

        yield start


def engine(name: str, **options: Any) -> ChatterboxFamily:
    created = Registry().create(name, {"device": "cpu", "threads": 1, **options})
    assert isinstance(created, ChatterboxFamily)
    return created


def speak(engine: ChatterboxFamily) -> int:
    (audio,) = engine.synthesize("Hi.", engine.info.voices[0], SpeechParams())
    return len(audio)


@pytest.mark.parametrize("name", NAMES)
def test_downloads_once_and_starts_offline_after(name: str, serve: Callable[[str], hub.Hub]) -> None:
    served, first = serve(name), engine(name)
    assert not first.weights_present()
    parts: list[float | None] = []
    first.load(lambda _, part: parts.append(part))
    assert speak(first)
    first.unload()
    done = [part for part in parts if part is not None]
    assert done == sorted(done) and done[0] == 0 and done[-1] == 1 and len(done) > 10
    assert served.fetched() >= set(first.weights.required)
    served.stop()
    asked = len(served.asked)
    second = engine(name)
    assert second.weights_present()
    second.load(contract.no_progress)
    assert speak(second)
    second.unload()
    assert len(served.asked) == asked


def test_english_and_multilingual_fetch_what_upstream_fetches(
    checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import chatterbox.mtl_tts
    import chatterbox.tts

    asked: set[str] = set()

    def one(filename: str, **_: Any) -> str:
        asked.add(filename)
        return str(checkpoint("chatterbox") / filename)

    def several(allow_patterns: list[str], **_: Any) -> str:
        asked.update(allow_patterns)
        return str(checkpoint("chatterbox_multilingual"))

    monkeypatch.setattr(chatterbox.tts, "hf_hub_download", one)
    chatterbox.tts.ChatterboxTTS.from_pretrained("cpu")
    weights = engine("chatterbox").weights
    assert asked == {*weights.required, *weights.optional}
    asked.clear()
    monkeypatch.setattr(chatterbox.mtl_tts, "snapshot_download", several)
    monkeypatch.setattr(chatterbox.mtl_tts.ChatterboxMultilingualTTS, "from_local", lambda *_: None)
    chatterbox.mtl_tts.ChatterboxMultilingualTTS.from_pretrained("cpu")
    weights = engine("chatterbox_multilingual").weights
    assert asked == {*weights.required, *weights.optional}


@pytest.mark.parametrize("refusal", [(401, "RepoNotFound"), (401, ""), (403, "GatedRepo"), (403, "")], ids=str)
def test_denied_access_says_what_to_do(refusal: tuple[int, str], serve: Callable[[str], hub.Hub]) -> None:
    serve("chatterbox_turbo").refusal = refusal
    with pytest.raises(EngineAccessDenied, match=r"ResembleAI/chatterbox-turbo.* HF_TOKEN"):
        engine("chatterbox_turbo").load(contract.no_progress)


def test_a_token_opens_a_gated_model(serve: Callable[[str], hub.Hub], monkeypatch: pytest.MonkeyPatch) -> None:
    serve("chatterbox").token = "secret"
    gated = engine("chatterbox")
    with pytest.raises(EngineAccessDenied):
        gated.load(contract.no_progress)
    monkeypatch.setenv("HF_TOKEN", "secret")
    gated.load(contract.no_progress)
    gated.unload()


def test_no_network_and_no_weights(serve: Callable[[str], hub.Hub]) -> None:
    serve("chatterbox").stop()
    with pytest.raises(EngineWeightsMissing, match=r"HF_ENDPOINT.* engines\.options\.chatterbox\.path"):
        engine("chatterbox").load(contract.no_progress)


def test_an_interrupted_download_is_not_taken_for_whole(serve: Callable[[str], hub.Hub]) -> None:
    served, wanted = serve("chatterbox"), engine("chatterbox")
    served.lost = {"t3_cfg.safetensors"}
    with pytest.raises(EngineWeightsMissing):
        wanted.load(contract.no_progress)
    assert not wanted.weights_present()
    served.lost.clear()
    served.breaks.append("t3_cfg.safetensors")
    served.asked.clear()
    wanted.load(contract.no_progress)
    assert served.fetched() == {"t3_cfg.safetensors"}, "what had come is kept"
    assert speak(wanted)
    wanted.unload()


class Full:
    """Raises as CUDA does where the work begins, as often as told."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self, original: Callable[..., Any]) -> Callable[..., Any]:
        import torch

        def guarded(*given: Any, **named: Any) -> Any:
            if self.times:
                self.times -= 1
                raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            return original(*given, **named)

        return guarded


@pytest.fixture
def seeming_gpu(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ChatterboxFamily]:
    """An engine that believes its model to be on a GPU; in truth it is read onto the CPU."""

    def make(checkpoint: Path, **options: Any) -> ChatterboxFamily:
        from chatterbox.tts import ChatterboxTTS

        real = ChatterboxTTS.from_local
        monkeypatch.setattr("engines.base_torch.is_available", lambda device: device in ("cuda", "cpu"))
        monkeypatch.setattr(ChatterboxTTS, "from_local", lambda folder, device: real(folder, "cpu"))
        return engine("chatterbox", path=str(checkpoint), **options)

    return make


def test_full_memory_while_speaking(
    seeming_gpu: Callable[..., ChatterboxFamily], checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from chatterbox.models.t3 import T3

    speaker = seeming_gpu(checkpoint("chatterbox"), device="auto")
    speaker.load(contract.no_progress)
    assert speaker.device == "cuda"
    monkeypatch.setattr(T3, "prepare_input_embeds", Full(times=1)(T3.prepare_input_embeds))
    assert speak(speaker) and speaker.device == "cpu"
    monkeypatch.setattr(T3, "prepare_input_embeds", Full(times=1)(T3.prepare_input_embeds))
    with pytest.raises(EngineOutOfMemory, match=r"engines\.options\.chatterbox\.device"):
        speak(speaker)
    assert speak(speaker), "and is not broken"
    speaker.unload()


def test_full_memory_on_the_device_that_was_asked_for(
    seeming_gpu: Callable[..., ChatterboxFamily], checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from chatterbox.models.s3gen import S3Gen

    speaker = seeming_gpu(checkpoint("chatterbox"), device="cuda")
    monkeypatch.setattr(S3Gen, "load_state_dict", Full(times=1)(S3Gen.load_state_dict))
    with pytest.raises(EngineOutOfMemory, match=r"engines\.options\.chatterbox\.device"):
        speaker.load(contract.no_progress)
    speaker.load(contract.no_progress)
    assert speak(speaker) and speaker.device == "cuda"
    speaker.unload()
