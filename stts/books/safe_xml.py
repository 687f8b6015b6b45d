"""XML of strangers: no entity is declared, nothing outside is read, and depth and number of elements are bounded.

The standard library's `ElementTree` expands entities that a document declares. Package files of EPUBs need none.
"""

from __future__ import annotations

from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from stts.errors import UnreadableBook

DEEPEST = 100
"""Elements inside each other."""
MOST_ELEMENTS = 200_000


def parsed(data: bytes, what: str) -> Element:
    """The root of a document; tags are `{namespace}name`. Raises UnreadableBook, which names `what`."""
    reader = _Reader(what)
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise UnreadableBook(f"The EPUB is damaged: {what} is no well-formed XML ({error}).") from error
    return reader.root()


def local_name(tag: str) -> str:
    """A tag without its namespace, which books often get wrong."""
    return tag.rpartition("}")[2].lower()


class _Reader:
    def __init__(self, what: str) -> None:
        self._what = what
        self._builder = TreeBuilder()
        self._depth = self._elements = 0
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._builder.data
        self.parser.EntityDeclHandler = self._refuse_entity
        self.parser.ExternalEntityRefHandler = self._refuse_entity

    def root(self) -> Element:
        return self._builder.close()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST or self._elements > MOST_ELEMENTS:
            raise UnreadableBook(f"The EPUB is refused: {self._what} has too many elements, or too deep ones.")
        self._builder.start(_qualified(tag), {_qualified(name): value for name, value in attributes.items()})

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._builder.end(_qualified(tag))

    def _refuse_entity(self, *_: object) -> NoReturn:
        raise UnreadableBook(f"The EPUB is refused: {self._what} declares entities, which EPUBs have no need for.")


def _qualified(name: str) -> str:
    return f"{{{name}" if "}" in name else name
