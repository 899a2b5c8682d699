"""Times, dates and names of JSON answers."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.secret import Basis, Confidence
from keyproof.rest.config import RestConfig
from keyproof.rest.reading import entries, moment, wanted, written

TIMES = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis wants bounds without one)


@given(TIMES)
def test_a_time_is_read_in_utc(at: datetime) -> None:
    assert moment(at.isoformat()) == at
    assert moment(at.isoformat().replace("+00:00", "Z")) == at
    assert moment(at.replace(tzinfo=None).isoformat()) == at


@pytest.mark.parametrize(
    "text", ["", "soon", 3, None, {}, "2025-13-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
)
def test_what_is_no_time(text: object) -> None:
    assert moment(text) is None


def test_a_day_begins_at_midnight() -> None:
    assert moment("2025-02-01") == datetime(2025, 2, 1, tzinfo=UTC)


@given(TIMES, st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=999)), st.booleans())
def test_a_later_write_decides(created: datetime, later: timedelta, exact: bool) -> None:
    facts = written(created, created + later, exact=exact)
    assert facts[0].at == created + later
    assert (facts[0].confidence is Confidence.EXACT) is exact
    assert facts[1].basis is Basis.RECORD_CREATED


@given(TIMES)
def test_what_was_never_written_again_is_as_old_as_it_is(created: datetime) -> None:
    assert written(created, created, exact=False)[0].confidence is Confidence.EXACT
    assert written(created, None, exact=False)[0].at == created


def test_nothing_known_is_no_fact() -> None:
    assert written(None, None, exact=True) == ()
    assert [fact.basis for fact in written(None, datetime(2025, 1, 1, tzinfo=UTC), exact=False)] == [
        Basis.LAST_ROTATED
    ]


def test_exclude_wins() -> None:
    config = RestConfig(include=("a*",), exclude=("ab*",))
    assert [wanted(name, config) for name in ("a", "abc", "b")] == [True, False, False]


@pytest.mark.parametrize(("body", "key"), [({}, "x"), ({"x": {}}, "x"), ([1], ""), ("text", "")])
def test_what_is_no_listing(body: object, key: str) -> None:
    with pytest.raises(ValueError, match="unknown shape"):
        entries(body, key)
