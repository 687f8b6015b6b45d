"""Tells what goes wrong in any command of this program: one line for people, JSON for programs.

A library that fails, a pipe whose reader has gone and a disk that is full are told as the rest, and never by a tale of
how the program is built. With the standard library and typer alone.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

USAGE = 2
"""The command line itself is wrong: an option, a format, a file of the wrong kind."""
UNREACHED = 3
"""No server answers, or it broke off."""
REFUSED = 4
"""The server, or a file of this machine, refused."""
UNFORESEEN = 6
"""A mistake of this program, or a server that answers otherwise than it knows."""
INTERRUPTED = 130
"""Ctrl-C."""
CLOSED_PIPE = 141
"""Nobody reads the output any more: what a shell tells of programs that end by SIGPIPE."""
TRACEBACK = "STTS_TRACEBACK"
"""Variable of the environment: where it is set, what was not foreseen is shown as Python shows it."""
JSON_OPTION = "--json"
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Characters that a terminal obeys, but for the end of a line and the tabulator."""
UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""Reasons for which the standard output is refused: a full disk, a device that is gone, a stream that was closed."""
WRONG: type[Exception] = typer.BadParameter.__mro__[2]  # the common one, which typer does not name
UNEXPECTED = (AttributeError, LookupError, TypeError, ValueError, RuntimeError, ArithmeticError)


class CommandFailed(Exception):
    """A command cannot go on. Its message is for the person at the terminal."""

    def __init__(self, message: str, status: int = REFUSED) -> None:
        super().__init__(message)
        self.status = status


class CommandLine(TyperGroup):
    """All commands of a program; give it to `typer.Typer(cls=...)`."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> NoReturn:
        words = list(sys.argv[1:] if args is None else args)
        as_json = JSON_OPTION in (words[: words.index("--")] if "--" in words else words)
        prepare_streams()
        options["standalone_mode"] = False
        sys.exit(_status(lambda: super(CommandLine, self).main(args, *rest, **options), as_json=as_json))


def _status(command: Callable[[], object], *, as_json: bool) -> int:
    """Runs a command and tells what went wrong in it."""
    try:
        outcome = command()
        sys.stdout.flush()
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        return _leave_output(CLOSED_PIPE)
    except BrokenPipeError:
        return _leave_output(CLOSED_PIPE)
    except typer.Abort:
        return INTERRUPTED
    except CommandFailed as failed:
        return tell_failure(str(failed), failed.status, as_json=as_json)
    except WRONG as wrong:
        return _usage(wrong, as_json=as_json)
    except OSError as error:
        message, status = _of_system(error)
        if error.errno in UNWRITTEN and error.filename is None:
            _leave_output(status)
            as_json = False
        return tell_failure(message, status, as_json=as_json)
    except UnicodeEncodeError as error:
        letters = ascii(error.object[error.start : error.end])
        return tell_failure(f"A word of this command is no text in UTF-8: it has {letters}.", USAGE, as_json=as_json)
    except UNEXPECTED as error:
        if os.environ.get(TRACEBACK):
            raise
        return tell_failure(_unforeseen(error), UNFORESEEN, as_json=as_json)
    return outcome if isinstance(outcome, int) else 0


def tell_failure(message: str, status: int, *, as_json: bool) -> int:
    """Says what went wrong: to a program on the standard output, to a person on the error stream. Returns the status.

    Who has closed either is told nothing, and the status stays.
    """
    with suppress(OSError):
        if as_json:
            print(json.dumps({"error": message}, ensure_ascii=False, indent=2), flush=True)  # noqa: T201 - the answer
        else:
            print(f"stts: {plain(message)}", file=sys.stderr, flush=True)  # noqa: T201 - for the person at the terminal
        return status
    return _leave_output(status)


def plain(text: str) -> str:
    """Text of somebody else, in which a terminal finds nothing to obey: its control characters are shown."""
    return CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def prepare_streams() -> None:
    """Makes streams that somebody has closed, or that cannot write every letter, ones that do no harm.

    A standard output that is closed stays one that cannot be written, and no file that is opened later takes its place.
    What goes to a program is UTF-8, whatever the locale says, unless PYTHONIOENCODING says otherwise.
    """
    sys.stdin = sys.stdin or _opened(0, os.O_RDONLY, "r")
    sys.stdout = sys.stdout or _opened(1, os.O_RDONLY, "w")
    sys.stderr = sys.stderr or _opened(2, os.O_WRONLY, "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            chosen = stream.isatty() or os.environ.get("PYTHONIOENCODING")
            stream.reconfigure(encoding=None if chosen else "utf-8", errors="backslashreplace")


def _opened(number: int, how: int, mode: str) -> Any:
    """Nothing, in the place of a stream that the caller of this program has closed."""
    nothing = os.open(os.devnull, how)
    if nothing != number:
        os.dup2(nothing, number)
        os.close(nothing)
    return open(number, mode, encoding="utf-8", closefd=False)


def _usage(wrong: Exception, *, as_json: bool) -> int:
    # Whoever names no command of a group is shown its help, which typer has printed by now.
    if type(wrong).__name__ == "NoArgsIsHelpError":
        return USAGE
    message = str(getattr(wrong, "format_message", lambda: str(wrong))()).strip()
    context = getattr(wrong, "ctx", None)
    rest = f" See `{context.command_path} --help`." if context is not None else ""
    if re.search(r" -[^-]", message):
        rest = f" What begins with a dash and is no option stands behind `--`.{rest}"
    return tell_failure(f"{message if message.endswith(('.', '?')) else f'{message}.'}{rest}", USAGE, as_json=as_json)


def _of_system(error: OSError) -> tuple[str, int]:
    reason = error.strerror or str(error) or type(error).__name__
    if isinstance(error, (ConnectionError, TimeoutError)):
        return f"The connection to the server broke off: {reason}.", UNREACHED
    if error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {reason}.", REFUSED
    if error.errno in UNWRITTEN:
        return f"The standard output cannot be written: {reason}.", REFUSED
    return f"This machine refuses: {reason}.", REFUSED


def _unforeseen(error: Exception) -> str:
    import traceback

    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    place = f"{os.path.basename(frame.f_code.co_filename)}, line {line}"
    return (
        f"That was not foreseen: {type(error).__name__}: {error} ({place}). Is the server of another version? "
        f"{TRACEBACK}=1 tells more, for a report."
    )


def _leave_output(status: int) -> int:
    """Gives up the standard output, so that the interpreter does not complain about what is left to write."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status
