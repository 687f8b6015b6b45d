"""A few words by which people judge a voice, in its language."""

from __future__ import annotations

from collections.abc import Mapping

from stts.languages import primary

TEXTS: Mapping[str, str] = {
    "en": "Hello! This is how I sound when I read a sentence aloud.",
    "de": "Hallo! So klinge ich, wenn ich einen Satz vorlese.",
    "fr": "Bonjour ! Voici ma voix quand je lis une phrase.",
    "es": "¡Hola! Así sueno cuando leo una frase en voz alta.",
    "it": "Ciao! Ecco come suono quando leggo una frase.",
    "pt": "Olá! É assim que soo quando leio uma frase.",
    "nl": "Hallo! Zo klink ik als ik een zin voorlees.",
    "pl": "Cześć! Tak brzmię, kiedy czytam zdanie na głos.",
    "ru": "Привет! Так я звучу, когда читаю вслух.",
    "ja": "こんにちは。私の声はこのように聞こえます。",
    "zh": "你好！这就是我朗读时的声音。",
    "ko": "안녕하세요. 제 목소리는 이렇게 들립니다.",
}
"""Language -> words of a preview; for others those in English."""


def preview_text(language: str | None) -> str:
    """`language`: BCP 47; None: English."""
    return TEXTS.get(primary(language or "en"), TEXTS["en"])
