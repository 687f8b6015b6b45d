import pytest

from stts.text.fillers import only_fillers


@pytest.mark.parametrize("text", ["", "  ", "Mhm.", "uh-huh", "Hmm, hm!", "...", "Oh, um"])
def test_sounds_of_listening_say_nothing(text: str) -> None:
    assert only_fillers(text)


@pytest.mark.parametrize("text", ["no", "Mhm, stop", "7", "stop", "да", "uh wait"])
def test_words_say_something(text: str) -> None:
    assert not only_fillers(text)
