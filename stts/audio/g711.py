"""ITU-T G.711: 8 bits a sample, by tables made from its formulas."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Law = Literal["pcmu", "pcma"]

MU_BIAS = 0x84
MU_CLIP = 32_635
ALTERNATE = 0x55
"""A-law inverts every other bit on the line."""


def decode(law: Law, data: bytes) -> NDArray[np.int16]:
    """Decodes 8-bit codes to 16-bit samples."""
    return _values(law)[np.frombuffer(data, np.uint8)]


def encode(law: Law, samples: NDArray[np.int16]) -> bytes:
    return _codes(law)[samples.view(np.uint16)].tobytes()


@cache
def _values(law: Law) -> NDArray[np.int16]:
    codes = np.arange(256)
    if law == "pcmu":
        bits = ~codes & 0xFF
        magnitude = (((bits & 0x0F) << 3) + MU_BIAS << ((bits >> 4) & 7)) - MU_BIAS
        return np.where(bits & 0x80, -magnitude, magnitude).astype(np.int16)
    bits = codes ^ ALTERNATE
    exponent = (bits >> 4) & 7
    mantissa = ((bits & 0x0F) << 4) + 8
    magnitude = np.where(exponent == 0, mantissa, (mantissa + 0x100) << np.maximum(exponent - 1, 0))
    return np.where(bits & 0x80, magnitude, -magnitude).astype(np.int16)


@cache
def _codes(law: Law) -> NDArray[np.uint8]:
    """Table from every 16-bit sample (as unsigned index) to its 8-bit code."""
    samples = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    if law == "pcmu":
        magnitude = np.minimum(np.abs(samples), MU_CLIP) + MU_BIAS
        exponent = _highest_bit(magnitude >> 7)
        code = (exponent << 4) | (magnitude >> (exponent + 3) & 0x0F)
        return (~(code | np.where(samples < 0, 0x80, 0)) & 0xFF).astype(np.uint8)
    # Negative samples are counted from -1 down: A-law has no zero.
    magnitude = np.where(samples < 0, ~samples, samples)
    exponent = _highest_bit(magnitude >> 7)
    code = (exponent << 4) | (magnitude >> np.maximum(exponent + 3, 4) & 0x0F)
    return ((code | np.where(samples < 0, 0, 0x80)) ^ ALTERNATE).astype(np.uint8)


def _highest_bit(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """Index of the highest bit set; 0 for 0."""
    return np.frexp(np.maximum(values, 1))[1].astype(np.int32) - 1
