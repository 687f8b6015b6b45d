"""The bot's own sentences, in the languages of `texts/`."""

from __future__ import annotations

from pathlib import Path

from clients.chat.texts import Texts

FOLDER = Path(__file__).parent / "texts"
sentence = Texts(FOLDER).sentence
