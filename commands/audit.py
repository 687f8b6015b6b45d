"""`stts audit`: the audit trail, read and verified without the server."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from commands.configured import ConfigOption, JSONOption, tell, with_stores
from stts.access.audit import AuditEntry, AuditFilter, ChainEnds, Fault, FaultKind, Link
from stts.access.audit_check import ChainReport, check_chain
from stts.errors import InvalidParameter
from stts.storage.database.stores import Stores

app = typer.Typer(no_args_is_help=True, help="The audit trail.")
BROKEN = 1
"""Exit status of `verify` for a trail that somebody changed."""
SAID = {
    FaultKind.CHANGED: "was changed",
    FaultKind.REMOVED: "was removed",
    FaultKind.REORDERED: "stands in another's place",
    FaultKind.DETACHED: "does not follow the one before it: one of them was replaced",
    FaultKind.ADDED: "was added behind the newest one",
    FaultKind.REMADE: "has another hash than the one that was noted",
}


@app.command()
def verify(
    noted: Annotated[
        str, typer.Option(metavar="SEQUENCE:HASH", help="A newest entry that an earlier `verify` told.")
    ] = "",
    config: ConfigOption = None,
    json: JSONOption = False,
) -> None:
    """Ends with status 0 if the trail is as it was written, 1 if an entry was changed, removed or moved."""
    link = _link(noted) if noted else None

    async def work(stores: Stores) -> ChainReport:
        return await check_chain(stores.audit, link)

    report = with_stores(config, work)
    answer = {"entries": report.entries, "fault": _fault(report.fault), **_ends(report.ends)}
    tell(answer, _said(report), as_json=json)
    if report.fault is not None:
        raise typer.Exit(BROKEN)


@app.command(name="list")
def listing(
    action: Annotated[str | None, typer.Option(help="As `key.create`.")] = None,
    actor: Annotated[str | None, typer.Option(help="As `key:0123456789ab` or `command`.")] = None,
    target: Annotated[str | None, typer.Option(help="The id or name that it is about.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most entries.")] = 100,
    config: ConfigOption = None,
    json: JSONOption = False,
) -> None:
    """Lists the newest entries, the newest last."""

    async def work(stores: Stores) -> list[AuditEntry]:
        wanted = AuditFilter(action=action, actor=actor, target=target)
        return await stores.audit.newest(wanted, most=limit)

    entries = with_stores(config, work)[::-1]
    lines = [f"{each.sequence:>7}  {_time(each.at)}  {each.actor}  {each.action}  {each.target}" for each in entries]
    tell([_members(each) for each in entries], "\n".join(lines) or "There are no entries.", as_json=json)


def _link(noted: str) -> Link:
    """Raises InvalidParameter."""
    found = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", noted)
    if found is None:
        raise InvalidParameter("It is written as `verify` told it: SEQUENCE:HASH.", param="noted")
    return Link(int(found[1]), bytes.fromhex(found[2]))


def _members(entry: AuditEntry) -> dict[str, Any]:
    names = ("sequence", "id", "at", "actor", "action", "target")
    hashes = {"previous": entry.previous.hex(), "hash": entry.hash.hex()}
    return {name: getattr(entry, name) for name in names} | {"details": dict(entry.details)} | hashes


def _fault(fault: Fault | None) -> dict[str, Any] | None:
    return {"sequence": fault.sequence, "kind": str(fault.kind)} if fault is not None else None


def _ends(ends: ChainEnds) -> dict[str, Any]:
    newest = {"sequence": ends.newest.sequence, "hash": ends.newest.hash.hex()}
    return {"newest": newest, "removed": {"sequence": ends.removed.sequence, "hash": ends.removed.hash.hex()}}


def _said(report: ChainReport) -> str:
    if report.fault is not None:
        return f"Entry {report.fault.sequence} {SAID[report.fault.kind]}. {report.entries} entries hold."
    newest = report.ends.newest
    return f"{report.entries} entries hold. The newest is {newest.sequence}:{newest.hash.hex()}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
