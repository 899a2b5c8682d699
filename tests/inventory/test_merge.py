"""Which rows speak of the same secret."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.duration import parse_duration
from keyproof.inventory.merge import Merged, merge
from keyproof.inventory.rows import Declaration, Standing

DAY = date(2025, 1, 1)


def row(
    line: int, name: str, table: int = 0, standing: Standing = Standing.SECRET, **more: Any
) -> Declaration:
    return Declaration(table=table, line=line, standing=standing, name=name, **more)


def kind(line: int, name: str, table: int = 1, **more: Any) -> Declaration:
    return row(line, name, table, Standing.TYPE, **more)


def schedule(line: int, name: str, period: str = "90 days", table: int = 2) -> Declaration:
    return row(line, name, table, Standing.SCHEDULE, period=parse_duration(period))


def lines(merged: Merged) -> Mapping[str, list[int]]:
    """Lead name and environment → lines of all rows of the secret."""
    found = {f"{secret.lead.name}@{secret.environment}".rstrip("@"): secret for secret in merged.secrets}
    assert len(found) == len(merged.secrets)
    return {name: sorted(own.line for own in secret.rows) for name, secret in found.items()}


def reasons(merged: Merged) -> list[str]:
    return [f"{apart.row.name} {apart.reason}" for apart in merged.apart]


def test_equal_names_go_together_across_tables() -> None:
    merged = merge([row(1, "JWT_SECRET"), row(9, "jwt secret", 1, last_rotated=DAY), row(2, "OTHER")])
    assert lines(merged) == {"OTHER": [2], "jwt secret": [1, 9]}


def test_like_names_go_together_when_no_third_is_like() -> None:
    merged = merge([row(1, "JWT Secret"), row(2, "Redis Password"), row(9, "JWT Secret Key", 1)])
    assert lines(merged) == {"JWT Secret": [1, 9], "Redis Password": [2]}
    assert reasons(merged) == []


def test_like_names_stay_apart_when_there_are_two_candidates() -> None:
    merged = merge([row(1, "JWT"), row(2, "JWT Token"), row(9, "JWT Secret Token", 1)])
    assert lines(merged) == {"JWT": [1], "JWT Token": [2], "JWT Secret Token": [9]}
    assert reasons(merged) == [
        "JWT Secret Token is like 'JWT' (line 1), 'JWT Token' (line 2), so it was merged with none"
    ]


def test_like_names_of_one_table_are_different_secrets() -> None:
    assert len(merge([row(1, "API Key"), row(2, "API Keys")]).secrets) == 2
    assert len(merge([kind(1, "API Key"), kind(2, "API Keys")]).secrets) == 2


def test_environments_keep_equal_names_apart() -> None:
    rows = [row(1, "A", environments=("production",)), row(2, "A", environments=("staging",))]
    general = row(9, "A", 1, period=parse_duration("90d"))
    merged = merge([*rows, general])
    assert lines(merged) == {"A@production": [1, 9], "A@staging": [2, 9]}
    dated = merge([*rows, row(9, "A", 1, last_rotated=DAY)])
    assert lines(dated) == {"A@production": [1], "A@staging": [2], "A": [9]}
    assert reasons(dated) == ["A has the name of 'A' (line 1), 'A' (line 2), so it was merged with none"]


def test_a_row_without_environment_takes_the_one_of_its_only_fellow() -> None:
    merged = merge([row(1, "A"), row(9, "A", 1, environments=("production",))])
    assert lines(merged) == {"A@production": [1, 9]}


def test_a_service_matters_only_where_a_table_uses_a_name_twice() -> None:
    twice = [row(1, "API key", service="Mail"), row(2, "API key", service="Chat")]
    assert len(merge(twice).secrets) == 2
    assert len(merge([*twice, row(9, "API key", 1)]).secrets) == 3
    once = [row(1, "API key", service="Mail"), row(9, "API key", 1, service="Mail relay")]
    assert len(merge(once).secrets) == 1


def test_a_kind_speaks_of_its_example_and_of_every_secret_of_its_type() -> None:
    rows = [
        row(1, "FIRST", type="API Key"),
        row(2, "SECOND", type="api keys"),
        row(3, "THIRD", type="Password"),
    ]
    merged = merge([*rows, kind(9, "API Keys", example="THIRD")])
    assert lines(merged) == {"FIRST": [1, 9], "SECOND": [2, 9], "THIRD": [3, 9]}


def test_a_kind_nobody_lists_is_a_secret_and_a_scheduled_one_is_not() -> None:
    merged = merge([row(1, "A"), kind(2, "Encryption Keys"), schedule(3, "Session keys")])
    assert lines(merged) == {"A": [1], "Encryption Keys": [2]}
    assert reasons(merged) == ["Session keys gives a period to a kind of secret that no row lists"]


def test_a_schedule_reaches_a_secret_through_the_kind_it_is_of() -> None:
    rows = [row(1, "SECRET_KEY", type="JWT Key"), kind(2, "JWT Secret Key", example="SECRET_KEY")]
    assert lines(merge([*rows, schedule(3, "JWT Secret")])) == {"SECRET_KEY": [1, 2, 3]}


def test_a_kind_like_two_names_speaks_of_neither() -> None:
    merged = merge([row(1, "Mail", 0), row(2, "Mail Token", 0), schedule(3, "Mail secret token")])
    assert lines(merged) == {"Mail": [1], "Mail Token": [2]}
    assert "is like 'Mail' (line 1), 'Mail Token' (line 2), so it was merged with none" in reasons(merged)[0]


def test_a_second_naming_column_joins_across_tables() -> None:
    merged = merge(
        [row(1, "Sign-in secret", example="SECRET_KEY"), row(9, "SECRET_KEY", 1, last_rotated=DAY)]
    )
    assert lines(merged) == {"SECRET_KEY": [1, 9]}
    apart = merge([row(1, "A", example="A"), row(9, "B", 1, example="B")])
    assert len(apart.secrets) == 2


def test_the_own_period_goes_before_the_one_of_the_kind() -> None:
    own, general = parse_duration("60 days"), parse_duration("quarterly")
    (secret,) = merge([row(1, "A", period=own), kind(2, "A", period=general)]).secrets
    assert secret.period == own
    assert [over.line for over in secret.overruled] == [2]
    assert secret.problems == ()


def test_two_equal_periods_in_different_words_agree() -> None:
    rows = [
        kind(1, "A", period=parse_duration("Every 90 days")),
        kind(2, "A", 2, period=parse_duration("Quarterly")),
    ]
    (secret,) = merge(rows).secrets
    assert secret.period is not None
    assert (secret.overruled, secret.problems) == ((), ())


def test_what_two_rows_contradict_is_a_problem_and_nothing_is_chosen() -> None:
    rows = [
        row(1, "A", period=parse_duration("60 days"), owner="Ops", last_rotated=DAY),
        row(9, "A", 1, period=parse_duration("90 days"), owner="OPS", last_rotated=date(2025, 2, 1)),
    ]
    (secret,) = merge(rows).secrets
    assert (secret.period, secret.last_rotated) == (None, None)
    assert secret.problems == (
        "dates of last rotation contradict each other: 2025-01-01 (line 1), 2025-02-01 (line 9)",
        "periods contradict each other: 60 days (line 1), 90 days (line 9)",
    )
    assert [claimant.line for claimant in secret.claimants] == [1, 9]


NAMES = st.sampled_from(["A key", "A", "A secret key", "a_key", "B", "B password", "C"])
ROWS = st.builds(
    lambda name, table, environment, service, type_, example, last: row(
        0,
        name,
        table,
        [Standing.SECRET, Standing.SECRET, Standing.TYPE, Standing.SCHEDULE][table],
        environments=environment,
        service=service,
        type=type_,
        example=example,
        last_rotated=last,
    ),
    NAMES,
    st.integers(0, 3),
    st.sampled_from([(), ("production",), ("production", "staging")]),
    st.sampled_from(["", "Mail", "Chat"]),
    st.sampled_from(["", "A", "B keys"]),
    st.sampled_from(["", "A", "B"]),
    st.sampled_from([None, DAY, date(2025, 2, 1)]),
)


@given(st.lists(ROWS, max_size=8))
def test_no_row_is_lost_and_none_is_invented(rows: list[Declaration]) -> None:
    numbered = [Declaration(**{**_fields(known), "line": line}) for line, known in enumerate(rows, 1)]
    merged = merge(numbered)
    placed = {own.line for secret in merged.secrets for own in secret.rows}
    left = {apart.row.line for apart in merged.apart}
    assert placed | left == {known.line for known in numbered}
    for secret in merged.secrets:
        assert secret.lead in secret.rows
        assert len(secret.merges) == len(secret.rows) - 1
        assert (secret.last_rotated is None) or not secret.conflicting


def _fields(known: Declaration) -> dict[str, Any]:
    return {name: getattr(known, name) for name in Declaration.__dataclass_fields__}
