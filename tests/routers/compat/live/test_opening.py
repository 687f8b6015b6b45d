"""Sessions that are opened: by which models."""

from __future__ import annotations

import pytest

from middleware.listener import OutputDefaults
from routers.compat.live.opening import Openings
from stts.errors import UnknownModel
from tests.routers.compat.live.virtual_client import MODELS, SETTINGS

OPENINGS = Openings(MODELS, lambda: SETTINGS)


@pytest.mark.parametrize("model", ["nonsense", "gpt-4"])
def test_a_wrong_model_is_told_what_a_client_can_say(model: str) -> None:
    with pytest.raises(UnknownModel) as raised:
        OPENINGS.open({"model": model}, lambda: OutputDefaults("wav"))
    error = raised.value
    assert error.param == "session.model"
    assert list(error.allowed or ())[:2] == ["gpt-live-1", "gpt-live-1.1"]
    for known in error.allowed or ():
        OPENINGS.open({"model": known}, lambda: OutputDefaults("wav"))


def test_a_model_that_only_listens_is_one() -> None:
    opening = OPENINGS.open({"model": "whisper-1"}, lambda: OutputDefaults("wav"))
    assert opening.config.speak is not None
