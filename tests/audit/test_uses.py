"""Who used what, gathered from records."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from keyproof.audit.uses import Uses
from keyproof.domain.access import AccessEvent, Action

NOON = datetime(2025, 9, 20, 12, tzinfo=UTC)


def _event(at: datetime, principal: str = "user:a", *, allowed: bool = True) -> AccessEvent:
    return AccessEvent(at=at, principal=principal, action=Action.READ, allowed=allowed)


def test_nothing_is_told_of_a_time_that_is_not_covered() -> None:
    uses = Uses(sink="log")
    uses.add("db", _event(NOON))
    assert uses.log_of("db") is None
    uses.cover(NOON, NOON)
    log = uses.log_of("db")
    assert log is not None
    assert (log.sink, log.since, log.until, log.events) == ("log", NOON, NOON, (_event(NOON),))
    nothing = uses.log_of("other")
    assert nothing is not None
    assert nothing.events == ()


def test_a_stretch_that_ends_before_it_begins_is_none() -> None:
    uses = Uses(sink="log")
    uses.cover(NOON, NOON - timedelta(hours=1))
    assert uses.since == uses.until == NOON - timedelta(hours=1)


def test_a_thing_with_several_names_has_the_uses_of_all() -> None:
    uses = Uses(sink="log")
    uses.cover(NOON, NOON)
    uses.add("secrets/db", _event(NOON))
    uses.add("certificates/db", _event(NOON, "user:b"))
    log = uses.log_of("secrets/db", "certificates/db")
    assert log is not None
    assert [event.principal for event in log.events] == ["user:a", "user:b"]


@given(st.lists(st.tuples(st.integers(0, 4000), st.sampled_from(["a", "b"]), st.booleans())))
def test_the_last_of_equal_uses_of_a_day_stands_for_all(found: list[tuple[int, str, bool]]) -> None:
    uses = Uses(sink="log")
    uses.cover(NOON, NOON)
    events = [_event(NOON + timedelta(minutes=after), who, allowed=ok) for after, who, ok in found]
    for event in events:
        uses.add("db", event)
    log = uses.log_of("db")
    assert log is not None
    last: dict[tuple[object, ...], datetime] = {}
    for event in events:
        key = (event.principal, event.allowed, event.at.date())
        last[key] = max(event.at, last.get(key, event.at))
    assert {(one.principal, one.allowed, one.at.date()): one.at for one in log.events} == last
    assert list(log.events) == sorted(log.events)
