"""Which date wins as the age of a value."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.secret import Basis, Confidence, DatedFact, SecretVersion, VersionState
from tests.fakes.secrets import fact, secret

FACTS = st.builds(
    DatedFact,
    at=st.datetimes(timezones=st.just(UTC)),
    basis=st.sampled_from(Basis),
    confidence=st.sampled_from(Confidence),
)
ORDER = [
    Basis.VERSION_CREATED,
    Basis.ROTATION_EVENT,
    Basis.LAST_ROTATED,
    Basis.INVENTORY,
    Basis.ROW_COMMIT,
    Basis.RECORD_CREATED,
]


def test_the_order_of_evidence_is_the_decided_one() -> None:
    assert sorted(Basis, key=lambda basis: fact("2025-01-01", basis).rank) == ORDER


@pytest.mark.parametrize(("better", "worse"), list(pairwise(ORDER)))
def test_the_better_basis_wins_however_late_the_other_date(better: Basis, worse: Basis) -> None:
    early, late = fact("2020-01-01", better), fact("2025-01-01", worse)
    assert secret("s", late, early).value_date == secret("s", early, late).value_date == early


def test_of_one_basis_the_later_date_wins() -> None:
    facts = [fact(f"2025-0{month}-01", Basis.ROTATION_EVENT) for month in (3, 9, 1)]
    assert secret("s", *facts).value_date == facts[1]


def test_no_fact_is_no_date() -> None:
    assert secret("s").value_date is None


@given(facts=st.lists(FACTS, min_size=1, max_size=8), order=st.randoms(use_true_random=False))
def test_the_value_date_does_not_depend_on_the_order_of_the_facts(
    facts: list[DatedFact], order: Random
) -> None:
    found = secret("s", *facts).value_date
    shuffled = facts.copy()
    order.shuffle(shuffled)
    again = secret("s", *shuffled).value_date
    assert found is not None
    assert again is not None
    assert (again.basis, again.at) == (found.basis, found.at)
    assert all(found.rank <= other.rank for other in facts)
    assert all(found.at >= other.at for other in facts if other.basis is found.basis)


@given(facts=st.lists(FACTS, max_size=8), claimed=st.datetimes(timezones=st.just(UTC)))
def test_a_claim_never_wins_over_a_live_date(facts: list[DatedFact], claimed: datetime) -> None:
    live = fact(claimed - timedelta(0), Basis.VERSION_CREATED)
    found = secret("s", *facts, live, fact(claimed, Basis.INVENTORY)).value_date
    assert found is not None
    assert found.basis is Basis.VERSION_CREATED


@pytest.mark.parametrize(
    ("state", "usable"),
    [
        (VersionState.CURRENT, True),
        (VersionState.PREVIOUS, True),
        (VersionState.PENDING, True),
        (VersionState.DELETED, False),
        (VersionState.DESTROYED, False),
    ],
)
def test_a_deleted_version_is_not_usable(state: VersionState, usable: bool) -> None:
    assert SecretVersion(id="1", state=state).usable is usable
