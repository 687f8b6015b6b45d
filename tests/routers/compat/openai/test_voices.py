from __future__ import annotations

from routers.compat.openai.voices import HostedVoices
from stts.settings import OpenAISettings, Settings


def test_all_hosted_and_mapped_names_are_known() -> None:
    settings = Settings(openai=OpenAISettings(voices={"mimic": {"echo": "own", "mine": "own"}}))
    names = HostedVoices(lambda: settings).names()
    assert {"alloy", "cedar", "mine"} <= {*names}
    assert len(names) == 14
