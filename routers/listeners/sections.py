"""A section of `listeners`, completed by its profile and by the sections that it leaves the rest to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routers.profile import Profile
from routers.profiles import PROFILES, find_profile
from stts.settings import LimitSettings, SecuritySettings, Settings
from stts.settings.listeners import ListenerSection


def profile_of(section: ListenerSection) -> Profile | None:
    """None where it names none, or one that does not exist."""
    return find_profile(section.profile) if section.profile is not None and section.profile in PROFILES else None


def completed(section: ListenerSection) -> ListenerSection:
    """The section with what its profile says where it says nothing. Raises ValidationError for a wrong profile."""
    profile = profile_of(section)
    if profile is None:
        return section
    below: dict[str, Any] = {"dialects": profile.dialects, **profile.defaults}
    if section.path is None:
        below.setdefault("port", profile.port)
    else:
        below.pop("port", None)
    return ListenerSection.model_validate(overlaid(below, said(section)))


def said(section: ListenerSection) -> dict[str, Any]:
    """All that the section says, as nested values: null, an empty list and an empty mapping say nothing."""
    return _without_unsaid(section.model_dump())


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings as one; where both say something else, `above` holds."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        merged[name] = overlaid(under, value) if isinstance(value, Mapping) and isinstance(under, Mapping) else value
    return merged


def security_of(section: ListenerSection, settings: Settings) -> SecuritySettings:
    """Raises ValidationError."""
    own = _without_unsaid(section.security.model_dump())
    inherited = settings.security.model_dump()
    if {"api_key", "keys", "named_keys"} & own.keys():
        inherited |= {"api_key": None, "keys": False, "named_keys": {}}
    return SecuritySettings.model_validate(inherited | own)


def limits_of(section: ListenerSection, settings: Settings) -> LimitSettings:
    """The limits of its connections, messages and bodies; the others are those of the services."""
    own = section.limits.model_dump(include=set(LimitSettings.model_fields), exclude_none=True)
    return settings.limits.model_copy(update=own)


def _without_unsaid(values: Mapping[str, Any]) -> dict[str, Any]:
    said = {}
    for name, value in values.items():
        kept = _without_unsaid(value) if isinstance(value, dict) else value
        if kept is not None and kept not in ((), [], {}):
            said[name] = kept
    return said
