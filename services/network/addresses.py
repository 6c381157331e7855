"""Which addresses on the network may be fetched from: the public ones, and nothing that leads inside by another road.

`ipaddress.is_global` alone is not enough: it calls multicast, 6to4, NAT64, IPv4-compatible and unassigned addresses global, and
some of them carry an address of this machine or of the cloud's metadata service. Registries: IANA IPv4 and IPv6 Special-Purpose
Address Registries (RFC 6890); NAT64: RFC 6052 and RFC 8215; 6to4: RFC 3056; Teredo: RFC 4380; ISATAP: RFC 5214.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_CLOSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",  # a public number, but inside Azure it is the platform's own service
    )
)
_UNICAST_V6 = IPv6Network("2000::/3")  # all that has been given out for use on the Internet; the rest of IPv6 is refused
_CLOSED_V6 = tuple(IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


def is_public(text: str) -> bool:
    """Tell whether an IP address in text form is one that anybody on the Internet could reach."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_v4(address)
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return _is_public_v4(address.ipv4_mapped)
    if address in _NAT64:  # how a network without IPv4 reaches a public IPv4 server
        return _is_public_v4(IPv4Address(int(address) & 0xFFFFFFFF))
    if address not in _UNICAST_V6 or _is_isatap(address):
        return False
    return address.is_global and not any(address in network for network in _CLOSED_V6)


def _is_public_v4(address: IPv4Address) -> bool:
    return address.is_global and not any(address in network for network in _CLOSED_V4)


def _is_isatap(address: IPv6Address) -> bool:
    return (int(address) >> 32) & 0xFFFFFFFF in _ISATAP
