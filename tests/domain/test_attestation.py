"""One function decides whether an attestation holds, whatever asks it."""

from datetime import MAXYEAR, date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.attestation import Attestation, AttestationState, attested, in_force, lapsed
from keyproof.domain.duration import Duration, parse_duration
from keyproof.domain.verdict import Outcome
from tests.fakes.secrets import attestation

PERIODS: st.SearchStrategy[Duration] = st.sampled_from(
    ["1d", "24h", "weekly", "30d", "1mo", "3mo", "quarterly", "12mo", "annually", "P1Y", "9999y"]
).map(parse_duration)
DAYS = st.dates(min_value=date(1999, 1, 1), max_value=date(2101, 1, 1))


def given_on(day: date, every: Duration) -> Attestation:
    return Attestation(id="a", rule="drill", control="", statement="Done.", by="Ana", at=day, every=every)


@given(at=DAYS, every=PERIODS, demanded=st.none() | PERIODS)
def test_it_holds_from_its_day_through_its_last(at: date, every: Duration, demanded: Duration | None) -> None:
    one = given_on(at, every)
    until = one.until(demanded)
    assert one.state_on(at, demanded) is AttestationState.VALID
    assert one.state_on(until, demanded) is AttestationState.VALID
    assert one.state_on(at - timedelta(days=1), demanded) is AttestationState.PENDING
    if until < date(MAXYEAR, 12, 31):
        assert one.state_on(until + timedelta(days=1), demanded) is AttestationState.LAPSED


@given(at=DAYS, every=PERIODS, demanded=PERIODS)
def test_a_demand_can_only_shorten_it(at: date, every: Duration, demanded: Duration) -> None:
    one = given_on(at, every)
    assert one.until(demanded) == min(every.due(at), demanded.due(at)) <= one.until()


@given(at=DAYS, every=PERIODS)
def test_giving_it_again_never_shortens_it(at: date, every: Duration) -> None:
    assert given_on(at + timedelta(days=1), every).until() >= given_on(at, every).until()


@given(day=DAYS, ats=st.lists(DAYS, min_size=1, max_size=4), every=PERIODS)
def test_every_set_of_attestations_has_one_verdict(day: date, ats: list[date], every: Duration) -> None:
    several = [given_on(at, every) for at in ats]
    if valid := in_force(several, day):
        verdict = attested(valid[:1])
        assert verdict.outcome is Outcome.MANUAL
        assert verdict.due is not None
        assert verdict.due >= day
        assert verdict.days_overdue == 0
    else:
        verdict = lapsed(several, day)
        assert verdict.outcome is Outcome.NOT_EVALUATED
        assert (verdict.due is None) == all(one.at > day for one in several)
        assert (verdict.days_overdue or 1) >= 1


def test_an_attestation_that_only_events_end_would_hold_for_ever() -> None:
    assert given_on(date(2025, 1, 1), parse_duration("on incident")).until() == date(MAXYEAR, 12, 31)


@pytest.mark.parametrize(
    ("fields", "about"),
    [
        ({"rule": "drill"}, True),
        ({"rule": "house/drill"}, True),
        ({"rule": "other-pack/drill"}, True),
        ({"rule": "stranger/drill"}, False),
        ({"rule": "drills"}, False),
        ({"rule": "", "control": "soc2:CC7.3"}, True),
        ({"rule": "", "control": "soc2:CC7.4"}, False),
    ],
)
def test_it_is_about_the_rule_or_control_it_names(fields: dict[str, str], about: bool) -> None:
    one = attestation(**fields)
    assert (
        one.is_about(rule="drill", pack="house", also_in=("other-pack",), controls=("soc2:CC7.3",)) is about
    )


def test_a_rule_without_controls_is_not_met_by_an_empty_one() -> None:
    one = attestation(rule="other", control="")
    assert not one.is_about(rule="drill", pack="house", also_in=(), controls=("",))


def test_all_that_have_to_agree_have_to_hold() -> None:
    verdict = attested(
        [attestation(every="annually"), attestation("2025-09-10", "monthly", id="b", by="Ben")]
    )
    assert verdict.reason == (
        "Ana attested on 2025-09-01: 'The drill took place.'; "
        "Ben attested on 2025-09-10: 'The drill took place.'; in force until 2025-10-10"
    )
