"""The report of one change: which keys take effect at once, which wait for a restart, and which are not heard."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.configuration.keys import Key, KeyPath
from adapters.configuration.merge import Configuration, compared
from adapters.configuration.reports import ChangeReport
from adapters.configuration.values import Assignment
from stts.settings import Settings


def change_report(
    root: Key, current: Settings, newest: Settings, configuration: Configuration, changes: Sequence[Assignment]
) -> ChangeReport:
    """Tells what a configuration brings that is to follow the `newest`, of which `current` is in effect.

    Counts what the operator has changed in the file by hand meanwhile, too.
    """
    named: dict[KeyPath, list[KeyPath]] = {}
    for path, _ in changes:
        named.setdefault(root.holder(path)[1], []).append(path)
    overridden = [path for path, leaves in named.items() if any(map(configuration.overrides, leaves))]
    unheard = {path for path in overridden if all(map(configuration.overrides, named[path]))}
    new = configuration.settings
    waiting = {pair.path for pair in compared(root, current, new) if pair.old != pair.new}
    touched = [
        pair
        for pair in compared(root, newest, new)
        if pair.path not in unheard and (pair.path in named or pair.old != pair.new)
    ]
    return ChangeReport(
        live=tuple(".".join(pair.path) for pair in touched if pair.key.live),
        restart=tuple(
            ".".join(pair.path)
            for pair in touched
            if not pair.key.live and any(pair.path[:length] in waiting for length in range(1, len(pair.path) + 1))
        ),
        overridden=tuple(".".join(path) for path in overridden),
        values={
            ".".join(pair.path): (pair.key.shown(pair.old), pair.key.shown(pair.new))
            for pair in touched
            if pair.old != pair.new
        },
    )
