"""Fixtures that every level of test uses, and the guard that keeps tests off the network."""

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data beside the repository, which is not part of it: tests that need it skip without it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no shared/data folder beside the repository")
    return folder


def is_loopback(host: object) -> bool:
    """Whether `host` (a name or an address) is this machine itself, without asking a name server."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name).partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """No socket of the test process but loopback: an address elsewhere is refused, a name is unknown."""
    patch = pytest.MonkeyPatch()
    real = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}
    real_getaddrinfo = socket.getaddrinfo

    def guarded(name):
        def connect(self, address):
            if self.family != socket.AF_UNIX and not is_loopback(address[0]):
                raise ConnectionRefusedError(f"tests reach loopback only, not {address[0]}")
            return real[name](self, address)

        return connect

    def getaddrinfo(host, *args, **kwargs):
        if not is_loopback(host):
            raise socket.gaierror(socket.EAI_NONAME, f"tests reach loopback only, not {host!r}")
        return real_getaddrinfo(host, *args, **kwargs)

    for name in real:
        patch.setattr(socket.socket, name, guarded(name))
    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    patch.undo()
