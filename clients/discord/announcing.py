"""Nobody is listened to who was not told so aloud: the announcement, to all who are there and to each who comes."""

from __future__ import annotations

from clients.discord.guilds import Guilds
from clients.discord.listening import Ears


async def begin(guilds: Guilds, ears: Ears, guild: int, text_channel: int) -> bool:
    """Says aloud that the bot listens, and then listens; False: it could not say so to its end, or not there."""
    place = guilds.joined(guild)
    if place is None:
        return False
    channel = place.voice_channel
    ears.expect(guild)
    spoken = await guilds.announce(guild)
    if not spoken or place.voice is None or place.voice_channel != channel:
        ears.expect_not(guild)
        return False
    await ears.start(guild, place.voice, text_channel)
    return True


async def inform(guilds: Guilds, ears: Ears, guild: int, person: int) -> None:
    """Tells somebody who came; they are heard from then on. Where they cannot be told, the listening ends."""
    if not ears.comes(guild, person):
        return
    if await guilds.announce(guild):
        ears.aware(guild, person)
    elif await ears.stop(guild):
        await guilds.tell(guild, "listening_not_announced")
