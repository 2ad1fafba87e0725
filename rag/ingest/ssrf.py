"""The guard against server-side request forgery: is an address one of the public internet?

Behind any other one lie this machine, its network, and the service that gives a cloud machine its
keys: nothing that a person who gives the URL of an article should reach.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network

_ALLOCATED = ip_network("2000::/3")  # all of IPv6 that is given out, and no form of IPv4 in it
_REFUSED = tuple(
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # the host of an Azure machine, at a public address
        "192.0.0.0/24",  # protocols; one is the host of an Oracle machine
        "192.88.99.0/24",  # relays to 6to4
        "2001::/23",  # Teredo, which holds an IPv4 address, and other protocols
        "2002::/16",  # 6to4, which holds an IPv4 address
        "3fff::/20",  # documentation
    )
)


def is_public(address: str) -> bool:
    """True for an address (IPv4 or IPv6, as digits) that anybody may reach.

    False for loopback, private, link-local, shared, multicast, reserved and documentation
    addresses, for IPv6 forms that carry an IPv4 address, and for what is no address.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if ip.version == 6 and (ip not in _ALLOCATED or ip.scope_id):
        return False
    special = ip.is_private or ip.is_multicast or ip.is_reserved
    return ip.is_global and not special and not any(ip in network for network in _REFUSED)


def resolve_host(host: str, port: int) -> list[str]:
    """The addresses of `host`, as the system's resolver orders them. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))
