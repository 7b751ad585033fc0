"""Keeping platforms from sending us into our own network: a connection ends at a public address or not at all.

Platforms name addresses that this tool then calls (key sets, tokens, gradebooks, registration). One that led to this
machine or its neighbours would read what only they may (server-side request forgery).
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from typing_extensions import override
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import LocationValueError

# These carry an IPv4 address inside, private or not (RFC 6052, RFC 3056).
_TRANSLATED: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("2002::/16"))


class PrivateAddressError(LocationValueError):
    """The host is, or has become, an address that is not public."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} is not at a public address")


def is_public(address: str) -> bool:
    """Whether an IP address, as text, is one that anybody on the internet could reach."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        elif any(parsed in network for network in _TRANSLATED):
            return False
    return parsed.is_global and not parsed.is_multicast


def connect_publicly(host: str, port: int, connect: Callable[[], socket.socket]) -> socket.socket:
    """Connect, if every address of the host is public, and the one that was reached too.

    A name may answer differently the second time, so the address that counts is the socket's own; nothing has been
    sent by then.

    Raises:
        PrivateAddressError: one is not.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not all(is_public(str(entry[4][0])) for entry in found):
        raise PrivateAddressError(host)
    connection = connect()
    if not is_public(str(connection.getpeername()[0])):
        connection.close()
        raise PrivateAddressError(host)
    return connection


class _PublicHTTPConnection(HTTPConnection):
    @override
    def _new_conn(self) -> socket.socket:
        return connect_publicly(self.host, self.port, super()._new_conn)


class _PublicHTTPSConnection(HTTPSConnection):
    @override
    def _new_conn(self) -> socket.socket:
        return connect_publicly(self.host, self.port, super()._new_conn)


class _PublicHTTPPool(HTTPConnectionPool):
    ConnectionCls = _PublicHTTPConnection


class _PublicHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHTTPSConnection


class PublicPoolManager(PoolManager):
    """urllib3's pools, of connections that end at public addresses only."""

    def __init__(self, *, num_pools: int, maxsize: int) -> None:
        super().__init__(num_pools=num_pools, maxsize=maxsize, retries=False)
        self.pool_classes_by_scheme = {"http": _PublicHTTPPool, "https": _PublicHTTPSPool}
