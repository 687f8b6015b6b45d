"""Runs a bot until it is stopped, as `stts bot` and `stts discord` do."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from clients.command.exit_status import LACKING, UNREACHED, USAGE, CommandFailed
from clients.command.terminal import explained


def run_bot(
    bot: Callable[[Callable[[str], None]], Coroutine[Any, Any, None]],
    away: Callable[[OSError], str],
    *,
    sign: str = "",
    as_json: bool,
) -> None:
    """Runs until Ctrl-C. Leaves with a line and the exit status of whatever keeps it from that.

    `bot`: reads its settings and makes one, given who is told its name once it listens. `away`: says that its messenger
    cannot be reached. `sign`: stands before the name.
    """
    # A whole bot takes up to half a second, which no other command needs.
    import asyncio

    from clients.chat.settings import InvalidSettings
    from clients.chat.starting import NotInstalled, Rejected

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")

    def told(name: str) -> None:
        line = json.dumps({"bot": name}) if as_json else f"{sign}{name} listens. Ctrl-C ends it."
        print(line, flush=True)

    with explained(as_json):
        try:
            asyncio.run(bot(told))
        except InvalidSettings as error:
            raise CommandFailed(str(error), USAGE) from None
        except NotInstalled as error:
            raise CommandFailed(str(error), LACKING) from None
        except Rejected as error:
            raise CommandFailed(str(error)) from None
        except OSError as error:
            raise CommandFailed(away(error), UNREACHED) from None
