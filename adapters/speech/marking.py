"""Which speech gets the watermark, by the operator's policy. What is to be marked and cannot be is not spoken."""

from __future__ import annotations

import asyncio

from stts.audio.watermark.network import WatermarkNetwork
from stts.audio.watermark.weights import watermark_network
from stts.engine_api import EngineInfo
from stts.errors import EngineLoadFailed
from stts.plans import SpeechPlan
from stts.settings import Settings

ASKED = "watermark"
"""A parameter by which an engine is asked to mark its speech, or not to."""


async def require_watermark(settings: Settings) -> None:
    """Raises EngineNotInstalled, EngineWeightsMissing and EngineLoadFailed where all speech is to be marked and the
    weights that do it are not here."""
    if settings.watermark.policy != "always":
        return
    network = watermark_network(settings.watermark.weights)
    if network.is_ready:
        return
    try:
        await asyncio.to_thread(lambda: network.encoder)
    except (OSError, ValueError) as error:
        raise EngineLoadFailed("The weights of the watermark cannot be read.") from error


def is_marked_here(policy: str, info: EngineInfo, pitch: float) -> bool:
    """True if the server writes the watermark. That of the engine itself outlasts all effects but a changed pitch."""
    return policy == "always" and not (info.watermarked and pitch == 0.0)


def network_of(plan: SpeechPlan, settings: Settings) -> WatermarkNetwork | None:
    """The network that marks the speech of a plan; None: it goes out as it is."""
    return watermark_network(settings.watermark.weights) if plan.watermark else None
