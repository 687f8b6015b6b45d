"""Subjects: on whose behalf the holder of a key asks, such as the people who write to a bot.

They are the key's own: the same name means somebody else for another key. Each has a share of limits and a line of
usage (`stts/access/limits.py`); what is made belongs to the owner of the key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from stts.access.principal import Principal
from stts.errors import Forbidden, InvalidParameter

HEADER = "X-Subject"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@+-]{0,63}", re.ASCII)


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def on_behalf(principal: Principal, named: Sequence[str]) -> Principal:
    """The caller with the subject that its request names. Callers without a key of their own have none to share.

    Raises Forbidden where the key may not name any, and InvalidParameter.
    """
    if not named or principal.key is None:
        return principal
    if principal.key.subjects is None:
        raise Forbidden(
            "This key may not say on whose behalf it asks: an administrator gives it `subjects`.", param=HEADER
        )
    if len(named) > 1 or not is_name(named[0]):
        raise InvalidParameter(
            "A subject is one name of up to 64 letters, digits and any of _.:@+- behind the first.", param=HEADER
        )
    return replace(principal, subject=named[0])
