"""`/admin`, for the people whom the settings name: users, keys, limits, engines, cache, figures, and words to all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from clients.telegram.commands import confirming, server_keys
from clients.telegram.messenger import Undeliverable
from clients.telegram.turn import Turn

MOST_LINES = 20


async def admin(turn: Turn) -> None:
    """Does what stands behind `/admin`; without anything there, or with something else, tells what there is."""
    if turn.message.person.id not in turn.desk.settings.admins:
        await turn.tell("not_an_admin", id=turn.message.person.id)
        return
    name, _, argument = turn.argument.strip().partition(" ")
    await _COMMANDS.get(name.lower(), _help)(turn, argument.strip())


async def _help(turn: Turn, argument: str) -> None:
    await turn.tell("admin")


async def _users(turn: Turn, argument: str) -> None:
    people = await turn.desk.chats.everybody()
    users = await turn.desk.server.get("/admin/users")
    lines = [f"{user['id']} {user['name']}" for user in users[:MOST_LINES]]
    await turn.tell("admin_users", chats=len(people), users="\n".join(lines) or "–")


async def _load(turn: Turn, argument: str) -> None:
    await _change_engine(turn, argument, "load")


async def _unload(turn: Turn, argument: str) -> None:
    await _change_engine(turn, argument, "unload")


async def _change_engine(turn: Turn, name: str, change: str) -> None:
    names = [str(engine["name"]) for engine in await turn.desk.server.get("/engines")]
    if name not in names:
        await turn.tell("no_engine", engine=name, engines=", ".join(names))
        return
    await turn.work(partial(_do_change_engine, turn, name, change))


async def _do_change_engine(turn: Turn, name: str, change: str) -> None:
    async with turn.showing("typing"):
        await turn.desk.server.change("POST", f"/engines/{name}/{change}")
    await turn.tell(f"admin_{change}ed", engine=name)


async def _cache(turn: Turn, argument: str) -> None:
    """`/admin cache`, `/admin cache clear`."""
    if argument == "clear":
        await confirming.ask(turn, _clear, "admin_cache_clear")
        return
    tiers = (await turn.desk.server.get("/cache"))["tiers"]
    lines = [f"{tier['tier']}: {tier['entries']} ({tier['bytes'] >> 20} MB)" for tier in tiers]
    await turn.tell("admin_cache", tiers="\n".join(lines) or "–")


async def _clear(turn: Turn) -> None:
    await turn.desk.server.change("DELETE", "/cache")
    await turn.put("admin_cache_cleared")


async def _stats(turn: Turn, argument: str) -> None:
    total = (await turn.desk.server.get("/analytics/summary"))["total"]
    first = total["first_item"]["p50"]
    await turn.tell(
        "admin_stats",
        operations=total["operations"],
        errors=total["errors"],
        first="–" if first is None else f"{1000 * first:.0f}",
        seconds=round(total["audio_seconds"]),
    )


async def _broadcast(turn: Turn, argument: str) -> None:
    """Asks first: what is sent to all is not taken back."""
    if not argument:
        await turn.tell("admin_broadcast_empty")
        return
    people = await turn.desk.chats.everybody()
    await confirming.ask(turn, partial(_confirmed, argument), "admin_broadcast", count=len(people), text=argument)


async def _confirmed(text: str, turn: Turn) -> None:
    await turn.put("admin_broadcast_begins")
    await turn.work(partial(_send_to_all, turn, text), endless=True)


async def _send_to_all(turn: Turn, text: str) -> None:
    sent = refused = 0
    for chat in await turn.desk.chats.everybody():
        try:
            await turn.desk.messenger.send_text(chat, text)
            sent += 1
        except Undeliverable:
            refused += 1
    await turn.tell("admin_broadcast_sent", sent=sent, refused=refused)


_COMMANDS: dict[str, Callable[[Turn, str], Awaitable[None]]] = {
    "users": _users,
    "keys": server_keys.keys,
    "limits": server_keys.limits,
    "usage": server_keys.usage,
    "load": _load,
    "unload": _unload,
    "cache": _cache,
    "stats": _stats,
    "broadcast": _broadcast,
}
