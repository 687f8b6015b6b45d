"""Texts in log lines, as `privacy.texts` says: none of them, a keyed hash, or as they are.

The hash is keyed by a secret of the installation, since a bare hash of a short text is found by trying texts. It tells
that two texts were the same, and to nobody without the secret which.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from stts.errors import InvalidConfiguration
from stts.settings import Settings
from stts.storage.files.atomic import create_file
from stts.storage.files.failures import translated_disk_errors

SECRET_FILE = "text_hash.key"
"""Under `storage.root`. Servers with the same secret make the same hashes."""
SECRET_BYTES = 32
HASH_BYTES = 16


class KeptTexts:
    def __init__(self, settings: Settings) -> None:
        """Blocking: reads the secret, and makes it at first. Raises InvalidConfiguration for one that is damaged."""
        self._kept = settings.privacy.texts
        self._secret = installed_secret(Path(settings.storage.root)) if self._kept == "hash" else b""

    def __bool__(self) -> bool:
        """True if anything is kept."""
        return self._kept != "none"

    def members(self, text: str) -> dict[str, str]:
        """The members of a line that tell of a text."""
        if self._kept == "text":
            return {"text": text}
        return {"text_hash": keyed_hash(text, self._secret)} if self._kept == "hash" else {}


def keyed_hash(text: str, secret: bytes) -> str:
    """BLAKE2b with a key, in hexadecimal digits."""
    encoded = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(encoded, key=secret, digest_size=HASH_BYTES).hexdigest()


def installed_secret(folder: Path) -> bytes:
    """The secret of this installation, readable by the server alone. Raises InvalidConfiguration."""
    path = folder / SECRET_FILE
    with translated_disk_errors():
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # Of several servers that start at once, one makes it.
            with suppress(FileExistsError):
                create_file(path, os.urandom(SECRET_BYTES))
        secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise InvalidConfiguration(
            f"{path} must hold {SECRET_BYTES} bytes; remove it, and new texts get new hashes.", param="privacy.texts"
        )
    return secret
