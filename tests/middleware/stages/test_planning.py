"""A request carries what its caller may use, whether its route has said it or not."""

from __future__ import annotations

import io

from middleware.stages.planning import with_permission
from stts.access.permission import EVERYTHING, Permission
from stts.access.viewer import Viewer
from stts.plans import ListenRequest, SpeechRequest
from stts.speech import SynthesisConfig
from stts.transcription import AudioData, TranscriptionConfig

OURS = Permission(("tone",), viewer=Viewer("anna"))


def test_a_route_that_says_nothing_is_no_way_around() -> None:
    speech = with_permission(SpeechRequest("Hello", SynthesisConfig()), OURS)
    audio = AudioData(io.BytesIO(), 0)
    assert speech.config.permission == OURS
    assert with_permission(ListenRequest(audio, TranscriptionConfig()), OURS).config.permission == OURS
    assert with_permission(speech, Permission(("tone",))).config.permission == Permission(("tone",))


def test_what_the_route_has_said_is_not_copied() -> None:
    said = SpeechRequest("Hello", SynthesisConfig(permission=Permission(("tone",), viewer=Viewer("anna"))))
    assert with_permission(said, OURS) is said
    assert with_permission(said, EVERYTHING) is said
