"""Links lead to global unicast addresses only: the registries of IANA, row by row, and their neighbours."""

from __future__ import annotations

import ipaddress
import subprocess
import sys

import pytest

from harvest_check.http.public_addresses import is_public

# https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast (RFC 5771)
IPV4 = [
    "0.0.0.0/8",
    "0.0.0.0/32",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/32",
    "192.0.0.171/32",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
]
# https://www.iana.org/assignments/iana-ipv6-special-registry without 64:ff9b::/96 and ::ffff:0:0/96, which embed IPv4
IPV6 = [
    "::1/128",
    "::/128",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
]
# https://www.iana.org/assignments/ipv6-address-space: all that is not 2000::/3
OUTSIDE = [
    "::/8",
    "100::/8",
    "200::/7",
    "400::/6",
    "800::/5",
    "1000::/4",
    "4000::/3",
    "6000::/3",
    "8000::/3",
    "a000::/3",
    "c000::/3",
    "e000::/4",
    "f000::/5",
    "f800::/6",
    "fc00::/7",
    "fe00::/9",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
]


@pytest.mark.parametrize("row", IPV4 + IPV6 + OUTSIDE)
def test_no_row_of_the_registries_is_public(row: str) -> None:
    network = ipaddress.ip_network(row)
    middle = network[network.num_addresses // 2]
    assert [str(address) for address in (network[0], middle, network[-1]) if is_public(str(address))] == []


@pytest.mark.parametrize(
    "row",
    [row for row in IPV4 if row.partition("/")[0] in {"10.0.0.0", "100.64.0.0", "127.0.0.0", "172.16.0.0"}]
    + ["169.254.0.0/16", "192.168.0.0/16", "198.18.0.0/15"],
)
def test_the_neighbours_of_a_row_are_public(row: str) -> None:
    network = ipaddress.IPv4Network(row)
    assert is_public(str(network[0] - 1))
    assert is_public(str(network[-1] + 1))


@pytest.mark.parametrize("network", IPV4)
@pytest.mark.parametrize("prefix", ["::ffff:", "64:ff9b::", "2002::", "::", "::ffff:0:", "64:ff9b:1::", "2001::"])
def test_no_special_ipv4_address_is_public_within_ipv6(prefix: str, network: str) -> None:
    inner = int(ipaddress.IPv4Network(network)[-1])
    start = int(ipaddress.IPv6Address(prefix if prefix.endswith("::") else f"{prefix}0:0"))
    shift = 80 if prefix == "2002::" else 0
    assert not is_public(str(ipaddress.IPv6Address(start + (inner << shift))))


@pytest.mark.parametrize(
    "address",
    [
        *("::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b:1::7f00:1", "fec0::1", "5f00::1", "fe80::1%eth0"),
        *("::1", "::", "fd00::1", "fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1"),
        *("127.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.178.1", "169.254.169.254", "100.100.100.200", "0.0.0.0"),
        *("168.63.129.16", "192.0.0.192", "2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe"),
    ],
)
def test_an_address_of_somebodys_own_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("93.184.216.34", "1.1.1.1", "223.255.255.254", "172.32.0.1", "100.128.0.1"),
        *("2606:2800:220:1::1", "2a00:1450:4001:82a::200e", "2001:200::1", "2001:db9::1", "2003::1", "3ffe::1"),
        *("::ffff:93.184.216.34", "64:ff9b::5db8:d822"),
    ],
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_the_answer_does_not_depend_on_the_version_of_python() -> None:
    """All that :mod:`ipaddress` has to say about an address, which changes between versions, may be wrong."""
    code = (
        "import ipaddress\n"
        "from harvest_check.http.public_addresses import is_public\n"
        "for kind in (ipaddress.IPv4Address, ipaddress.IPv6Address):\n"
        "    for name in ('is_global', 'is_private', 'is_multicast', 'ipv4_mapped', 'sixtofour', 'teredo'):\n"
        "        if hasattr(kind, name):\n"
        "            setattr(kind, name, property(lambda self: 1 / 0))\n"
        "print([is_public(address) for address in ('10.0.0.1', '5f00::1', '::ffff:10.0.0.1', '2a00::1', '1.1.1.1')])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[False, False, False, True, True]\n"
