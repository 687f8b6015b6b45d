"""Texts that the benchmarks speak."""

from __future__ import annotations

SENTENCES = (
    "The ferry leaves the harbour at a quarter past nine.",
    "Nobody had told the baker that the bridge was closed.",
    "She counted eleven lamps along the empty quay.",
    "Rain is likely in the hills, and later on the coast.",
    "Please keep your ticket until the end of the journey.",
    "The second door on the left opens into the garden.",
    "His letter took four weeks to cross the mountains.",
    "A small brown dog slept under the kitchen table.",
    "We will need two more chairs and a longer rope.",
    "By evening the whole street smelled of fresh bread.",
)
"""About three seconds of speech each."""

TEN_SENTENCES = " ".join(SENTENCES)


def rotated(first: int, sentences: int) -> str:
    """A text that begins with another sentence for each listener, so that they do not all pause together."""
    return " ".join(SENTENCES[(first + number) % len(SENTENCES)] for number in range(sentences))
