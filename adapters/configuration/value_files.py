"""Values out of files that variables name: `STTS_SECURITY__API_KEY_FILE=/run/secrets/key`.

Secrets of container platforms are files; in the environment whoever may look at a container reads them.
"""

from __future__ import annotations

from pathlib import Path

from adapters.configuration.keys import Key, KeyPath
from stts.errors import InvalidConfiguration

SUFFIX = "_file"
MOST_CHARACTERS = 1_000_000


def named_file(root: Key, path: KeyPath) -> KeyPath | None:
    """The key whose value stands in the file that this variable names; None where the variable is the value itself."""
    if not path[-1].endswith(SUFFIX) or _is_key(root, path):
        return None
    named = (*path[:-1], path[-1].removesuffix(SUFFIX))
    return named if _is_key(root, named) else None


def _is_key(root: Key, path: KeyPath) -> bool:
    key, found = root.at(path)
    return key.kind == "value" and len(path) - len(found) <= key.names


def value_in(file: str, place: str) -> str:
    """The text of the file without the end of its last line. Raises InvalidConfiguration."""
    try:
        with Path(file).open(encoding="utf-8") as stream:
            text = stream.read(MOST_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"{place}: the file {file} cannot be read as UTF-8 text") from error
    value = text.rstrip("\r\n")
    if not value or len(text) > MOST_CHARACTERS:
        raise InvalidConfiguration(f"{place}: the file {file} is empty or too long")
    return value
