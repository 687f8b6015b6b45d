"""Networks of Linux namespaces, in which a caller and a server reach each other only through a middle: a real TURN
server (coturn), or a real NAT (nftables). They need root; where they can't be made, a test is skipped and says why.

    caller 10.77.1.2 ---- 10.77.1.1 middle 10.77.2.1 ---- 10.77.2.2 server
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests import patient

CALLER, MIDDLE_OUTSIDE, MIDDLE_INSIDE, SERVER = "10.77.1.2", "10.77.1.1", "10.77.2.1", "10.77.2.2"
TURN_PORT = 3478
USER, PASSWORD = "stts", "secret"
LINKS = (("caller", CALLER, MIDDLE_OUTSIDE), ("server", SERVER, MIDDLE_INSIDE))
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


class Networks:
    """Three namespaces, and two links between them; nothing is forwarded."""

    def __init__(self) -> None:
        self._names = {role: f"stts-{role}-{os.getpid()}" for role in ("caller", "middle", "server")}

    @contextmanager
    def inside(self, role: str) -> Iterator[None]:
        """Sockets that this thread makes meanwhile, and threads that it starts for good, are there."""
        with (
            Path(f"/proc/self/task/{threading.get_native_id()}/ns/net").open() as back,
            Path(f"/run/netns/{self._names[role]}").open() as there,
        ):
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(back.fileno())

    def udp_ports(self, role: str) -> set[int]:
        """Ports of all UDP sockets there."""
        with self.inside(role):
            lines = Path(f"/proc/self/task/{threading.get_native_id()}/net/udp").read_text().splitlines()[1:]
        return {int(line.split()[1].rpartition(":")[2], 16) for line in lines}

    def command(self, role: str, *words: str) -> list[str]:
        return ["ip", "netns", "exec", self._names[role], *words]

    def build(self) -> None:
        for name in self._names.values():
            _run("ip", "netns", "add", name)
            _run("ip", "-n", name, "link", "set", "lo", "up")
        for role, address, middle in LINKS:
            ends = ((role, "outside", address), ("middle", role, middle))
            (_, here, _), (_, there, _) = ends
            link = ["link", "add", here, "netns", self._names[role], "type", "veth", "peer", "name", there]
            _run("ip", *link, "netns", self._names["middle"])
            for where, device, own in ends:
                _run("ip", "-n", self._names[where], "addr", "add", f"{own}/24", "dev", device)
                _run("ip", "-n", self._names[where], "link", "set", device, "up")

    def forward(self, ports: str | None = None) -> None:
        """Makes the middle a NAT of the server, which forwards these ports to it too."""
        _run(*self.command("middle", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"))
        _run("ip", "-n", self._names["server"], "route", "add", "default", "via", MIDDLE_INSIDE)
        rules = [_rule("out", "postrouting", 100, 'oifname "caller" masquerade')]
        if ports is not None:
            rules.append(_rule("in", "prerouting", -100, f'iifname "caller" udp dport {ports} dnat to {SERVER}'))
        _run(*self.command("middle", "nft", "\n".join(["table ip nat {", *rules, "}", ""])))

    def remove(self) -> None:
        for name in self._names.values():
            patient.run(["ip", "netns", "del", name], capture_output=True, check=False)


@contextmanager
def networks(*programs: str) -> Iterator[Networks]:
    """Networks for a test that needs these programs besides."""
    missing = [program for program in ("ip", *programs) if shutil.which(program) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"network namespaces need root, and here {' and '.join(missing) or 'it is not given'}")
    made = Networks()
    try:
        try:
            made.build()
        except subprocess.CalledProcessError as error:
            pytest.skip(f"network namespaces can't be made here: {error.stderr.decode().strip()}")
        yield made
    finally:
        made.remove()


@contextmanager
def relay(made: Networks, listening: str, relaying: str, role: str = "middle") -> Iterator[None]:
    """A TURN and STUN server, which listens at one address of its namespace and relays at another."""
    flags = ["-n", "--no-cli", "--no-tls", "--no-dtls", "--log-file=stdout", "--simple-log", "--pidfile=/dev/null"]
    flags += [f"--listening-ip={listening}", f"--relay-ip={relaying}", f"--listening-port={TURN_PORT}"]
    flags += ["--lt-cred-mech", f"--user={USER}:{PASSWORD}", "--realm=stts.test"]
    with _program(made.command(role, "turnserver", *flags), awaited="Total General servers"):
        yield


@contextmanager
def _program(command: Sequence[str], awaited: str) -> Iterator[None]:
    with ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        stack.callback(process.kill)
        assert process.stdout is not None
        told = []
        for line in process.stdout:
            told.append(line.decode(errors="replace"))
            if awaited in told[-1]:
                break
        else:
            raise AssertionError("".join(told))
        reader = threading.Thread(target=process.stdout.read)
        reader.start()
        stack.callback(reader.join)
        stack.callback(process.kill)
        yield


def _enter(namespace: int) -> None:
    if LIBC.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "the namespace cannot be entered")


def _rule(name: str, hook: str, priority: int, rule: str) -> str:
    return f"chain {name} {{\ntype nat hook {hook} priority {priority}\n{rule}\n}}"


def _run(*command: str) -> None:
    patient.run(command, capture_output=True, check=True)
