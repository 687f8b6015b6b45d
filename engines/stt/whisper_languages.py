"""The languages of Whisper's models, whoever runs them, and what Whisper calls each."""

from __future__ import annotations

from stts.languages import primary

LANGUAGES = (
    *("en", "zh", "de", "es", "ru", "ko", "fr", "ja", "pt", "tr", "pl", "ca", "nl", "ar", "sv", "it", "id"),
    *("hi", "fi", "vi", "he", "uk", "el", "ms", "cs", "ro", "da", "hu", "ta", "no", "th", "ur", "hr", "bg"),
    *("lt", "la", "mi", "ml", "cy", "sk", "te", "fa", "lv", "bn", "sr", "az", "sl", "kn", "et", "mk", "br"),
    *("eu", "is", "hy", "ne", "mn", "bs", "kk", "sq", "sw", "gl", "mr", "pa", "si", "km", "sn", "yo", "so"),
    *("af", "oc", "ka", "be", "tg", "sd", "gu", "am", "yi", "lo", "uz", "fo", "ht", "ps", "tk", "nn", "mt"),
    *("sa", "lb", "my", "bo", "tl", "mg", "as", "tt", "haw", "ln", "ha", "ba", "jv", "su"),
)
"""BCP 47; large-v3 and its kin also know `yue`."""
ALSO = ("nb", "fil")
"""Other tags of languages among them."""
CANTONESE = "yue"

_TO_WHISPER = {"jv": "jw", "nb": "no", "fil": "tl"}


def whisper_language(tag: str) -> str:
    """Whisper's code of a language: `en` of `en-US`, `no` of `nb`, `tl` of `fil`, `jw` of `jv`, `he` of `iw`."""
    code = primary(tag)
    return _TO_WHISPER.get(code, code)


def language_tag(code: str) -> str:
    """BCP 47 of one of Whisper's codes."""
    return "jv" if code == "jw" else code
