"""Incoming requests: their client, and the number of bodies read at the same time."""

from __future__ import annotations

import ipaddress
from typing import Final

from flask import request

from sparql_engine.admission import Admission

QUERY_BODIES: Final = 16
"""Number of requests with a query whose body is read at the same time; each occupies a thread while it sends."""

_BODIES_OF_A_CLIENT: Final = 4


def places_for_queries() -> Admission:
    """Places for requests with a query while their body is read."""
    return Admission(QUERY_BODIES, 0, _BODIES_OF_A_CLIENT)


def client() -> str:
    """The client of this request, see :func:`client_of`."""
    return client_of(request.remote_addr or "")


def client_of(name: str) -> str:
    """The client of an address: an IPv6 client usually has all 2^64 addresses of its network, so its network counts."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return ""
    return str(address if address.version == 4 else ipaddress.ip_network((address, 64), strict=False))
