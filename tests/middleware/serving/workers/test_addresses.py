from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing

import pytest

from middleware.serving.listening import CannotListen
from middleware.serving.workers.addresses import SharedAddresses
from middleware.serving.workers.count import is_possible
from middleware.serving.workers.sharing import Sharing
from tests import patient

pytestmark = pytest.mark.socket

Open = Callable[[SharedAddresses, int], socket.socket]


@pytest.fixture
def taken() -> Open:
    if not is_possible():
        pytest.skip("an address is shared on Linux alone")
    return lambda addresses, port: addresses.listening("127.0.0.1", port, "server")


class AddressesOf:
    """Makes those of one worker each."""

    def __init__(self) -> None:
        self._sharing: list[Sharing] = []

    def __call__(
        self, inherited: Mapping[str, socket.socket], ports: Mapping[str, int], *, is_first: bool = False
    ) -> SharedAddresses:
        self._sharing.append(Sharing())
        return SharedAddresses(inherited, ports, self._sharing[-1], is_first=is_first)

    def close(self) -> None:
        for each in self._sharing:
            each.close()


@pytest.fixture
def addresses_of() -> Iterator[AddressesOf]:
    with closing(AddressesOf()) as found:
        yield found


def test_all_have_a_socket_of_their_own_at_the_port_of_the_first_one(taken: Open, addresses_of: AddressesOf) -> None:
    first = addresses_of({}, {}, is_first=True)
    with taken(first, 0) as one:
        other = addresses_of({}, first.ports)
        with taken(other, 0) as two:
            assert one.getsockname() == two.getsockname()
            assert first.ports == other.ports == {"server": one.getsockname()[1]}


def test_the_first_one_finds_that_others_listen_there(taken: Open, addresses_of: AddressesOf) -> None:
    with ExitStack() as around:
        foreign = around.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = foreign.getsockname()[1]
        with pytest.raises(CannotListen, match=f"Port {port} of 127.0.0.1 is in use"):
            taken(addresses_of({}, {}, is_first=True), port)
    # Also where the other would share it.
    with ExitStack() as around:
        another = addresses_of({}, {}, is_first=True)
        shared = around.enter_context(taken(another, 0))
        shared.listen()
        port = shared.getsockname()[1]
        with pytest.raises(CannotListen):
            taken(addresses_of({}, {}, is_first=True), port)


def test_who_follows_takes_the_socket_with_the_clients_that_wait(taken: Open, addresses_of: AddressesOf) -> None:
    before = addresses_of({}, {}, is_first=True)
    with taken(before, 0) as old:
        old.listen()
        port = old.getsockname()[1]
        with patient.create_connection(("127.0.0.1", port)) as client:
            handed = {name: each.dup() for name, each in before.sockets().items()}
            with taken(addresses_of(handed, before.ports), port) as new:
                old.close()
                new.setblocking(True)
                met, address = new.accept()
                met.close()
                assert address == client.getsockname()
    assert before.sockets() == {}


def test_a_socket_of_an_address_that_is_no_more_wanted_is_let_go(taken: Open, addresses_of: AddressesOf) -> None:
    given = socket.create_server(("127.0.0.1", 0))
    addresses = addresses_of({"server": given}, {})
    with taken(addresses, 0) as used:
        assert used is given
    given = socket.create_server(("127.0.0.1", 0))
    addresses_of({"listeners.gone": given}, {}).started()
    assert given.fileno() < 0
