"""Client secrets that open sessions at every worker of a server, whichever has made them."""

from __future__ import annotations

from contextlib import suppress

from stts.access.client_secrets import ClientSecrets, Kept
from stts.access.keys import AccessKey
from stts.access.principal import Principal
from stts.access.roles import Role
from stts.peers.line import LineCut, Plain
from stts.peers.link import Peers
from stts.peers.secrets import TOLD_SECONDS


class WorkersSecrets:
    """One for a worker: tells the others of its secrets, and takes theirs."""

    def __init__(self, peers: Peers, secrets: ClientSecrets) -> None:
        self._peers = peers
        self._secrets = secrets
        secrets.shared = self
        peers.on("secrets.issued", self._take)
        peers.on_open.append(self._learn)

    async def issued(self, hash: bytes, kept: Kept) -> None:
        with suppress(LineCut):
            await self._peers.ask("secrets.issued", to_plain(hash, kept), TOLD_SECONDS + 1.0)

    def forget(self, owner: str) -> None:
        self._peers.tell("secrets.forget", owner)

    async def _learn(self) -> None:
        """Learns those that were made before this worker came."""
        with suppress(LineCut):
            for each in await self._peers.ask("secrets.all", None):
                self._take(each)

    def _take(self, value: Plain) -> None:
        self._secrets.take(bytes.fromhex(value["hash"]), from_plain(value))


def to_plain(hash: bytes, kept: Kept) -> Plain:
    """A secret as plain values. Of the key of its issuer there is no more than what finds it in the directory."""
    issuer, key = kept.issuer, kept.issuer.key
    return {
        "hash": hash.hex(),
        "expires_at": kept.expires_at,
        "session": kept.session,
        "door": kept.door,
        "name": issuer.name,
        "role": int(issuer.role),
        "subject": issuer.subject,
        "shown": issuer.secret_hash.hex() if issuer.secret_hash is not None else None,
        "key": None if key is None else [key.id, key.user_id, key.name],
        "user_id": None if key is None else key.user_id,
    }


def from_plain(value: Plain) -> Kept:
    """The secret that `to_plain` has written."""
    role, key = Role(value["role"]), None
    shown = bytes.fromhex(value["shown"]) if value["shown"] is not None else None
    if value["key"] is not None:
        id, user_id, name = value["key"]
        key = AccessKey(id=id, user_id=user_id, name=name, role=role, secret_hash=shown or b"", created_at=0.0)
    issuer = Principal(value["name"], role, key, shown, value["subject"])
    return Kept(value["expires_at"], value["session"], issuer, value["door"])
