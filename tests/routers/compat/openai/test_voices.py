from __future__ import annotations

from adapters.hosted_names import hosted_voices
from stts.settings import OpenAISettings, Settings


def test_all_hosted_and_mapped_names_are_known() -> None:
    settings = Settings(openai=OpenAISettings(voices={"mimic": {"echo": "own", "mine": "own"}}))
    names = hosted_voices(lambda: settings)
    assert {"alloy", "cedar", "mine"} <= {*names}
    assert len(names) == 14
