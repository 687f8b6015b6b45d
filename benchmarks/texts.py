"""Texts that the benchmarks speak."""

from __future__ import annotations

from clients.command.measures import SENTENCES as SENTENCES

TEN_SENTENCES = " ".join(SENTENCES)


def rotated(first: int, sentences: int) -> str:
    """A text that begins with another sentence for each listener, so that they do not all pause together."""
    return " ".join(SENTENCES[(first + number) % len(SENTENCES)] for number in range(sentences))
