"""The library's recognisers of a model, made with its options: the first, and those of languages that are asked for.

A recogniser of Whisper or SenseVoice has one language, or detects it. Its stream has an option for the language that
does nothing, and a new configuration makes it hear otherwise, so another language is another recogniser.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from engines.stt.sherpa_onnx_models import Kind, SherpaModel
from engines.stt.sherpa_onnx_options import SherpaOnnxOptions
from engines.stt.whisper_languages import LANGUAGES, whisper_language
from stts.errors import EngineLoadFailed
from stts.languages import primary

SENSE_VOICE_LANGUAGES = ("zh", "en", "ja", "ko", "yue")

_MAKERS: Mapping[Kind, str] = {
    "streaming_transducer": "from_transducer",
    "nemo_transducer": "from_transducer",
    "streaming_paraformer": "from_paraformer",
    "streaming_zipformer_ctc": "from_zipformer2_ctc",
    "streaming_nemo_ctc": "from_nemo_ctc",
    "streaming_wenet_ctc": "from_wenet_ctc",
}
"""Constructors of the library that are not named like the kind."""


class Recognizers:
    """The first recogniser of a model stays; of those of other languages the ones that were asked for last do."""

    def __init__(self, model: SherpaModel, options: SherpaOnnxOptions, unit: str) -> None:
        """Makes the first one. `unit`: how hotwords are cut into tokens, empty where there are to be none.

        Raises EngineLoadFailed for files that the library cannot read. At some that are not what they say they are it
        ends the process.
        """
        self._model, self._options, self._unit = model, options, unit
        self._language = _only_language(model, options)
        self.first = _make(model, options, unit, self._language)
        """An `OnlineRecognizer` for models that stream, else an `OfflineRecognizer`."""
        self._others: OrderedDict[str, Any] = OrderedDict()

    def of(self, language: str | None) -> Any:
        """The recogniser for a BCP 47 tag; the first for None, and for what its model or the options do not tell apart.

        Raises EngineLoadFailed.
        """
        code = _code(self._model, language) if language else ""
        if not code or code == self._language or not self._options.language_recognizers:
            return self.first
        if code not in self._others:
            # Room first: each holds the weights again.
            while len(self._others) >= self._options.language_recognizers:
                self._others.popitem(last=False)
            self._others[code] = _make(self._model, self._options, self._unit, code)
        self._others.move_to_end(code)
        return self._others[code]


def _make(model: SherpaModel, options: SherpaOnnxOptions, unit: str, language: str) -> Any:
    import sherpa_onnx

    recognizer = sherpa_onnx.OnlineRecognizer if model.live else sherpa_onnx.OfflineRecognizer
    construct = getattr(recognizer, _MAKERS.get(model.kind, f"from_{model.kind}"))
    common = {"tokens": str(model.tokens), "num_threads": options.threads, "provider": options.provider}
    try:
        return construct(**_files(model), **common, **_own(model, options, unit, language))
    except (RuntimeError, ValueError, IndexError) as error:
        raise EngineLoadFailed(f"sherpa-onnx cannot read the model in {model.tokens.parent.name}.") from error


def _files(model: SherpaModel) -> dict[str, str]:
    """Paths by the library's names for them."""
    if model.kind == "paraformer":
        return {"paraformer": str(model.parts["model"])}
    return {part: str(path) for part, path in model.parts.items()}


def _own(model: SherpaModel, options: SherpaOnnxOptions, unit: str, language: str) -> dict[str, Any]:
    """Arguments that only some kinds have."""
    if model.kind == "nemo_transducer":
        return {"model_type": "nemo_transducer"}
    if model.kind == "sense_voice":
        return {"language": language or "auto", "use_itn": options.written_numbers}
    if model.kind == "whisper":
        return {"language": language, "task": "transcribe"}
    if not model.beams:
        return {}
    beams: dict[str, Any] = {"decoding_method": options.decoding}
    if unit:
        beams |= {"modeling_unit": unit, "hotwords_score": options.hotwords_score}
        beams["bpe_vocab"] = str(model.vocabulary) if "bpe" in unit else ""
    return beams


def _only_language(model: SherpaModel, options: SherpaOnnxOptions) -> str:
    """The code of the only language that the operator names; empty: it is detected, or the model has but one."""
    return _code(model, options.languages[0]) if len(options.languages) == 1 else ""


def _code(model: SherpaModel, language: str) -> str:
    """The library's code of a BCP 47 tag; empty where it has none."""
    if model.kind == "sense_voice":
        code = primary(language)
        return code if code in SENSE_VOICE_LANGUAGES else ""
    return whisper_language(language) if model.kind == "whisper" and _multilingual(model) else ""


def _multilingual(model: SherpaModel) -> bool:
    return model.metadata.get("is_multilingual") == "1"


def languages(model: SherpaModel | None, options: SherpaOnnxOptions) -> tuple[str, ...]:
    """BCP 47 tags that it understands, as the operator says or else as its kind does."""
    if options.languages:
        return options.languages
    if model is not None and model.kind == "sense_voice":
        return SENSE_VOICE_LANGUAGES
    if model is not None and model.kind == "whisper" and _multilingual(model):
        return LANGUAGES
    return ("en",)
