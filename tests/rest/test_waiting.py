"""How long servers ask to wait."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.rest.waiting import is_busy, wait_of
from tests.fakes.ports import NOW

_NAMES = (
    "retry-after",
    "x-ratelimit-remaining",
    "ratelimit-remaining",
    "x-ratelimit-reset",
    "ratelimit-reset",
)
_VALUES = st.sampled_from(["0", "7", "9" * 5000, "Wed, 01 Oct 2025 00:00:09 -0000"]) | st.text()


@given(st.dictionaries(st.sampled_from(_NAMES), _VALUES))
def test_no_header_makes_a_wait_that_is_none(headers: dict[str, str]) -> None:
    wait = wait_of(headers, NOW)
    assert wait is None or wait >= 0


@given(st.dictionaries(st.sampled_from(_NAMES), _VALUES), st.integers(min_value=200, max_value=599))
def test_only_refusals_and_failures_are_waited_for(headers: dict[str, str], status: int) -> None:
    if is_busy(status, headers, "rate limit exceeded"):
        assert status in {403, 429, 500, 502, 503, 504}


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=9), usegmt=True)}, 9.0),
        ({"retry-after": format_datetime(NOW - timedelta(days=1), usegmt=True)}, 0.0),
        ({"retry-after": "soon", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "5"}, None),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "12"}, 12.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 30)}, 31.0),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "12"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_what_the_server_states(headers: dict[str, str], wait: float | None) -> None:
    assert wait_of(headers, NOW) == wait
