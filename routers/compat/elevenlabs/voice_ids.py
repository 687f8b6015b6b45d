"""Voice ids and models of the hosted service, and what stands for them here.

Programs have the ids of the service's premade voices written into them. What is known of such a voice is whether it
sounds like a woman or a man; one of that kind speaks in its place, on whichever engine, by a name that means just that.
"""

from __future__ import annotations

from adapters.hosted_names import ModelCatalogue
from routers.compat.elevenlabs.options import ElevenLabsOptions
from stts.engine_state import AUTO
from stts.errors import UnknownModel
from stts.voice_names import Gender

STANDS_FOR: dict[Gender, str] = {"female": "nova", "male": "onyx", "": "alloy"}
"""Names that mean a voice of this kind on every engine."""
MODEL_PREFIX = "eleven_"

_FEMALE = (
    "21m00Tcm4TlvDq8ikWAM", "AZnzlk1XvdvUeBnXmlld", "EXAVITQu4vr4xnSDxMaL", "MF3mGyEYCl7XYWbV9V6O",
    "9BWtsMINqrJLrRacOk9x", "FGY2WhTYpPnrIDTdsKH5", "XB0fDUnXU5powFXDhCwa", "Xb7hH8MSUJpSbSDYk0k2",
    "XrExE9yKIg1WjnnlVkGX", "cgSgspJ2msm6clMCkdW9", "pFZP5JQG7iQjIQuC4Bku", "hpp4J3VqNfWAUOO0d1Us",
)  # fmt: skip
_MALE = (
    "ErXwobaYiN019PkySvjV", "TxGEqnHWrfWFTfGW9XjX", "VR6AewLTigWG4xSOukaG", "pNInz6obpgDQGcFmaJgB",
    "yoZ06aMxZJJ28mfd3POQ", "CwhRBWXzGAHq8TQ4Fs17", "IKne3meq5aSn9XLyUdCD", "JBFqnCBsd6RMkjVDRZzb",
    "N2lVS1w4EtoT3dr4eOWO", "TX3LPaxmHKxFdv7VOQHJ", "bIHbv24MWmeRgasZH58o", "cjVigY5qzO86Huf0OWal",
    "iP95p4xoKVk53GoZ742B", "nPczCjzI2devNBz1zQrb", "onwK4e9ZLuTAKqWW03F9", "pqHfZKP75CvOlQylNhV4",
)  # fmt: skip
_EITHER = ("SAz9YHcvj6GT2YYXdXww",)
PREMADE: dict[str, Gender] = {
    **dict.fromkeys(_FEMALE, "female"),
    **dict.fromkeys(_MALE, "male"),
    **dict.fromkeys(_EITHER, ""),
}
"""Premade voices of the hosted service: id -> how it sounds."""


class VoiceIds:
    """Reads ids and models as one listener has them."""

    def __init__(self, options: ElevenLabsOptions, models: ModelCatalogue) -> None:
        self._options = options
        self._models = models

    @property
    def takes_unknown(self) -> bool:
        """True if the default voice speaks for ids that are known nowhere."""
        return self._options.unknown_voice == "default"

    def voice(self, voice_id: str) -> str:
        """The voice that this server is asked for in place of an id."""
        chosen = self._options.voices.get(voice_id)
        if chosen is not None:
            return chosen
        gender = PREMADE.get(voice_id)
        return voice_id if gender is None else STANDS_FOR[gender]

    def is_stood_in_for(self, voice_id: str) -> bool:
        """True for a premade voice of the service for which the listener names no voice."""
        return voice_id in PREMADE and voice_id not in self._options.voices

    def engine(self, model_id: str | None, default: str) -> str:
        """The engine behind a model. `default`: that of the listener. Raises UnknownModel."""
        if not model_id:
            return default
        chosen = self._options.models.get(model_id, model_id)
        try:
            return self._models.engine(chosen, "tts")
        except UnknownModel as error:
            if chosen.startswith(MODEL_PREFIX):
                return default
            error.param = "model_id"
            raise

    def names(self) -> list[str]:
        """Models that can speak here, by all names that a request may use."""
        return [*self._options.models, *(name for name in self._models.names("tts") if name != AUTO)]
