import socket

import pytest

from local import ports


def test_no_port_is_given_twice() -> None:
    given = [ports.free_port() for _ in range(200)]
    assert len(set(given)) == len(given)


def test_ports_lie_below_those_of_outgoing_connections() -> None:
    assert all(ports.FIRST <= ports.free_port() < 32_768 for _ in range(50))


def test_processes_that_share_the_ports_give_out_different_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_share", range(ports.FIRST, ports.LAST))
    given = []
    for number in range(2):
        ports.take_share(number, 2)
        given.append({ports.free_port() for _ in range(100)})
    assert not given[0] & given[1]
    assert {port % 2 for port in given[0]} == {0}


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - another's server, wherever it listens
def test_a_port_in_use_is_not_given(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as server:
        server.bind((address, 0))
        server.listen()
        taken = server.getsockname()[1]
        monkeypatch.setattr(ports, "_share", range(taken, taken + 1))
        with pytest.raises(OSError, match="taken"):
            ports.free_port()
