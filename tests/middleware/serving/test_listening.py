from __future__ import annotations

import errno

import pytest

from middleware.serving.listening import CannotListen, _reason, check_free, listening
from tests import patient

pytestmark = pytest.mark.socket


def test_a_port_that_is_free_is_listened_on() -> None:
    with listening("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        patient.create_connection(("127.0.0.1", port)).close()
        with pytest.raises(CannotListen, match=rf"Port {port} of 127\.0\.0\.1 is in use: .*`wyoming\.port`"):
            check_free("127.0.0.1", port, "wyoming")


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(CannotListen, match=r"192\.0\.2\.1 is no address of this machine"):
        listening("192.0.2.1", 0)


def test_a_port_for_others_is_told() -> None:
    assert "above 1023" in _reason(OSError(errno.EACCES, "no"), "127.0.0.1", 80, "server")
