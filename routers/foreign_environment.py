"""The environment file of another system, read name by name: what nobody has asked for is what is not understood."""

from __future__ import annotations

import json
from collections.abc import Mapping

from stts.errors import InvalidConfiguration

TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
FALSE = frozenset({"0", "false", "no", "off", "n", "f", ""})


class ForeignEnvironment:
    """Names in any letter case, as most of these systems read them. Raises InvalidConfiguration for wrong values."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._values = {name.upper(): value.strip() for name, value in variables.items()}
        self._written = {name.upper(): name for name in variables}
        self._read: set[str] = set()

    def text(self, *names: str) -> str | None:
        """The first of these that is there and not empty."""
        self._read.update(names)
        return next((self._values[name] for name in names if self._values.get(name)), None)

    def number(self, *names: str, least: float = 0.0) -> float | None:
        value = self.text(*names)
        if value is None:
            return None
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not least <= number < float("inf"):
            raise InvalidConfiguration(f"{self._named(names)}: a number from {least:g} on is wanted", param=names[0])
        return number

    def whole_number(self, *names: str, least: int = 0) -> int | None:
        number = self.number(*names, least=least)
        if number is not None and not number.is_integer():
            raise InvalidConfiguration(f"{self._named(names)}: a whole number is wanted", param=names[0])
        return None if number is None else int(number)

    def flag(self, *names: str) -> bool | None:
        value = self.text(*names)
        if value is None:
            return None
        if value.lower() not in TRUE | FALSE:
            raise InvalidConfiguration(f"{self._named(names)}: true or false is wanted", param=names[0])
        return value.lower() in TRUE

    def texts(self, *names: str) -> list[str] | None:
        """A list: a JSON array, or words between commas."""
        value = self.text(*names)
        if value is None:
            return None
        if not value.startswith("["):
            return [each.strip() for each in value.split(",") if each.strip()]
        try:
            found = json.loads(value)
        except ValueError:
            found = None
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise InvalidConfiguration(f"{self._named(names)}: a list of texts is wanted", param=names[0])
        return found

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names that were not asked for, as they are written in the file."""
        return tuple(name for key, name in self._written.items() if key not in self._read)

    def _named(self, names: tuple[str, ...]) -> str:
        """The name that the value stands under, as it is written in the file."""
        return next((self._written[name] for name in names if self._values.get(name)), names[0])
