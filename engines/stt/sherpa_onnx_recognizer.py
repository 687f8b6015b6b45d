"""The library's recogniser of a model, made with its options."""

from __future__ import annotations

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


def make(model: SherpaModel, options: SherpaOnnxOptions, unit: str) -> Any:
    """An `OnlineRecognizer` for models that stream, else an `OfflineRecognizer`.

    `unit`: how hotwords are cut into tokens, empty where there are to be none. Raises EngineLoadFailed for files that
    the library cannot read. At some that are not what they say they are it ends the process.
    """
    import sherpa_onnx

    recognizer = sherpa_onnx.OnlineRecognizer if model.live else sherpa_onnx.OfflineRecognizer
    construct = getattr(recognizer, _MAKERS.get(model.kind, f"from_{model.kind}"))
    common = {"tokens": str(model.tokens), "num_threads": options.threads, "provider": options.provider}
    try:
        return construct(**_files(model), **common, **_own(model, options, unit))
    except (RuntimeError, ValueError, IndexError) as error:
        raise EngineLoadFailed(f"sherpa-onnx cannot read the model in {model.tokens.parent.name}.") from error


def _files(model: SherpaModel) -> dict[str, str]:
    """Paths by the library's names for them."""
    if model.kind == "paraformer":
        return {"paraformer": str(model.parts["model"])}
    return {part: str(path) for part, path in model.parts.items()}


def _own(model: SherpaModel, options: SherpaOnnxOptions, unit: str) -> dict[str, Any]:
    """Arguments that only some kinds have."""
    if model.kind == "nemo_transducer":
        return {"model_type": "nemo_transducer"}
    if model.kind == "sense_voice":
        only = primary(options.languages[0]) if len(options.languages) == 1 else ""
        return {"language": only if only in SENSE_VOICE_LANGUAGES else "auto", "use_itn": options.written_numbers}
    if model.kind == "whisper":
        only = whisper_language(options.languages[0]) if len(options.languages) == 1 else ""
        return {"language": only, "task": "transcribe"}
    if not model.beams:
        return {}
    beams: dict[str, Any] = {"decoding_method": options.decoding}
    if unit:
        beams |= {"modeling_unit": unit, "hotwords_score": options.hotwords_score}
        beams["bpe_vocab"] = str(model.vocabulary) if "bpe" in unit else ""
    return beams


def languages(model: SherpaModel | None, options: SherpaOnnxOptions) -> tuple[str, ...]:
    """BCP 47 tags that it understands, as the operator says or else as its kind does."""
    if options.languages:
        return options.languages
    if model is not None and model.kind == "sense_voice":
        return SENSE_VOICE_LANGUAGES
    if model is not None and model.kind == "whisper" and model.metadata.get("is_multilingual") == "1":
        return LANGUAGES
    return ("en",)
