"""AWS's rotation schedules, read to their longest gap."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given, settings
from hypothesis import strategies as st

from keyproof.aws.schedule import longest_gap

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("expression", "gap"),
    [
        ("rate(4 hours)", 4 * HOUR),
        ("rate(1 hour)", HOUR),
        ("rate(1 day)", DAY),
        (" rate(30 days) ", 30 * DAY),
        ("cron(0 8 1 * ? *)", 31 * DAY),
        ("cron(0 10 * * ? *)", DAY),
        ("cron(0 4/12 * * ? *)", 12 * HOUR),
        ("cron(0 2/10 * * ? *)", 10 * HOUR),
        ("cron(0 8/8 * * ? *)", 16 * HOUR),  # 8:00 and 16:00, then not before the next day
        ("cron(0 18 ? * SAT *)", 7 * DAY),
        ("cron(0 8 ? * MON-FRI *)", 3 * DAY),
        ("cron(0 8 ? * 2-6 *)", 3 * DAY),
        ("cron(0 16 1,15 * ? *)", 17 * DAY),
        ("cron(0 17 L * ? *)", 31 * DAY),
        ("cron(0 17 15,L * ? *)", 16 * DAY),
        ("cron(0 0 ? * SUN#1 *)", 35 * DAY),
        ("cron(0 0 ? * 1#1,1#3 *)", 21 * DAY),
        ("cron(0 0 ? * SUNL *)", 35 * DAY),
        ("cron(0 0 SUNL * ? *)", 35 * DAY),
        ("cron(0 0 ? * 6L *)", 35 * DAY),
        ("cron(0 0 ? * L *)", 7 * DAY),
        ("cron(0 0 1 1 ? *)", 366 * DAY),
        ("cron(0 0 1 JAN,JUL ? *)", 184 * DAY),
        ("cron(0 0 1 1/3 ? *)", 92 * DAY),
        (
            "cron(0 1 * 1/3 SUN *)",
            70 * DAY,
        ),  # from the last Sunday of one month to the first of the next named
        ("cron(0 0 31 * ? *)", 61 * DAY),
        ("cron(0 0 29 2 ? *)", 1461 * DAY),
        ("cron(0 0 1/7 * ? *)", 7 * DAY),
        ("cron(0 0 ? * SUN#5 2,3 *)", None),
        ("cron(0 0 * * * *)", DAY),
        ("CRON(0 0 * * ? *)", None),
        ("cron(0 0 31 2 ? *)", None),
        ("cron(0 0 1 * MON *)", None),
        ("cron(0 0 1 * ?)", None),
        ("cron(0 0 1 * ? 2025)", None),
        ("cron(0 24 * * ? *)", None),
        ("cron(0 8 ? * 0 *)", None),
        ("cron(0 8 ? * 8 *)", None),
        ("cron(0 8 ? * SUN#6 *)", None),
        ("cron(0 8 15W * ? *)", None),
        ("cron(0 8 20-10 * ? *)", None),
        ("cron(0 8 1/0 * ? *)", None),
        ("cron(0 8 ,1 * ? *)", None),
        ("cron(0 ٨ 1 * ? *)", None),
        ("cron()", None),
        ("rate(0 days)", None),
        ("rate(5 minutes)", None),
        ("rate(-1 days)", None),
        ("rate(12345678 days)", None),
        ("30 days", None),
        ("", None),
    ],
)
def test_longest_gap(expression: str, gap: timedelta | None) -> None:
    if gap is None:
        with pytest.raises(ValueError, match=r"\S"):
            longest_gap(expression)
    else:
        assert longest_gap(expression) == gap


def test_a_fault_is_named() -> None:
    with pytest.raises(ValueError, match="15W is not allowed as day of month"):
        longest_gap("cron(0 8 15W * ? *)")
    with pytest.raises(ValueError, match="both restricted"):
        longest_gap("cron(0 8 1 * MON *)")
    with pytest.raises(ValueError, match="no day of the calendar"):
        longest_gap("cron(0 8 31 2 ? *)")


@given(st.integers(1, 999), st.sampled_from(["day", "hour"]), st.booleans())
def test_a_rate_is_exact(number: int, unit: str, plural: bool) -> None:
    expected = number * (DAY if unit == "day" else HOUR)
    assert longest_gap(f"rate({number} {unit}{'s' * plural})") == expected


@given(st.one_of(st.text(), st.text(alphabet="cronrate()0123456789?*/#,-L SUNMONJANdays", max_size=40)))
def test_any_text_gives_a_gap_or_a_value_error(text: str) -> None:
    for expression in (text, f"cron({text})", f"rate({text})"):
        try:
            gap = longest_gap(expression)
        except ValueError:
            continue
        assert timedelta(0) < gap


def _lists(low: int, high: int) -> st.SearchStrategy[str]:
    """Numbers, ranges, increments and lists of them, in the grammar AWS and cronsim share."""
    number = st.integers(low, high)
    single = number.map(str)
    span = st.sets(number, min_size=2, max_size=2).map(lambda ends: f"{min(ends)}-{max(ends)}")
    stepped = st.builds(
        lambda base, step: f"{base}/{step}", st.one_of(st.just("*"), span), st.integers(1, high)
    )
    return st.one_of(
        st.just("*"), st.lists(st.one_of(single, span, stepped), min_size=1, max_size=3).map(",".join)
    )


def _cronsim_gap(expression: str, until: int) -> timedelta | None:
    """The longest gap as another implementation of cron sees it; None when it never comes due."""
    fires: list[datetime] = []
    try:
        simulated = CronSim(expression, datetime(2024, 12, 31, 23, 59, tzinfo=UTC))
        while not fires or fires[-1].year < until:
            fires.append(next(simulated))
    except (CronSimError, StopIteration):
        return None
    return max(later - earlier for earlier, later in pairwise(fires))


@given(hours=_lists(0, 23))
def test_agrees_with_another_reading_of_the_hours(hours: str) -> None:
    fires = list(islice(CronSim(f"0 {hours} * * *", datetime(2025, 1, 1, tzinfo=UTC)), 60))
    expected = max(later - earlier for earlier, later in pairwise(fires))
    assert longest_gap(f"cron(0 {hours} * * ? *)") == expected


@settings(max_examples=20, deadline=None)
@given(days=_lists(1, 31), months=_lists(1, 12))
def test_agrees_with_another_reading_of_the_days_of_the_month(days: str, months: str) -> None:
    expected = _cronsim_gap(f"0 8 {days} {months} *", until=2034)
    try:
        assert longest_gap(f"cron(0 8 {days} {months} ? *)") == expected
    except ValueError:
        assert expected is None


@settings(max_examples=20, deadline=None)
@given(weekdays=st.sets(st.integers(0, 6), min_size=1), nth=st.integers(0, 5))
def test_agrees_with_another_reading_of_the_days_of_the_week(weekdays: set[int], nth: int) -> None:
    suffix = f"#{nth}" if nth else ""
    theirs = ",".join(f"{day}{suffix}" for day in sorted(weekdays))
    ours = ",".join(f"{day + 1}{suffix}" for day in sorted(weekdays))
    assert longest_gap(f"cron(0 8 ? * {ours} *)") == _cronsim_gap(f"0 8 * * {theirs}", until=2054)
