"""Inventories against backends and against themselves, with the contradictions of real tables."""

from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.checks.inventory_drift import InventoryDrift
from keyproof.domain.secret import Basis, SecretMetadata
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, evidence_of, fact, row, secret, utc

LIVE = secret(value="2025-06-01")


def judge(
    subject: SecretMetadata,
    *others: SecretMetadata,
    now: str = "2025-10-05T12:00",
    aspects: list[str] | None = None,
    tables: tuple[str, ...] = ("table",),
    **known: Any,
) -> Verdict:
    check = InventoryDrift.model_validate({"aspects": aspects} if aspects else {})
    return check.evaluate(
        subject, context(now, subject, *others, tables=tables, period_rule="rotation", **known)
    )


# A live secret


def test_a_declared_secret_names_its_row() -> None:
    assert judge(secret(claims=row().claims)) == Verdict.passed("declared in docs/secrets.md:7")


def test_an_undeclared_secret_fails_where_an_inventory_exists() -> None:
    assert judge(LIVE) == Verdict.failed("undeclared: no row of table describes it")
    assert judge(LIVE, tables=()) == Verdict.not_applicable("no inventory is among the sources")


def test_an_inventory_read_in_part_proves_no_absence() -> None:
    assert judge(LIVE, complete=["aws"]) == Verdict.not_evaluated(
        "no row read so far declares it, and table was not read in full"
    )


def test_a_deleted_secret_needs_no_row() -> None:
    gone = secret(deletion=utc("2025-10-20"))
    assert judge(gone) == Verdict.not_applicable("scheduled for deletion on 2025-10-20")


def test_an_aspect_that_is_not_asked_for_is_not_judged() -> None:
    assert judge(LIVE, aspects=["status"]).outcome is Outcome.NOT_APPLICABLE
    assert judge(row(), LIVE, aspects=["undeclared"]).outcome is Outcome.NOT_APPLICABLE


# A row that describes no live secret


def test_a_row_without_a_live_secret_is_absent() -> None:
    assert judge(row(), LIVE) == Verdict.failed("absent: no live secret of aws is this row")


def test_a_source_read_in_part_proves_no_absence() -> None:
    verdict = judge(row(), LIVE, complete=["table"])
    assert verdict == Verdict.not_evaluated(
        "no live secret is known to be this row, and aws was not read in full"
    )
    denied = judge(row(), live=["vault"], complete=["table"])
    assert denied.reason == "no live secret is known to be this row, and vault was not read in full"


def test_without_a_live_source_nothing_can_be_absent() -> None:
    assert judge(row()).outcome is Outcome.NOT_APPLICABLE
    assert judge(row(), live=["vault"], complete=["table", "vault"]).outcome is Outcome.FAIL


def test_a_repository_is_no_source_of_live_secrets() -> None:
    assert judge(row(), complete=["table", "git"]).outcome is Outcome.NOT_APPLICABLE


def test_a_described_secret_is_named() -> None:
    verdict = judge(row(declares=(LIVE.id,)), LIVE)
    assert verdict == Verdict.passed(f"describes {LIVE.id}", describes=LIVE.id)


# A claim against the live value


def claimed(last: str, live: str, basis: Basis = Basis.VERSION_CREATED) -> SecretMetadata:
    stated = row(last=last)
    return row(last=last, facts=(*stated.facts, fact(live, basis)), declares=(LIVE.id,))


@pytest.mark.parametrize(
    ("claim", "live", "outcome"),
    [
        ("2025-06-01", "2025-06-01T09:00", Outcome.PASS),
        ("2025-06-02", "2025-06-01T00:00", Outcome.PASS),
        ("2025-06-02", "2025-06-01T23:59", Outcome.PASS),
        ("2025-06-03", "2025-06-01T23:59", Outcome.FAIL),
        ("2025-06-01", "2025-05-31T23:30-04:00", Outcome.PASS),
        ("2025-03-01", "2025-06-01", Outcome.PASS),
        ("2024-03-01", "2024-02-28T23:59", Outcome.FAIL),
        ("2024-03-01", "2024-02-29T00:00", Outcome.PASS),
    ],
)
def test_a_claim_may_be_a_day_ahead_of_the_live_value(claim: str, live: str, outcome: Outcome) -> None:
    assert judge(claimed(claim, live), LIVE, aspects=["claim"]).outcome is outcome


def test_the_reason_names_both_dates() -> None:
    verdict = judge(claimed("2025-10-01", "2025-06-01"), LIVE, aspects=["claim"])
    assert verdict.reason == (
        "the row claims the rotation of 2025-10-01, but the live value is of 2025-06-01 (version-created), "
        "122 days earlier"
    )
    assert evidence_of(verdict) == {
        "claimed rotation": "2025-10-01",
        "live value": "2025-06-01 (version-created)",
    }


def test_of_several_live_dates_the_best_evidence_counts() -> None:
    stated = row(last="2025-10-01")
    live = (fact("2025-10-01", Basis.LAST_ROTATED), fact("2025-06-01"), fact("2025-05-01"))
    verdict = judge(row(last="2025-10-01", facts=(*stated.facts, *live)), LIVE, aspects=["claim"])
    assert "the live value is of 2025-06-01 (version-created)" in verdict.reason


@pytest.mark.parametrize("basis", [Basis.RECORD_CREATED, Basis.ROW_COMMIT])
def test_only_a_date_of_the_value_can_refute_a_claim(basis: Basis) -> None:
    assert (
        judge(claimed("2025-10-01", "2025-06-01", basis), LIVE, aspects=["claim"]).outcome is not Outcome.FAIL
    )


# The stated next rotation against the period


@pytest.mark.parametrize(
    ("last", "stated", "period", "computed", "difference"),
    [
        ("2025-09-15", "2025-12-15", "90d", "2025-12-14", "1 day late"),
        ("2025-09-01", "2025-12-01", "90d", "2025-11-30", "1 day late"),
        ("2025-09-10", "2025-11-10", "60d", "2025-11-09", "1 day late"),
        ("2025-08-20", "2025-11-20", "90d", "2025-11-18", "2 days late"),
        ("2025-07-01", "2025-10-01", "90d", "2025-09-29", "2 days late"),
        ("2025-06-01", "2026-06-01", "180d", "2025-11-28", "185 days late"),
        ("2026-02-01", "2026-05-01", "90d", "2026-05-02", "1 day early"),
    ],
)
def test_a_stated_next_rotation_that_does_not_fit_the_period(
    last: str, stated: str, period: str, computed: str, difference: str
) -> None:
    written = row(last=last, next_rotation=stated, period=period)
    verdict = judge(written, aspects=["next-date"])
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == (
        f"stated next rotation {stated} does not fit {period} from {last}: due {computed}, {difference}"
    )
    assert evidence_of(verdict) == {
        "stated next rotation": stated,
        "computed next rotation": computed,
        "period": f"{period} (the row)",
    }
    assert str(verdict.due) == computed


@pytest.mark.parametrize(
    ("last", "stated", "period"),
    [
        ("2026-01-15", "2026-04-15", "90d"),
        ("2025-06-01", "2025-11-28", "180d"),
        ("2025-08-20", "2025-11-20", "3mo"),
        ("2024-02-29", "2025-02-28", "12mo"),
        ("2025-01-31", "2025-02-28", "1mo"),
    ],
)
def test_a_stated_next_rotation_that_fits(last: str, stated: str, period: str) -> None:
    assert (
        judge(row(last=last, next_rotation=stated, period=period), aspects=["next-date"]).outcome
        is Outcome.PASS
    )


def test_the_packs_period_counts_where_the_row_states_none() -> None:
    written = row(last="2025-06-01", next_rotation="2026-06-01")
    verdict = judge(written, aspects=["next-date"], period="180d")
    assert "does not fit 180d from 2025-06-01" in verdict.reason
    assert evidence_of(verdict)["period"] == "180d (rule rotation)"
    own = row(last="2025-06-01", next_rotation="2026-06-01", period="365d")
    assert judge(own, aspects=["next-date"], period="180d").outcome is Outcome.PASS


@pytest.mark.parametrize(
    "written",
    [
        row(last="2025-06-01", next_rotation="2026-06-01"),
        row(last="2025-06-01", next_rotation="On compromise", period="90d"),
        row(next_rotation="2026-06-01", period="90d"),
        row(last="2025-06-01", next_rotation="2026-06-01", period="on compromise"),
    ],
)
def test_without_dates_or_period_no_next_rotation_is_judged(written: SecretMetadata) -> None:
    assert judge(written, aspects=["next-date"]).outcome is Outcome.NOT_APPLICABLE


# The status word against the dates


@pytest.mark.parametrize(
    ("status", "now", "outcome"),
    [
        ("current", "2025-09-29T23:59", Outcome.PASS),
        ("current", "2025-09-30", Outcome.FAIL),
        ("due-soon", "2025-09-29", Outcome.PASS),
        ("Due Soon", "2025-09-30", Outcome.FAIL),
        ("overdue", "2025-09-29", Outcome.FAIL),
        ("overdue", "2025-09-30", Outcome.PASS),
        ("rotating", "2025-09-30", Outcome.NOT_APPLICABLE),
        ("", "2025-09-30", Outcome.NOT_APPLICABLE),
    ],
)
def test_a_status_word_has_to_fit_the_dates(status: str, now: str, outcome: Outcome) -> None:
    written = row(last="2025-07-01", period="90d", status=status)
    assert judge(written, now=now, aspects=["status"]).outcome is outcome


@pytest.mark.parametrize(
    ("status", "now", "reason"),
    [
        ("current", "2025-10-05", "status 'current', but it is overdue by 6 days since 2025-09-29"),
        ("overdue", "2025-09-01", "status 'overdue', but it is due only on 2025-09-29"),
        ("current", "2025-09-01", "status 'current' fits the due date 2025-09-29"),
    ],
)
def test_the_reason_names_status_and_due_date(status: str, now: str, reason: str) -> None:
    written = row(last="2025-07-01", period="90d", status=status)
    assert judge(written, now=now, aspects=["status"]).reason == reason


def test_the_status_is_judged_by_the_live_value_where_there_is_one() -> None:
    stated = row(last="2025-10-01", period="90d", status="current")
    stale = row(
        last="2025-10-01",
        period="90d",
        status="current",
        facts=(*stated.facts, fact("2025-01-01")),
        declares=("x",),
    )
    assert judge(stale, aspects=["status"]).outcome is Outcome.FAIL
    assert str(judge(stale, aspects=["status"]).due) == "2025-04-01"


@pytest.mark.parametrize(
    ("name", "last", "period", "status", "first_wrong_day"),
    [
        ("Google Service Account", "2025-09-15", "90d", "current", "2025-12-15"),
        ("OpenAI API Key", "2025-09-10", "60d", "current", "2025-11-10"),
        ("CRM API Key", "2025-08-20", "90d", "due-soon", "2025-11-19"),
        ("JWT Secret", "2025-06-01", "180d", "current", "2025-11-29"),
    ],
)
def test_the_first_day_on_which_a_row_of_a_tracking_table_is_wrong(
    name: str, last: str, period: str, status: str, first_wrong_day: str
) -> None:
    written = row(name, last=last, period=period, status=status)
    before = str(utc(first_wrong_day).date().replace(day=utc(first_wrong_day).day - 1))
    assert judge(written, now=before, aspects=["status"]).outcome is Outcome.PASS
    assert judge(written, now=first_wrong_day, aspects=["status"]).outcome is Outcome.FAIL


# Several at once


def test_every_problem_of_a_row_stands_in_one_reason() -> None:
    stated = row(last="2025-10-01", next_rotation="2026-06-01", period="180d", status="current")
    written = row(
        last="2025-10-01", next_rotation="2026-06-01", period="180d", status="current",
        facts=(*stated.facts, fact("2025-01-01")), declares=(LIVE.id,), problems=("Owner: is no text",),
    )  # fmt: skip
    verdict = judge(written, LIVE)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason.split("; ") == [
        (
            "the row claims the rotation of 2025-10-01, but the live value is of 2025-01-01 (version-created), "
            "273 days earlier"
        ),
        "stated next rotation 2026-06-01 does not fit 180d from 2025-10-01: due 2026-03-30, 63 days late",
        "status 'current', but it is overdue by 97 days since 2025-06-30",
        "line 7 could not be read in full: Owner: is no text",
    ]
    assert (str(verdict.due), verdict.days_overdue) == ("2025-06-30", 97)


def test_a_row_that_could_not_be_read_in_full_never_passes() -> None:
    written = row(
        last="2025-09-01",
        next_rotation="2025-11-30",
        period="90d",
        problems=("Last Rotated: 1/2/25 is no date",),
    )
    verdict = judge(written)
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert verdict.reason == "line 7 could not be read in full: Last Rotated: 1/2/25 is no date"


def test_a_row_in_order_says_what_was_compared() -> None:
    written = row(
        last="2025-09-01", next_rotation="2025-11-30", period="90d", status="current", declares=(LIVE.id,)
    )
    assert judge(written, LIVE).reason == (
        f"describes {LIVE.id}; stated next rotation 2025-11-30 fits 90d from 2025-09-01; "
        "status 'current' fits the due date 2025-11-30"
    )


def test_a_document_stands_in_no_inventory() -> None:
    assert InventoryDrift().evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("parameters", [{"aspects": []}, {"aspects": ["dates"]}, {"aspect": ["status"]}])
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        InventoryDrift.model_validate(parameters)
