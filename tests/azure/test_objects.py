"""What single objects of a vault say."""

from datetime import UTC, datetime

import pytest

from keyproof.azure.objects import at


def test_a_moment_is_in_seconds() -> None:
    assert at(0) == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [None, "0", {}, 10**30, -(10**18), float("inf"), float("nan")])
def test_what_is_no_moment(seconds: object) -> None:
    assert at(seconds) is None
