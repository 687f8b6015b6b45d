"""Lenient parsing of request fields: the base of the shapes of all dialects.

Of an optional field null means absent, and where it is no free text so do an empty string and `auto`. Choices are read
in any letter case, a list of one as what is in it where that is no text, and one text as a list where one is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, model_validator
from pydantic.fields import FieldInfo

from stts.engine_state import AUTO

ABSENT = object()

Value = TypeVar("Value")


def said(fields: BaseModel, name: str, value: Value) -> Value | None:
    """The value of a field that the client has sent; None: it is the default."""
    return value if name in fields.model_fields_set else None


class LenientFields(BaseModel):
    @model_validator(mode="before")
    @classmethod
    def _read_leniently(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        fields = _by_name(cls)
        read = {name: _read(*fields[name], value) if name in fields else value for name, value in values.items()}
        return {name: value for name, value in read.items() if value is not ABSENT}


def own_name(shape: type[BaseModel], name: str) -> str:
    """The field that a client means by one of its names; a name that there is not stays as it is."""
    field, _ = _by_name(shape).get(name, (None, None))
    return next((own for own, each in shape.model_fields.items() if each is field), name)


@cache
def _by_name(shape: type[BaseModel]) -> Mapping[str, tuple[FieldInfo, Set[Any]]]:
    """Fields by every name that a client may use, each with its kinds of values."""
    named: dict[str, tuple[FieldInfo, Set[Any]]] = {}
    for name, field in shape.model_fields.items():
        alias = field.validation_alias
        names = alias.choices if isinstance(alias, AliasChoices) else [alias or name]
        kinds = frozenset(_leaves(field.annotation))
        named |= {each: (field, kinds) for each in (name, *names) if isinstance(each, str)}
    return named


def _read(field: FieldInfo, kinds: Set[Any], value: Any) -> Any:
    is_mapping = dict in kinds and list not in kinds
    is_container = list in kinds or dict in kinds
    if isinstance(value, list) and len(value) == 1 and (is_mapping or not is_container) and str not in kinds:
        value = value[0]
    if value is None:
        return value if field.is_required() or None in kinds else ABSENT
    if is_mapping and isinstance(value, str) and value.strip().lower() in ("", AUTO) and not field.is_required():
        return ABSENT
    if is_container:
        return [value] if isinstance(value, str) and list in kinds and value else value
    if str in kinds or not isinstance(value, str):
        return value
    choices = [kind for kind in kinds if isinstance(kind, str)]
    word = value.strip()
    if word in choices:
        return word
    if not field.is_required() and word.lower() in ("", AUTO):
        return ABSENT
    return next((choice for choice in choices if choice.lower() == word.lower()), value)


def _leaves(annotation: Any) -> Iterator[Any]:
    """Types, None, and the values of literals; containers as `list` or `dict`, without what is in them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _leaves(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for each in get_args(annotation):
            yield from _leaves(each)
    elif origin is Literal:
        yield from get_args(annotation)
    elif origin in (list, tuple, set, frozenset):
        yield list
    elif origin is dict:
        yield dict
    else:
        yield None if annotation is type(None) else annotation
