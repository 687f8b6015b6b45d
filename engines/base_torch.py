"""Base of engines on PyTorch: chooses the device and handles running out of its memory.

Where the operator leaves the device to us (`auto`), running out of memory moves the model to the CPU and the work is
tried once more; it stays there until the engine is loaded anew. Where the operator chose, the error names the setting.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from stts.engine_api import Engine, Progress
from stts.errors import EngineLoadFailed, EngineOutOfMemory
from stts.out_of_memory import is_out_of_memory

AUTO = "auto"
CPU = "cpu"

DeviceChoice = Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d{1,2})?)$")]
"""`auto`, or a device as PyTorch names it."""


class TorchOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    device: DeviceChoice = Field(
        default=AUTO, description="auto (cuda, then mps, then cpu), or a device as PyTorch names it."
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Threads of PyTorch on the CPU, for all engines of this process; None: one a core, less one for "
        "the server.",
    )


T = TypeVar("T")
logger = logging.getLogger(__name__)


class TorchEngine(Engine):
    """Keeps one model on one device."""

    devices: ClassVar[tuple[str, ...]] = ("cuda", "mps", CPU)
    """Devices that `auto` tries, first to last."""

    device = ""
    """Device of the model, now or last; empty before the first load."""
    _model: Any = None

    @property
    def wanted_device(self) -> str:
        """The configured device."""
        assert isinstance(self.options, TorchOptions)
        return self.options.device

    @abstractmethod
    def fetch(self, progress: Progress) -> None:
        """Makes sure that the weights are on this disk."""

    @abstractmethod
    def read_model(self, device: str) -> Any:
        """Reads the weights into a model on that device. Needs no network."""

    def load(self, progress: Progress) -> None:
        self.require_installed()
        self.require_no_fetch()
        self.fetch(progress)
        progress("importing PyTorch", None)
        self.device = self._choose_device()
        progress(f"reading weights onto {self.device}", None)
        self.on_device(lambda model: model)
        progress(f"ready on {self.device}", 1.0)

    def unload(self) -> None:
        self._model = None
        gc.collect()
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()

    def on_device(self, work: Callable[[Any], T]) -> T:
        """Runs `work(model)`; out of memory is tried once more on the CPU. Raises EngineOutOfMemory."""
        try:
            return self._attempt(work)
        except EngineOutOfMemory:
            if self.wanted_device != AUTO or self.device == CPU:
                raise
        # Here, behind the handler: its traceback kept the tensors of the failed attempt alive.
        logger.warning("%s ran out of memory on %s and goes on on the CPU", self.info.name, self.device)
        self.unload()
        self.device = CPU
        return self._attempt(work)

    def _attempt(self, work: Callable[[Any], T]) -> T:
        try:
            if self._model is None:
                self._model = self.read_model(self.device)
            return work(self._model)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise EngineOutOfMemory(
                f"{self.info.name} ran out of memory on {self.device}. Free some, or choose another device with "
                f"{self.option('device')}."
            ) from error

    def _choose_device(self) -> str:
        if self.wanted_device == AUTO:
            return next(device for device in self.devices if is_available(device))
        if not is_available(self.wanted_device):
            raise EngineLoadFailed(
                f"{self.option('device')} is {self.wanted_device}, which PyTorch does not find here."
            )
        return self.wanted_device


def limit_threads(count: int | None) -> None:
    """Limits the threads of PyTorch. A core is left to the server, since they wait for each other busily, and one that
    has to share its core with other work slows down all of them many times over.
    """
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(count or max(1, cores - 1))


def is_available(device: str) -> bool:
    """True if PyTorch can use the device. Imports torch, except for the CPU."""
    if device == CPU:
        return True
    import torch

    kind, _, index = device.partition(":")
    if kind == "cuda":
        return bool(torch.cuda.is_available()) and int(index or 0) < torch.cuda.device_count()
    return bool(torch.backends.mps.is_available())
