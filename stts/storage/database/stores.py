"""All repositories over one open database."""

from __future__ import annotations

from dataclasses import dataclass

from stts.storage.database.address import DatabaseAddress
from stts.storage.database.audit import Audit
from stts.storage.database.batch_work import WorkOnBatches
from stts.storage.database.batches import Batches
from stts.storage.database.connections import Database
from stts.storage.database.keys import Keys
from stts.storage.database.quotas import Quotas
from stts.storage.database.usage import Usage
from stts.storage.database.users import Users


@dataclass(frozen=True, slots=True)
class Stores:
    database: Database
    users: Users
    keys: Keys
    quotas: Quotas
    usage: Usage
    audit: Audit
    batches: Batches
    batch_work: WorkOnBatches

    @classmethod
    def over(cls, address: DatabaseAddress) -> Stores:
        """Opens nothing yet: the first use connects. Raises DatabaseNotInstalled."""
        database = Database(address)
        return cls(
            database,
            Users(database),
            Keys(database),
            Quotas(database),
            Usage(database),
            Audit(database),
            Batches(database),
            WorkOnBatches(database),
        )
