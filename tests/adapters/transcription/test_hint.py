from __future__ import annotations

from adapters.transcription.hint import HEARD_CHARACTERS, hint


def test_nothing_to_say_is_no_hint() -> None:
    assert hint((), "") is None


def test_keywords_stay_before_what_was_heard_however_long_that_is() -> None:
    assert hint(("Qdrant", "Traefik"), "") == "Qdrant, Traefik."
    found = hint(("Qdrant",), "word " * 500)
    assert found is not None and found.startswith("Qdrant. ")
    assert len(found) == len("Qdrant. ") + HEARD_CHARACTERS
