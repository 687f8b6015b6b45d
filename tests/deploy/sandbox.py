"""Runs a command under the system call filters that a unit of systemd asks for: `sandbox.py UNIT COMMAND...`.

systemd applies them where it is the first process, which it is not where tests run. The filters are made by its own
lists of names and by libseccomp, as it makes them itself.
"""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ALLOW, REFUSE = 0x7FFF0000, 0x00050000
EQUAL, MASKED_EQUAL = 4, 7
PROT_WRITE, PROT_EXEC, SHM_EXEC = 2, 4, 0o100000
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
HIGHEST_FAMILY = 45
ALWAYS_ALLOWED = ("@default", "execve", "exit", "exit_group", "rt_sigreturn")
PR_SET_NO_NEW_PRIVS = 38


class Compared(ctypes.Structure):
    """A condition on one argument of a call."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operation", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


class Filter:
    def __init__(self, default: int) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2")
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(default)))

    def add(self, action: int, name: str, *conditions: Compared) -> None:
        """Adds a rule; a name that this machine does not know is none."""
        number = self._library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return
        made = (Compared * max(1, len(conditions)))(*conditions)
        self._library.seccomp_rule_add_array(self._context, ctypes.c_uint32(action), number, len(conditions), made)

    def load(self) -> None:
        assert self._library.seccomp_load(self._context) == 0, "the filter cannot be loaded"


def settings(unit: Path) -> Iterator[tuple[str, str]]:
    for line in unit.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator and not line.startswith("#"):
            yield name, value


def names(entries: list[str]) -> set[str]:
    """The system calls of a list, whose entries may name further lists."""
    found: set[str] = set()
    for entry in entries:
        if not entry.startswith("@"):
            found.add(entry)
            continue
        command = ["systemd-analyze", "syscall-filter", "--no-pager", entry]
        told = subprocess.check_output(command, text=True)
        lines = [line.split("#")[0].strip() for line in told.splitlines()]
        found |= names([line for line in lines if line and line != entry])
    return found


def apply(unit: Path) -> None:
    wanted = list(settings(unit))
    allowed = names(list(ALWAYS_ALLOWED))
    for name, value in wanted:
        if name == "SystemCallFilter" and value.startswith("~"):
            allowed -= names(value[1:].split()) - names(["@default"])
        elif name == "SystemCallFilter":
            allowed |= names(value.split())
    families = next(value.split() for name, value in wanted if name == "RestrictAddressFamilies")
    denies_execution = ("MemoryDenyWriteExecute", "true") in wanted

    # With the rights of root this could be done without; the service has none of them.
    assert ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    refused = REFUSE | errno.EPERM
    calls = Filter(refused)
    for name in sorted(allowed):
        calls.add(ALLOW, name)
    rest = Filter(ALLOW)
    if denies_execution:
        both = PROT_WRITE | PROT_EXEC
        rest.add(refused, "mmap", Compared(2, MASKED_EQUAL, both, both))
        rest.add(refused, "mprotect", Compared(2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
        rest.add(refused, "pkey_mprotect", Compared(2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
        rest.add(refused, "shmat", Compared(2, MASKED_EQUAL, SHM_EXEC, SHM_EXEC))
    for family in set(range(HIGHEST_FAMILY)) - {FAMILIES[each] for each in families}:
        rest.add(REFUSE | errno.EAFNOSUPPORT, "socket", Compared(0, EQUAL, family, 0))
    for each in (rest, calls):
        each.load()


if __name__ == "__main__":
    apply(Path(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
