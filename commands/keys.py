"""`stts keys`: keys of clients, made and revoked without the server; it learns of them within seconds."""

from __future__ import annotations

import time
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from commands.auditing import record
from commands.configured import ConfigOption, JSONOption, tell, with_stores
from stts.access.administration import Administration, IssuedKey, KeyWishes
from stts.access.audit import Action
from stts.access.audit_details import key_details
from stts.access.keys import AccessKey, KeyLimits
from stts.access.roles import ROLE_NAMES, Role
from stts.errors import InvalidParameter
from stts.storage.database.stores import Stores

app = typer.Typer(no_args_is_help=True, help="Keys of clients.")
DAY = 86_400.0
ANY = "any"
"""In the place of a limit: none."""


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for.")] = "key",
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLE_NAMES)}.")] = "write",
    user: Annotated[str, typer.Option(help="Id of an existing user; without it a new one is made.")] = "",
    days: Annotated[float | None, typer.Option(min=0.001, help="Days until it expires.")] = None,
    cache: Annotated[bool, typer.Option(help="Answer its speech from the cache, and keep it there.")] = True,
    subject: Annotated[
        list[str] | None,
        typer.Option(
            help="It names on whose behalf it asks (X-Subject), each within this limit, such as "
            "characters_per_day=20000; `any`: without one. May be given again."
        ),
    ] = None,
    config: ConfigOption = None,
    json: JSONOption = False,
) -> None:
    """Makes a key and shows it, once."""
    subjects = _subjects(subject)
    if role not in ROLE_NAMES:
        raise InvalidParameter("There is no such role.", param="role", allowed=ROLE_NAMES)

    async def work(stores: Stores) -> IssuedKey:
        administration = Administration(stores.users, stores.keys)
        owner = await administration.user(user) if user else await administration.create_user(name)
        if not user:
            await record(config, stores, Action.USER_CREATE, owner.id, {"name": owner.name})
        expires = time.time() + days * DAY if days is not None else None
        issued = await administration.create_key(
            KeyWishes(
                name=name,
                user_id=owner.id,
                role=Role.named(role),
                expires_at=expires,
                cache=cache,
                subjects=subjects,
            )
        )
        await record(config, stores, Action.KEY_CREATE, issued.key.id, key_details(issued.key))
        return issued

    _tell_issued(with_stores(config, work), as_json=json)


@app.command()
def rotate(
    key_id: str,
    overlap: Annotated[float, typer.Option(min=0, help="Seconds for which the secret before works on.")] = 0.0,
    config: ConfigOption = None,
    json: JSONOption = False,
) -> None:
    """Gives a key a new secret and shows it, once."""

    async def work(stores: Stores) -> IssuedKey:
        issued = await Administration(stores.users, stores.keys).rotate_key(key_id, overlap)
        await record(config, stores, Action.KEY_ROTATE, key_id, {"overlap_seconds": overlap})
        return issued

    _tell_issued(with_stores(config, work), as_json=json)


@app.command()
def revoke(key_id: str, config: ConfigOption = None, json: JSONOption = False) -> None:
    """Makes a key open nothing any more."""

    async def work(stores: Stores) -> AccessKey:
        key = await Administration(stores.users, stores.keys).revoke_key(key_id)
        await record(config, stores, Action.KEY_REVOKE, key_id)
        return key

    key = with_stores(config, work)
    tell(_members(key), f"{key.id} ({key.name}) is revoked.", as_json=json)


@app.command(name="list")
def listing(config: ConfigOption = None, json: JSONOption = False) -> None:
    """Lists all keys, without their secrets."""

    async def work(stores: Stores) -> list[AccessKey]:
        keys: list[AccessKey] = []
        while page := await stores.keys.all(after=keys[-1].id if keys else "", most=1000):
            keys += page
        return keys

    keys = with_stores(config, work)
    lines = [f"{key.id}  {key.role.label:5}  {_state(key):8}  {_day(key.last_used_at):10}  {key.name}" for key in keys]
    tell([_members(key) for key in keys], "\n".join(lines) or "There are no keys.", as_json=json)


def _subjects(named: list[str] | None) -> KeyLimits | None:
    """Raises InvalidParameter."""
    if not named:
        return None
    names = [each.name for each in fields(KeyLimits)]
    limits: dict[str, int] = {}
    for each in named:
        name, _, most = each.partition("=")
        if each != ANY and (name not in names or not most.isdecimal()):
            raise InvalidParameter("A limit is written as characters_per_day=20000.", param="subject", allowed=names)
        limits |= {} if each == ANY else {name: int(most)}
    return KeyLimits(**limits)


def _tell_issued(issued: IssuedKey, *, as_json: bool) -> None:
    answer = {**_members(issued.key), "key": str(issued.text)}
    tell(answer, f"{issued.text}\nIt is shown this once. Its id is {issued.key.id}.", as_json=as_json)


def _members(key: AccessKey) -> dict[str, Any]:
    names = ("id", "name", "user_id", "created_at", "expires_at", "revoked_at", "last_used_at", "cache", "version")
    subjects = (
        None
        if key.subjects is None
        else {name: most for name, most in asdict(key.subjects).items() if most is not None}
    )
    return {name: getattr(key, name) for name in names} | {"role": key.role.label, "subjects": subjects}


def _state(key: AccessKey) -> str:
    return "alive" if key.is_alive(time.time()) else "revoked" if key.revoked_at is not None else "expired"


def _day(at: float | None) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat() if at is not None else "never used"
