"""Voices of Google Translate: one for each language, and for some regions the same language from another server."""

from __future__ import annotations

from stts.engine_api import Voice
from stts.languages import english_name

_CODES = (
    *("af", "am", "ar", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "es", "et", "eu", "fi", "fr", "gl", "gu"),
    *("ha", "he", "hi", "hr", "hu", "id", "is", "it", "ja", "jv", "km", "kn", "ko", "la", "lt", "lv", "ml", "mr", "ms"),
    *("my", "nb", "ne", "nl", "pa", "pl", "pt", "ro", "ru", "si", "sk", "sq", "sr", "su", "sv", "sw", "ta", "te", "th"),
    *("fil", "tr", "uk", "ur", "vi", "yue", "zh-CN", "zh-TW"),
)
"""BCP 47."""
_TO_GOOGLE = {"he": "iw", "jv": "jw", "fil": "tl", "nb": "no", "fr-CA": "fr-CA", "pt-PT": "pt-PT"}
"""Our tags -> the codes that the service knows them by."""
_DOMAINS = {
    "en-US": "com", "en-GB": "co.uk", "en-AU": "com.au", "en-CA": "ca", "en-IN": "co.in", "en-IE": "ie",
    "en-ZA": "co.za", "en-NG": "com.ng", "fr-CA": "ca", "fr-FR": "fr", "pt-BR": "com.br", "pt-PT": "pt",
    "es-MX": "com.mx", "es-ES": "es", "es-US": "com",
}  # fmt: skip
"""Regions that are told by the server asked: its top-level domain."""


def code_of(tag: str) -> str:
    """The service's code of a voice. Regions other than those it knows are cut off."""
    if tag in _TO_GOOGLE or tag.startswith("zh-"):
        return _TO_GOOGLE.get(tag, tag)
    return tag.split("-")[0]


def top_level_domain(tag: str) -> str:
    return _DOMAINS.get(tag, "com")


def _voice(tag: str) -> Voice:
    language = tag.split("-")[0]
    tags = (tag,) if language == tag else (tag, language)
    return Voice(tag, f"{english_name(tag).title()} ({tag})", tags, "female")


VOICES: tuple[Voice, ...] = tuple(_voice(tag) for tag in (*_DOMAINS, *_CODES))
