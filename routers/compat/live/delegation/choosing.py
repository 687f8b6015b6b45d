"""Chooses who does the work of a session, by its delegation and the configuration."""

from __future__ import annotations

from routers.compat.live.delegation.app import AppBrain
from routers.compat.live.delegation.brain import Brain
from routers.compat.live.delegation.endpoint import has_language_model
from routers.compat.live.delegation.responses import ResponsesBrain
from routers.compat.live.delegation.talking import TalkingBrain
from routers.compat.live.session_schemas import ClientDelegation, Delegation
from stts.errors import InvalidParameter
from stts.settings import CurrentSettings


def make_brain(delegation: Delegation, instructions: str | None, settings: CurrentSettings) -> Brain:
    """Raises InvalidParameter for a delegation that nobody here can carry out."""
    talks = has_language_model(settings())
    if isinstance(delegation, ClientDelegation):
        return TalkingBrain(delegation, instructions, settings) if talks else AppBrain(delegation)
    if talks:
        return ResponsesBrain(delegation, instructions, settings)
    raise InvalidParameter(
        "No language model is configured for delegations of type `responses` (reply.adapter: openai).",
        param="session.delegation.type",
        allowed=["client"],
    )
