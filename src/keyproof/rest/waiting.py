"""When a server asks its clients to wait, and how long."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime

_BUSY = frozenset({429, 500, 502, 503, 504})
_DURATION = 10**8
"""Numbers below are seconds to go, others a time since 1970."""


def is_busy(status: int, headers: Mapping[str, str], words: str) -> bool:
    """Whether a later request may fare better; a limit of requests may come as 403 too.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    limited = "retry-after" in headers or _remaining(headers) == "0" or "rate limit" in words.lower()
    return status in _BUSY or (status == 403 and limited)


def wait_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds the server asks to wait: Retry-After (RFC 9110, 10.2.3), else the end of its window; None if neither."""
    after = headers.get("retry-after", "")
    if after.isdecimal():
        return float(after)
    if after:
        with suppress(ValueError, TypeError):
            return max(0.0, (parsedate_to_datetime(after) - now).total_seconds())
        return None
    reset = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or ""
    if _remaining(headers) != "0" or not reset.isdecimal():
        return None
    seconds = float(reset)
    return seconds if seconds < _DURATION else max(0.0, seconds - now.timestamp() + 1)


def _remaining(headers: Mapping[str, str]) -> str:
    return headers.get("x-ratelimit-remaining") or headers.get("ratelimit-remaining") or ""
