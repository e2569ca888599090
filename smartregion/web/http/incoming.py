"""What comes in: who asks, and how many bodies are read at a time."""

from __future__ import annotations

import ipaddress
from typing import Final

from flask import request

from sparql_engine.admission import Admission

QUERY_BODIES: Final = 16
"""Requests with a query whose body is read at a time; each occupies a thread, for as long as its client likes."""

_BODIES_OF_A_CLIENT: Final = 4


def places_for_queries() -> Admission:
    """Places for requests with a query while their body is read."""
    return Admission(QUERY_BODIES, 0, _BODIES_OF_A_CLIENT)


def client() -> str:
    """Who asks, see :func:`client_of`."""
    return client_of(request.remote_addr or "")


def client_of(name: str) -> str:
    """Who has an address, for sharing places. One who has an IPv6 address usually has all 2^64 of its network."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return ""
    return str(address if address.version == 4 else ipaddress.ip_network((address, 64), strict=False))
