"""Tests never leave this machine."""

import asyncio
import socket

import pytest

ELSEWHERE = "192.0.2.1"  # TEST-NET-1: no host ever has this address


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_an_address_elsewhere_is_refused(method):
    with socket.socket() as client, pytest.raises(ConnectionRefusedError, match="loopback only"):
        getattr(client, method)((ELSEWHERE, 80))


async def test_the_event_loop_is_guarded_too():
    with pytest.raises(OSError, match="loopback only"):
        await asyncio.open_connection(ELSEWHERE, 80)


def test_a_name_elsewhere_is_unknown():
    with pytest.raises(socket.gaierror, match="loopback only"):
        socket.create_connection(("example.com", 80))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_open(host):
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection((host, server.getsockname()[1])) as client,
    ):
        assert client.getpeername()[0] == "127.0.0.1"
