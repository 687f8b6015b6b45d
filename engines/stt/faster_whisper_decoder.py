"""Regions of speech to words with a Whisper model in CTranslate2: several at once, guarded against loops.

A region is tried in a short window first. Where its words look wrong (they repeat themselves, are unlikely, or too many
for the time), it is tried in a whole one, and then at rising temperatures, up to a bound of work. What repeats itself
all the same, or is unlikely and sounds like no speech, is nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engines.stt.faster_whisper_region import Heard
from engines.stt.faster_whisper_vocabulary import Vocabulary
from engines.stt.faster_whisper_window import columns_of, spectrograms
from engines.stt.whisper_languages import whisper_language
from stts.errors import InvalidParameter

TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Tried after 0, as Whisper does."""
BUDGET = 4
"""Longest transcripts that all tries of a region may come to: noise must not cost more than speech."""
SUSPECT_LOGPROB = -0.8
"""Average in a short window below which the whole one is asked: clean speech has -0.1."""
NO_SPEECH, NO_SPEECH_LOGPROB = 0.9, -0.5
"""From this probability of no speech on, words this unlikely were made up: `you`, of hum and hiss."""
CLEAR = 0.6
"""Probability from which a language is the one that is spoken: of short utterances that were taken for another
language it was at most 0.57, of others at least 0.64."""
MOST_CHARACTERS_PER_SECOND = 40.0
"""Nobody says more."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One reading of a region."""

    tokens: list[int]
    text: str
    language: str | None
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    complete: bool
    """It ended by itself, and not at the longest that is allowed."""
    encoded: Any
    """The encoder's output: a batch of one."""
    columns: int
    """Columns of its window."""


class Decoder:
    """One model, for any thread."""

    def __init__(self, model: Any, vocabulary: Vocabulary, *, short_windows: bool) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self._short = short_windows
        self._multilingual: bool = model.is_multilingual

    def code_of(self, language: str | None) -> str | None:
        """Whisper's code of a language, None to detect it. Raises InvalidParameter for one that the model lacks."""
        if language is None:
            return None
        code = whisper_language(language)
        if not self._multilingual and code == "en":
            return None
        if not self._multilingual or code not in self.vocabulary.languages:
            raise InvalidParameter("This Whisper model does not know this language.", param="language")
        return code

    def codes_of(self, languages: Sequence[str]) -> frozenset[str]:
        """Whisper's codes of those languages that the model knows."""
        return frozenset(map(whisper_language, languages)) & self.vocabulary.languages.keys()

    def likely_code(self, language: str | None) -> str | None:
        """Whisper's code of a language that was spoken before; None: it was none of this model's."""
        code = None if language is None else whisper_language(language)
        return code if code in self.vocabulary.languages else None

    def decode(self, regions: Sequence[Heard]) -> Iterator[tuple[int, Attempt | None]]:
        """Words of each region with its number, as soon as they are known; None where nothing was said.

        All in one batch: their prompts have the same number of tokens, their guards the same values. A region whose
        whole window is asked for is alone in it.
        """
        columns = max(columns_of(each.seconds, whole=each.whole_window or not self._short) for each in regions)
        doubted = []
        for number, attempt in enumerate(self._attempt(regions, columns, regions[0].guards.temperature)):
            if self._doubts(regions[number], attempt):
                doubted.append((number, attempt))
            else:
                yield number, self._judged(regions[number], attempt)
        for number, attempt in doubted:
            yield number, self._judged(regions[number], self._again(regions[number], attempt))

    def _again(self, region: Heard, first: Attempt) -> Attempt:
        """Tries a doubtful region in the whole window, then at rising temperatures; the best of what was heard."""
        tried = [first]
        whole = columns_of(region.seconds, whole=True)
        if first.columns < whole:
            tried.append(self._attempt([region], whole, 0.0)[0])
        encoded = tried[-1].encoded
        for temperature in TEMPERATURES:
            spent = sum(len(attempt.tokens) for attempt in tried)
            if not self._wrong(region, tried[-1]) or spent > BUDGET * region.longest:
                break
            tried.append(self._attempt([region], whole, temperature, encoded)[0])
        if not self._wrong(region, tried[-1]):
            return tried[-1]
        # What was taken for another language in the short window reads likelier than it is.
        tried = [attempt for attempt in tried if attempt.language == tried[-1].language]
        plain = [attempt for attempt in tried if attempt.compression_ratio <= region.guards.compression_ratio]
        return max(plain or tried, key=lambda attempt: attempt.avg_logprob)

    def _doubts(self, region: Heard, attempt: Attempt) -> bool:
        """Whether another try is worth its time."""
        if region.interim or region.guards.temperature:
            return False
        unsure = attempt.columns < columns_of(region.seconds, whole=True) and attempt.avg_logprob < SUSPECT_LOGPROB
        return self._wrong(region, attempt) or (unsure and not _sounds_silent(region, attempt))

    def _wrong(self, region: Heard, attempt: Attempt) -> bool:
        """Whether these are hardly the words; silence that sounds like silence is right."""
        guards = region.guards
        return not _sounds_silent(region, attempt) and (
            attempt.compression_ratio > guards.compression_ratio
            or attempt.avg_logprob < guards.logprob
            or not attempt.complete
            or len(attempt.text) > MOST_CHARACTERS_PER_SECOND * region.sound.seconds
        )

    def _judged(self, region: Heard, attempt: Attempt) -> Attempt | None:
        looped = attempt.compression_ratio > region.guards.compression_ratio
        return None if looped or not attempt.text or _sounds_silent(region, attempt) else attempt

    def _attempt(
        self, regions: Sequence[Heard], columns: int, temperature: float, encoded: Any = None
    ) -> list[Attempt]:
        """Hears all regions once. `encoded`: what the encoder has made of them already, if it has."""
        import ctranslate2

        if encoded is None:
            mels = spectrograms([region.samples for region in regions], columns, self.model.n_mels)
            encoded = self.model.encode(ctranslate2.StorageView.from_array(mels))
        languages = self._languages(regions, encoded)
        prompts = [
            [*region.prompt, *self.vocabulary.begin(language, region.task), self.vocabulary.no_timestamps]
            for region, language in zip(regions, languages, strict=True)
        ]
        most = max(region.longest for region in regions)
        guards = regions[0].guards
        results = self.model.generate(
            encoded,
            prompts,
            beam_size=1 if temperature else guards.beam_size,
            # The library takes the smaller of half of it and what the prompt leaves.
            max_length=max(2 * most, len(prompts[0]) + most),
            return_scores=True,
            return_no_speech_prob=True,
            sampling_topk=0 if temperature else 1,
            sampling_temperature=temperature or 1.0,
        )
        return [
            self._read(result, language, temperature, most, _alone(encoded, place), columns)
            for place, (result, language) in enumerate(zip(results, languages, strict=True))
        ]

    def _languages(self, regions: Sequence[Heard], encoded: Any) -> list[str | None]:
        if not self._multilingual:
            return [None] * len(regions)
        if all(region.language for region in regions):
            return [region.language for region in regions]
        likely = self.model.detect_language(encoded)
        return [
            region.language
            or _likeliest([(name.strip("<|>"), p) for name, p in ranked], region.languages, region.likely)
            for region, ranked in zip(regions, likely, strict=True)
        ]

    def _read(
        self, result: Any, language: str | None, temperature: float, most: int, encoded: Any, columns: int
    ) -> Attempt:
        tokens = list(result.sequences_ids[0])
        text = self.vocabulary.text(self.vocabulary.text_tokens(tokens)).strip()
        # The library's score is the average over the words alone; Whisper counts the end among them.
        average = result.scores[0] * len(tokens) / (len(tokens) + 1)
        return Attempt(
            tokens=self.vocabulary.text_tokens(tokens),
            text=text,
            language=language,
            temperature=temperature,
            avg_logprob=float(np.clip(average, -100.0, 0.0)),
            compression_ratio=compression_ratio(text),
            no_speech_prob=float(result.no_speech_prob),
            complete=len(tokens) < most,
            encoded=encoded,
            columns=columns,
        )


def _sounds_silent(region: Heard, attempt: Attempt) -> bool:
    """Whether nobody spoke: silence is likely, and the words are not."""
    silence, words = attempt.no_speech_prob, attempt.avg_logprob
    threshold = region.guards.no_speech
    return (silence > threshold and words < region.guards.logprob) or (
        silence > max(threshold, NO_SPEECH) and words < NO_SPEECH_LOGPROB
    )


def _likeliest(ranked: Sequence[tuple[str, float]], among: frozenset[str], likely: str | None) -> str:
    """The first of the codes, likeliest first, that comes into question: `likely` where it is not clear."""
    code, probability = next((each for each in ranked if each[0] in among), ranked[0])
    return code if likely is None or probability >= CLEAR or (among and likely not in among) else likely


def _alone(encoded: Any, place: int) -> Any:
    """One region of what the encoder made of a batch."""
    if encoded.shape[0] == 1:
        return encoded
    import ctranslate2

    here = encoded.to_device(ctranslate2.Device.cpu)
    return ctranslate2.StorageView.from_array(np.array(here)[place : place + 1])


def compression_ratio(text: str) -> float:
    """How well a text compresses: one that repeats itself does better than 2.4."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0
