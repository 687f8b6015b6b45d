"""Subtitle cues out of a transcript: short enough for their lines and for the clock, cut where it reads well.

House rules. A cue holds words of one segment. It ends at the end of a sentence or a clause, in a pause, or before a
conjunction, in this order, rather than anywhere. It stays for as long as it takes to read, where what follows lets it,
and never into the next: times are whole milliseconds before they are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from stts.languages import primary
from stts.text.units import Unit, units_of
from stts.transcription import Segment

SHORTEST_MS = 1000
"""Shortest time in milliseconds that a cue is shown, if the next one leaves it."""
LONG_PAUSE = 1.5
"""Seconds of silence within a segment that no cue spans."""
PAUSE = 0.25
"""Seconds of silence that separate clauses."""

SENTENCE_ENDS = ".!?…。！？｡؟।։"
CLAUSE_ENDS = ",;:–—、，；：،؛"
CLOSING = "\"'”’»)]}」』）】》"
CONJUNCTIONS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "and but or nor so yet because since although though unless until while when where which who that if",
        "de": "und aber oder denn sondern weil dass da obwohl wenn als während bevor nachdem damit ob wo",
        "fr": "et mais ou donc or ni car parce que qui quand lorsque si comme puisque où dont",
        "es": "y e pero o u sino porque que cuando si como aunque donde mientras",
        "it": "e ma o perché che quando se come anche dove mentre",
        "pt": "e mas ou porque que quando se como embora onde enquanto",
        "nl": "en maar of want omdat dat als toen terwijl waar die",
        "pl": "i ale lub albo bo ponieważ że gdy kiedy jeśli gdzie który która które",
        "ru": "и а но или потому что когда если где который которая которые чтобы",
    }.items()
}
"""Primary language -> words that a clause begins with."""

LEANING: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "a an the of to in on at by for with from my your his her its our their this these those not is are was",
        "de": "der die das den dem des ein eine einen einem einer im in an am auf zu mit von für nicht",
        "fr": "le la les un une des du de à au aux en dans par pour sur",
        "es": "el la los las un una de del en a por para con",
        "it": "il lo la i gli un una di del della in a da con per",
        "pt": "o a os as um uma de do da em no na por para com",
        "nl": "de het een van in op te met voor",
    }.items()
}
"""Primary language -> words that belong to the next."""

CUE_COST = 4.0
LINE_COST = 100.0
"""Cost of a line: more than any cut, so that no needless line is made."""
AT_SENTENCE, AT_CLAUSE, AT_CONJUNCTION, ANYWHERE, LEANS = 0.0, 1.0, 2.0, 9.0, 14.0
"""Costs of cutting at each kind of place."""
EMPTY_COST = 4.0
"""Extra cost of a nearly empty cue over a full one."""


@dataclass(frozen=True, slots=True)
class CueRules:
    line_width: int = 42
    """Columns: characters, of which the wide ones of East Asia count twice."""
    line_count: int = 2
    max_seconds: float = 7.0
    reading_speed: float = 17.0
    """Columns a second."""
    words_per_line: int | None = None


@dataclass(frozen=True, slots=True)
class Cue:
    start: int
    """Milliseconds from the start of the recording."""
    end: int
    """Later than the start, and not later than the next cue's start."""
    lines: tuple[str, ...]


def cues(segments: Iterable[Segment], rules: CueRules, duration: float) -> list[Cue]:
    """Makes the cues, in order. `duration`: seconds of the recording, past which no cue is shown."""
    writer = CueWriter(rules)
    made = [cue for segment in segments for cue in writer.push(segment)]
    return [*made, *writer.finish(duration)]


class CueWriter:
    """Makes the cues of a transcript that is still being made: each as soon as what follows it is known."""

    def __init__(self, rules: CueRules) -> None:
        self._rules = rules
        self._last: _Draft | None = None
        """The latest, whose end depends on what follows."""

    def push(self, segment: Segment) -> Iterator[Cue]:
        """Takes the next segment, and gives the cues that can be told by now."""
        for draft in _drafts(segment, self._rules):
            if self._last is None:
                self._last = draft
                continue
            draft = replace(draft, start=max(draft.start, self._last.start + 1))
            yield _timed(self._last, self._rules, draft.start)
            self._last = draft

    def finish(self, duration: float) -> Iterator[Cue]:
        """Gives the last cue. `duration`: seconds of the recording."""
        if self._last is not None:
            yield _timed(self._last, self._rules, max(round(duration * 1000), self._last.end))
            self._last = None


def _drafts(segment: Segment, rules: CueRules) -> Iterator[_Draft]:
    language = primary(segment.language or "en")
    for part in _spoken(units_of(segment, rules.line_width)):
        for block in _cut(part, rules, language, CUE_COST):
            start, end = max(0, round(block[0].start * 1000)), round(block[-1].end * 1000)
            yield _Draft(start, end, width(block), _lines(block, rules, language))


def _spoken(units: Sequence[Unit]) -> Iterable[Sequence[Unit]]:
    """Splits the units at long pauses."""
    first = 0
    for number in range(1, len(units) + 1):
        if number == len(units) or units[number].start - units[number - 1].end > LONG_PAUSE:
            yield units[first:number]
            first = number


def _cut(units: Sequence[Unit], rules: CueRules, language: str, piece_cost: float) -> list[Sequence[Unit]]:
    """The cheapest way to cut: the best way to each place, from the best ways to the places before it."""
    room = rules.line_width * rules.line_count
    costs = [0.0] + [float("inf")] * len(units)
    origins = [0] * (len(units) + 1)
    after = [_cut_cost(units, number, language) for number in range(len(units) + 1)]
    for start in range(len(units)):
        filling = _Filling(rules)
        for end in range(start + 1, len(units) + 1):
            if not filling.takes(units[end - 1]):
                break
            empty = 1 - min(1.0, filling.columns / room)
            cost = costs[start] + piece_cost + EMPTY_COST * empty**2 + after[end]
            if cost < costs[end]:
                costs[end], origins[end] = cost, start
    blocks: list[Sequence[Unit]] = []
    end = len(units)
    while end:
        blocks.append(units[origins[end] : end])
        end = origins[end]
    return blocks[::-1]


class _Filling:
    """Fills lines one after the other, as few as possible."""

    def __init__(self, rules: CueRules) -> None:
        self._rules = rules
        self.columns = 0
        """Columns of all lines together."""
        self._lines = self._column = self._words = 0
        self._start = 0.0

    def takes(self, unit: Unit) -> bool:
        """True if the unit still fits. The first one always does."""
        first = self._lines == 0
        if first:
            self._lines, self._start = 1, unit.start
        wanted = unit.columns + (unit.spaced and not first)
        most = self._rules.words_per_line
        full = most is not None and unit.spaced and self._words >= most
        if not first and (self._column + wanted > self._rules.line_width or full):
            self._lines += 1
            self._column = self._words = 0
            wanted = unit.columns
        self._words += unit.spaced or self._column == 0
        self._column += wanted
        self.columns += wanted
        in_time = unit.end - self._start <= self._rules.max_seconds
        return first or (self._lines <= self._rules.line_count and in_time)


def _cut_cost(units: Sequence[Unit], number: int, language: str) -> float:
    """Cost of a cut before the unit of this number."""
    if number in (0, len(units)):
        return 0.0
    before, after = units[number - 1], units[number]
    ending = before.text.rstrip(CLOSING)[-1:]
    if ending and ending in SENTENCE_ENDS:
        return AT_SENTENCE
    if (ending and ending in CLAUSE_ENDS) or after.start - before.end >= PAUSE:
        return AT_CLAUSE
    if after.text.lower() in CONJUNCTIONS.get(language, ()):
        return AT_CONJUNCTION
    return LEANS if before.text.lower() in LEANING.get(language, ()) else ANYWHERE


def width(units: Sequence[Unit]) -> int:
    """Columns of the units on one line."""
    return sum(unit.columns for unit in units) + sum(unit.spaced for unit in units[1:])


def _lines(units: Sequence[Unit], rules: CueRules, language: str) -> tuple[str, ...]:
    """Splits the units into as few lines as possible, cut as cues are."""
    alone = replace(rules, line_count=1, max_seconds=float("inf"))
    return tuple(_text(line) for line in _cut(units, alone, language, LINE_COST))


def _text(line: Sequence[Unit]) -> str:
    return "".join((" " if unit.spaced and number else "") + unit.text for number, unit in enumerate(line))


@dataclass(frozen=True, slots=True)
class _Draft:
    start: int
    """Milliseconds."""
    end: int
    columns: int
    lines: tuple[str, ...]


def _timed(draft: _Draft, rules: CueRules, following: int) -> Cue:
    """Extends a cue until it can be read, at most until what follows."""
    read = draft.start + max(SHORTEST_MS, round(draft.columns / rules.reading_speed * 1000))
    longest = draft.start + int(rules.max_seconds * 1000)
    end = min(max(draft.end, read), longest, following)
    return Cue(draft.start, max(end, draft.start + 1), draft.lines)
