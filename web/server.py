"""Runs the application under Granian: several processes over one read-only release."""

from __future__ import annotations

import os
import threading
import time
import urllib.request
from collections.abc import Callable
from urllib.error import URLError
from urllib.parse import urlsplit

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from smartregion_settings import Settings


class ServerError(Exception):
    """The server cannot be started."""
