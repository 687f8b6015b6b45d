"""The policy of devices, on an engine whose model is a number."""

from __future__ import annotations

import pytest

from engines.base_torch import CPU, TorchEngine, TorchOptions, is_available, limit_threads
from stts.engine_api import EngineInfo, Progress
from stts.errors import EngineLoadFailed, EngineOutOfMemory
from tests.engines.contract import no_progress

CUDA_MESSAGE = "CUDA out of memory. Tried to allocate 2.00 GiB."


class NumberEngine(TorchEngine):
    """Its model is the count of loads; `cramped` are devices without room for it."""

    Options = TorchOptions
    cramped: tuple[str, ...] = ()
    loads = 0

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="number", kind="tts", description="A number")

    def fetch(self, progress: Progress) -> None:
        progress("nothing to fetch", 1.0)

    def read_model(self, device: str) -> int:
        if device in self.cramped:
            raise RuntimeError(CUDA_MESSAGE)
        self.loads += 1
        return self.loads

    def work(self, *, too_big_for: tuple[str, ...] = ()) -> tuple[str, int]:
        def work(model: int) -> tuple[str, int]:
            if self.device in too_big_for:
                raise RuntimeError(CUDA_MESSAGE)
            return self.device, model

        return self.on_device(work)


@pytest.fixture(autouse=True)
def one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engines.base_torch.is_available", lambda device: device in ("cuda", CPU))


def test_auto_takes_the_first_device_there_is() -> None:
    engine = NumberEngine()
    engine.load(no_progress)
    assert engine.work() == ("cuda", 1)


def test_a_load_that_does_not_fit_goes_to_the_cpu() -> None:
    engine = NumberEngine()
    engine.cramped = ("cuda",)
    engine.load(no_progress)
    assert engine.work() == (CPU, 1)


def test_work_that_does_not_fit_is_done_on_the_cpu_and_stays_there() -> None:
    engine = NumberEngine()
    engine.load(no_progress)
    assert engine.work(too_big_for=("cuda",)) == (CPU, 2)
    assert engine.work() == (CPU, 2)
    engine.unload()
    engine.load(no_progress)
    assert engine.work() == ("cuda", 3)


@pytest.mark.parametrize(("device", "too_big_for"), [("auto", ("cuda", CPU)), ("cuda", ("cuda",)), (CPU, (CPU,))])
def test_no_room_names_the_setting(device: str, too_big_for: tuple[str, ...]) -> None:
    engine = NumberEngine(TorchOptions(device=device))
    engine.load(no_progress)
    with pytest.raises(EngineOutOfMemory, match=r"engines\.options\.number\.device"):
        engine.work(too_big_for=too_big_for)
    assert engine.work()


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(EngineLoadFailed, match=r"engines\.options\.number\.device is mps"):
        NumberEngine(TorchOptions(device="mps")).load(no_progress)


def test_other_errors_pass() -> None:
    engine = NumberEngine()
    engine.load(no_progress)

    def broken(_: int) -> None:
        raise RuntimeError("Sizes of tensors must match")

    with pytest.raises(RuntimeError, match="Sizes"):
        engine.on_device(broken)
    assert engine.device == "cuda"


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "CPU", ""])
def test_device_names(device: str) -> None:
    with pytest.raises(ValueError, match="device"):
        TorchOptions(device=device)


@pytest.mark.engines
def test_what_pytorch_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    assert is_available(CPU)
    assert is_available("cuda") is torch.cuda.is_available()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [is_available(device) for device in ("cuda", "cuda:1", "cuda:2")] == [True, True, False]


@pytest.mark.engines
def test_threads_leave_a_core_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    before = torch.get_num_threads()
    for cores, count, expected in ((8, None, 7), (1, None, 1), (8, 3, 3)):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, cores=cores: set(range(cores)), raising=False)
        limit_threads(count)
        assert torch.get_num_threads() == expected
    torch.set_num_threads(before)
