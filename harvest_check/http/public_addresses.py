"""Public Internet addresses, the only ones that links of third parties may lead to.

Defined here, because the answers of :mod:`ipaddress` depend on the version of Python. Sources: the IANA registries
of `IPv4 special-purpose addresses <https://www.iana.org/assignments/iana-ipv4-special-registry>`_ and of `IPv6
special-purpose addresses <https://www.iana.org/assignments/iana-ipv6-special-registry>`_ (RFC 6890), RFC 4291, 2.4, for
IPv6 global unicast. Rows that IANA calls globally reachable are excluded as well: they have no web servers.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from typing import Final

_SPECIAL_IPV4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared with other customers of a provider
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # not of IANA: the host of a virtual machine at Azure
            "169.254.0.0/16",  # link-local; metadata of clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocols of the IETF
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
_GLOBAL_IPV6: Final = IPv6Network("2000::/3")
_SPECIAL_IPV6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocols of the IETF: Teredo, benchmarks, AMT, ORCHID, drones
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which leads to an IPv4 address
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
_EMBEDDING: Final = (
    IPv6Network("::ffff:0:0/96"),  # IPv4 by an IPv6 socket (RFC 4291, 2.5.5.2)
    IPv6Network("64:ff9b::/96"),  # how a host without IPv4 reaches it (RFC 6052, 2.1)
)


def is_public(address: str) -> bool:
    """Whether an address is global unicast; an IPv6 address with an embedded IPv4 address is as public as the latter.

    :param address: IPv4 or IPv6 in text, also with a zone (``fe80::1%eth0``).
    :raises ValueError: it is none.
    """
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _SPECIAL_IPV4)
    if any(found in network for network in _EMBEDDING):
        return is_public(str(IPv4Address(int(found) & 2**32 - 1)))
    return found in _GLOBAL_IPV6 and not any(found in network for network in _SPECIAL_IPV6)
