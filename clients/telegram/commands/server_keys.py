"""`/admin keys` and `/admin limits`: keys of the server are made, rotated and revoked, and what they may is changed."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote

from clients.chat.languages import DIGITS
from clients.telegram.commands import confirming
from clients.telegram.messenger import Button
from clients.telegram.turn import Turn

ROLES = ("read", "write", "admin")
LIMITS = (
    "requests_per_minute",
    "characters_per_day",
    "characters_per_month",
    "audio_seconds_in_per_day",
    "audio_seconds_in_per_month",
    "audio_seconds_out_per_day",
    "audio_seconds_out_per_month",
    "concurrent",
    "sessions",
)
NONE = ("none", "-", "–")
"""Values that take a limit away."""
MOST_SHOWN = 20
PAGE, MOST_PAGES = 1000, 10
EACH, PERSON = "each", "person"
"""Stand for each person who writes to the bot, and for one of them by their number."""
OWN = "bot"
"""Stands for the bot's own key."""
MOST_HOURS = 720


async def keys(turn: Turn, argument: str) -> None:
    """`/admin keys`, `… WORD`, `… make NAME [ROLE]`, `… rotate ID [HOURS]`, `… revoke ID`."""
    verb, _, rest = argument.partition(" ")
    if verb not in ("make", "rotate", "revoke"):
        await _list(turn, argument.strip())
    elif verb != "revoke" and not turn.message.private:
        # Whoever is in the group would have the key.
        await turn.tell("admin_key_private")
    elif not rest.strip():
        await turn.tell("admin_keys_how")
    elif verb == "make":
        await _make(turn, rest.split())
    else:
        await _end_secret(turn, verb, rest.split())


async def _list(turn: Turn, word: str) -> None:
    found = [key for key in await _all(turn) if word.casefold() in f"{key['id']} {key['name']}".casefold()]
    living = [key for key in found if key["revoked_at"] is None]
    lines = [f"{key['id']} {key['name']} ({key['role']}{_shown(key['limits'], ': ')})" for key in living[:MOST_SHOWN]]
    if len(living) > MOST_SHOWN:
        lines.append(turn.words("more", count=len(living) - MOST_SHOWN))
    await turn.tell("admin_keys", keys="\n".join(lines) or "–", revoked=len(found) - len(living))


async def _all(turn: Turn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for _ in range(MOST_PAGES):
        after = str(found[-1]["id"]) if found else ""
        page = await turn.desk.server.get("/admin/keys", limit=str(PAGE), after=after)
        found += page
        if len(page) < PAGE:
            break
    return found


async def _make(turn: Turn, words: list[str]) -> None:
    name, *roles = words
    if len(roles) > 1 or not set(roles) <= set(ROLES):
        # A role that is mistyped is no part of the name.
        await turn.tell("admin_key_role", roles=", ".join(ROLES))
        return
    wanted = {"name": name, "role": roles[0] if roles else "write"}
    await _show_secret(turn, await turn.desk.server.change("POST", "/admin/keys", wanted))


async def _end_secret(turn: Turn, verb: str, words: list[str]) -> None:
    """Asks first, for the secret before works no more; the key of the bot itself is left to who runs it."""
    hours = _number(words[1]) if len(words) > 1 else 0
    if hours is None or hours > MOST_HOURS:
        await turn.tell("admin_keys_how")
        return
    if words[0] in (OWN, (await turn.desk.server.get("/me")).get("key_id")):
        await turn.tell("admin_key_own")
        return
    key = await turn.desk.server.get(f"/admin/keys/{quote(words[0], safe='')}")
    if verb == "revoke":
        await confirming.ask(turn, partial(_revoke, key), "admin_key_revoke", id=key["id"], name=key["name"])
    else:
        await confirming.ask(
            turn, partial(_rotate, key, hours), "admin_key_rotate", id=key["id"], name=key["name"], hours=hours
        )


async def _revoke(key: dict[str, Any], turn: Turn) -> None:
    await turn.desk.server.change("DELETE", f"/admin/keys/{key['id']}")
    await turn.put("admin_key_revoked", id=key["id"], name=key["name"])


async def _rotate(key: dict[str, Any], hours: int, turn: Turn) -> None:
    body = {"overlap_seconds": 3600 * hours}
    await _show_secret(turn, await turn.desk.server.change("POST", f"/admin/keys/{key['id']}/rotate", body))


async def _show_secret(turn: Turn, key: dict[str, Any]) -> None:
    gone = Button(turn.words("admin_key_hide"), f"hide:{key['id']}")
    about = {name: key[name] for name in ("id", "name", "role", "key")}
    await turn.put("admin_key_made", buttons=[[gone]], **about)


async def hide(turn: Turn) -> None:
    """Takes the secret out of the chat: its message becomes one without it."""
    await turn.put("admin_key_hidden", id=turn.argument)


async def limits(turn: Turn, argument: str) -> None:
    """`/admin limits`, or `/admin limits WHOSE NAME=VALUE …`: of a key (its ID, `bot`), each person, or one of them."""
    me = await turn.desk.server.get("/me")
    if not argument:
        each = "–" if me.get("subjects") is None else _shown(me["subjects"]) or "–"
        await turn.tell("admin_limits", limits=_shown(me.get("limits") or {}) or "–", each=each)
        return
    whose, *wanted = argument.split()
    person = _number(wanted.pop(0)) if whose == PERSON and wanted else None
    changes = _changes(wanted)
    if whose == PERSON and person is not None and me.get("key_id") and (changes or wanted == [EACH]):
        await _limit_person(turn, str(me["key_id"]), person, changes)
        return
    if not changes or whose == PERSON:
        how = turn.words("admin_limits_how", names=", ".join(LIMITS))
        wrong = next((each for each in wanted if not _changes([each])), "")
        await turn.say("\n".join([turn.words("admin_limits_wrong", wrong=wrong), how] if wrong else [how]))
        return
    key_id = me.get("key_id") if whose in (EACH, OWN) else whose
    if not key_id:
        await turn.tell("admin_limits_no_key")
        return
    await _change(turn, str(key_id), "subjects" if whose == EACH else "limits", changes)


async def _change(turn: Turn, key_id: str, which: str, changes: dict[str, int | None]) -> None:
    path = f"/admin/keys/{quote(key_id, safe='')}"
    key = await turn.desk.server.get(path)
    now = {name: most for name, most in ((key[which] or {}) | changes).items() if most is not None}
    key = await turn.desk.server.change("PATCH", path, {"version": key["version"], which: now})
    whose = "admin_limits_each" if which == "subjects" else "admin_limits_key"
    await turn.tell(whose, id=key["id"], name=key["name"], limits=_shown(key[which]) or "–")


async def _limit_person(turn: Turn, key_id: str, person: int, changes: dict[str, int | None]) -> None:
    """Gives one person limits of their own, which begin as those of each; without any change those of each again."""
    subject = f"telegram:{person}"
    path = f"/admin/keys/{key_id}/subjects/{subject}"
    if changes:
        me = await turn.desk.server.get("/me", subject)
        now = (await _own(turn, key_id, subject)) or me.get("subjects") or {}
        now = {name: most for name, most in (now | changes).items() if most is not None}
        told = await turn.desk.server.change("PUT", path, now)
        await turn.tell("admin_limits_person", id=person, limits=_shown(told["limits"]) or "–")
    else:
        await turn.desk.server.change("DELETE", path)
        await turn.tell("admin_limits_person_each", id=person)


async def _own(turn: Turn, key_id: str, subject: str) -> dict[str, int] | None:
    found = await turn.desk.server.get(f"/admin/keys/{key_id}/subjects", limit=str(PAGE))
    return next((each["limits"] for each in found if each["name"] == subject and each["own_limits"]), None)


async def usage(turn: Turn, argument: str) -> None:
    """`/admin usage`, `/admin usage day`: who used most by the bot, with what."""
    me = await turn.desk.server.get("/me")
    if not me.get("key_id"):
        await turn.tell("admin_limits_no_key")
        return
    period = "day" if argument == "day" else "month"
    path = f"/admin/keys/{me['key_id']}/subjects"
    found = await turn.desk.server.get(path, limit=str(PAGE), period=period)
    lines = [_line(turn, each) for each in found[:MOST_SHOWN]]
    if len(found) > MOST_SHOWN:
        lines.append(turn.words("more", count=len(found) - MOST_SHOWN))
    await turn.tell("admin_usage", lines="\n".join(lines) or "–")


def _line(turn: Turn, subject: dict[str, Any]) -> str:
    used = {(each["unit"], each["period"]): round(each["amount"]) for each in subject["used"]}
    about: dict[str, object] = {
        "person": subject["name"].removeprefix("telegram:"),
        "today": used.get(("characters", "day"), 0),
        "month": used.get(("characters", "month"), 0),
        "heard": used.get(("audio_seconds_in", "month"), 0),
    }
    own = _shown(subject["limits"], " – ") if subject["own_limits"] else ""
    return turn.words("admin_usage_line", **about) + own


def _changes(wanted: list[str]) -> dict[str, int | None]:
    """Limits with their new values, None for those to be taken away; empty where anything is not as it should be."""
    found: dict[str, int | None] = {}
    for each in wanted:
        name, _, value = each.partition("=")
        number = None if value in NONE else _number(value)
        if name not in LIMITS or (number is None and value not in NONE):
            return {}
        found[name] = number
    return found


def _number(text: str) -> int | None:
    text = text.translate(DIGITS)
    return int(text) if text.isdecimal() and len(text) <= 12 else None


def _shown(limits: dict[str, int], before: str = "") -> str:
    return before + ", ".join(f"{name}={most}" for name, most in limits.items()) if limits else ""
