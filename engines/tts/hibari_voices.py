"""hibari's five voices. One comes with the package; each other is a model of its own, offered where it is."""

from __future__ import annotations

from dataclasses import dataclass

from stts.engine_api import Voice


@dataclass(frozen=True, slots=True)
class HibariVoice:
    voice: Voice
    file: str
    """Its network, within its model."""
    british: bool = False
    """Reads words as the British do."""

    @property
    def model(self) -> str:
        """The catalogue's id of its model."""
        return f"hibari-{self.voice.id}"


HEART = HibariVoice(Voice("heart", "Heart", ("en-US",), "female", level=-25.0), "hibari.onnx")
"""Its level was measured over ten sentences, which lie within 1.1 dB of it; the other voices' when they speak."""

VOICES = (
    HEART,
    HibariVoice(Voice("emma", "Emma", ("en-GB",), "female"), "bf_emma.int8.onnx", british=True),
    HibariVoice(Voice("fenrir", "Fenrir", ("en-US",), "male"), "am_fenrir_v2.int8.onnx"),
    HibariVoice(Voice("fable", "Fable", ("en-GB",), "male"), "bm_fable.int8.onnx", british=True),
    HibariVoice(Voice("kore", "Kore", ("en-US",), "female"), "af_kore.int8.onnx"),
)
"""The default first."""

_WOMAN, _YOUNG_WOMAN, _MAN, _BRITISH_MAN = ("heart",), ("kore", "heart"), ("fenrir", "fable"), ("fable", "fenrir")
HOSTED = {
    "alloy": _WOMAN, "ash": _MAN, "ballad": _BRITISH_MAN, "cedar": _MAN, "coral": _YOUNG_WOMAN, "echo": _MAN,
    "fable": _BRITISH_MAN, "marin": _WOMAN, "nova": _YOUNG_WOMAN, "onyx": _MAN, "sage": _WOMAN,
    "shimmer": _YOUNG_WOMAN, "verse": _MAN,
}  # fmt: skip
"""Hosted names: the voice that is always there for the usual ones."""
