"""Reads the tensors of a checkpoint that torch has written, without torch: a ZIP of a pickle and of raw numbers.

A pickle may name any function, so this one may name three things only, and each becomes a harmless one of ours.
"""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensors = dict[str, NDArray[np.float32]]

MOST_BYTES = 200_000_000
"""Bytes of all numbers of a checkpoint that is read."""


def read_tensors(path: Path) -> Tensors:
    """The tensors of the model in a checkpoint, by their names. Raises OSError, ValueError for any other file."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(each.file_size for each in archive.infolist()) > MOST_BYTES:
                raise ValueError("The checkpoint is larger than any that is known.")
            pickled = next(each for each in archive.namelist() if each.endswith("/data.pkl"))
            with archive.open(pickled) as file:
                state = _Unpickler(file, archive, pickled.removesuffix("data.pkl")).load()
        return dict(state["model"])
    except (zipfile.BadZipFile, pickle.UnpicklingError, StopIteration, KeyError, TypeError, EOFError) as error:
        raise ValueError("This is no checkpoint with a model in it.") from error


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, archive: zipfile.ZipFile, prefix: str) -> None:
        super().__init__(file)
        self._archive = archive
        self._prefix = prefix

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Callable[..., Any] | str] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch", "FloatStorage"): "float32",
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError("The checkpoint names what no checkpoint of tensors needs.")
        return known[module, name]

    def persistent_load(self, pid: Any) -> NDArray[np.float32]:
        """The numbers of one tensor: `("storage", type, key, device, count)`."""
        _, _, key, _, count = pid
        numbers = np.frombuffer(self._archive.read(f"{self._prefix}data/{key}"), np.float32)
        if len(numbers) != count:
            raise pickle.UnpicklingError("The checkpoint is cut off.")
        return numbers


def _tensor(
    numbers: NDArray[np.float32], offset: int, shape: Sequence[int], strides: Sequence[int], *_: Any
) -> NDArray[np.float32]:
    """A tensor of numbers that lie in its own order, as all of a saved model do."""
    count = int(np.prod(shape))
    if tuple(strides) != tuple(int(np.prod(shape[place + 1 :])) for place in range(len(shape))):
        raise pickle.UnpicklingError("A tensor of the checkpoint is a view of another one.")
    part = numbers[offset : offset + count]
    return part.reshape(tuple(shape))
