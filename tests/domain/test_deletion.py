"""Secrets on their way out."""

import pytest

from keyproof.domain.deletion import not_kept
from keyproof.domain.verdict import Verdict
from tests.fakes.secrets import secret, utc


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        ("2025-10-04T23:59", "scheduled for deletion on 2025-10-05"),
        ("2025-10-05T00:00", "deleted on 2025-10-05"),
    ],
)
def test_a_deleted_secret_concerns_no_rule_about_living_ones(now: str, reason: str) -> None:
    assert not_kept(secret(deletion=utc("2025-10-05")), utc(now)) == Verdict.not_applicable(reason)
    assert not_kept(secret(), utc(now)) is None
