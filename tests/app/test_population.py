"""The population reconciles with what the backend lists, or the difference is told."""

import pytest

from keyproof.app.population import ScopeCount, count_population
from keyproof.domain.assessment import Scope, ScopeStatus
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.verdict import Evidence
from tests.app.test_episodes import START

LISTED = (
    Evidence(name="secrets listed", value="5"),
    Evidence(name="left out by include and exclude", value="2"),
    Evidence(name="deleted while they were read", value="1"),
)


def counted(
    *evidence: Evidence, read: int = 2, judged: int = 2, status: ScopeStatus = ScopeStatus.OK
) -> ScopeCount:
    secrets = tuple(
        SecretMetadata(id=f"x://{number}", name=str(number), source="aws", backend="aws", scope="us-east-1")
        for number in range(judged)
    )
    scopes = (
        Scope(source="aws", kind="aws", scope="us-east-1", status=status, subjects=read, evidence=evidence),
        Scope(source="git", kind="git", scope="app", status=ScopeStatus.OK, subjects=1),
    )
    snapshot = Snapshot(taken_at=START, secrets=secrets, leaks=(), repositories=(), scopes=scopes)
    (one,) = count_population(snapshot)
    return one


def test_every_listed_secret_is_accounted_for() -> None:
    one = counted(*LISTED)
    assert (one.listed, one.left_out, one.gone, one.read, one.judged) == (5, 2, 1, 2, 2)
    assert (one.unexplained, one.shared, one.reconciles) == (0, 0, True)


@pytest.mark.parametrize(
    ("one", "unexplained", "reconciles"),
    [
        (counted(*LISTED[:2]), 1, False),
        (counted(), None, None),
        (counted(*LISTED, status=ScopeStatus.PARTIAL), 0, False),
        (counted(*LISTED, judged=1), 0, True),
        (counted(*LISTED, judged=3), 0, False),
        (counted(LISTED[0], Evidence(name="left out", value="3 secrets by include and exclude")), 0, True),
    ],
)
def test_a_difference_is_told(one: ScopeCount, unexplained: int | None, reconciles: bool | None) -> None:
    assert (one.unexplained, one.reconciles) == (unexplained, reconciles)
