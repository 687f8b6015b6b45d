"""The bot's slash commands, as Discord offers them to people."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Literal

import discord
from discord import app_commands

from clients.chat.languages import primary
from clients.discord.bot import Bot
from clients.discord.commands import FASTEST, SLOWEST
from clients.discord.platform import Asked, Kind, Person, Undeliverable
from clients.discord.texts import sentence

MESSAGE_CHARACTERS = 2000
"""Discord takes no longer messages."""
PUBLIC = ("join", "leave", "skip", "stop", "listen")
"""Commands whose answers concern all, and are seen by all."""
OFFERED = ("de",)
"""Languages of Discord's own programs that the bot writes, beside English."""


class Translations(app_commands.Translator):
    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        language, key = primary(str(locale)), string.extras.get("key")
        return sentence(language, key) if key and language in OFFERED else None


def offer(tree: app_commands.CommandTree, bot: Bot) -> None:
    """Puts all commands into the tree."""

    async def ask(command: str, interaction: discord.Interaction, argument: str = "") -> None:
        await interaction.response.defer(ephemeral=command not in PUBLIC, thinking=True)
        await bot.ask(command, _asked(interaction, argument))

    def add(name: str, callback: Callable[..., Coroutine[Any, Any, None]]) -> Any:
        words = app_commands.locale_str(sentence("en", f"menu_{name}"), key=f"menu_{name}")
        command = app_commands.Command(name=name, description=words, callback=callback)
        command.guild_only = True
        tree.add_command(command)
        return command

    def simple(name: str) -> None:
        async def callback(interaction: discord.Interaction) -> None:
            await ask(name, interaction)

        add(name, callback)

    async def say(interaction: discord.Interaction, text: app_commands.Range[str, 1, 4000]) -> None:
        await ask("say", interaction, text)

    async def voice(interaction: discord.Interaction, name: app_commands.Range[str, 0, 200] = "") -> None:
        await ask("voice", interaction, name)

    async def suggested(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        found = await bot.suggest(current)
        return [app_commands.Choice(name=name[:100], value=number[:100]) for name, number in found]

    async def speed(interaction: discord.Interaction, speed: app_commands.Range[float, SLOWEST, FASTEST]) -> None:
        await ask("speed", interaction, f"{speed:g}")

    async def language(interaction: discord.Interaction, language: app_commands.Range[str, 2, 35]) -> None:
        await ask("language", interaction, language)

    async def listen(interaction: discord.Interaction, switch: Literal["on", "off"]) -> None:
        await ask("listen", interaction, switch)

    for name in ("join", "leave", "skip", "queue", "stop", "health", "help"):
        simple(name)
    add("say", say)
    add("voice", voice).autocomplete("name")(suggested)
    add("speed", speed)
    add("language", language)
    add("listen", listen)


def _asked(interaction: discord.Interaction, argument: str) -> Asked:
    guild, person = interaction.guild, interaction.user
    assert guild is not None and interaction.channel_id is not None
    member = guild.get_member(person.id) or person
    state = getattr(member, "voice", None)

    async def answer(text: str) -> None:
        try:
            await interaction.edit_original_response(content=text[:MESSAGE_CHARACTERS])
        except (discord.HTTPException, OSError) as error:
            raise Undeliverable(type(error).__name__) from None

    return Asked(
        guild.id,
        interaction.channel_id,
        Person(person.id, person.display_name, str(interaction.locale), interaction.permissions.manage_channels),
        answer,
        voice_channel=state.channel.id if state and state.channel else None,
        named=lambda kind, number: name_in(guild, kind, number),
        guild_language=language_in(guild),
        argument=argument,
    )


def name_in(guild: discord.Guild, kind: Kind, number: int) -> str | None:
    """The name of what a text mentions by id."""
    if kind == "person":
        member = guild.get_member(number)
        return member.display_name if member else None
    if kind == "role":
        role = guild.get_role(number)
        return role.name if role else None
    channel = guild.get_channel_or_thread(number)
    return channel.name if channel else None


def language_in(guild: discord.Guild) -> str | None:
    """The language of a guild, where somebody chose it: all others are said to be American."""
    return str(guild.preferred_locale) if "COMMUNITY" in guild.features else None
