"""Traces of reads: switched on, covering reads, kept long enough, or not known."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.checks.audit_logging import AuditLogging
from keyproof.domain.access import AuditTrail
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, evidence_of, row, secret, trail, utc

DAY = timedelta(days=1)
FILE, SYSLOG = trail("file/ (file)"), trail("syslog/ (syslog)")
OFF, BLIND, SILENT = trail(enabled=False), trail(covers_reads=False), trail(covers_reads=None)


def judge(*trails: AuditTrail, **parameters: Any) -> Verdict:
    return of(secret(audit=trails), **parameters)


def of(subject: SecretMetadata, **parameters: Any) -> Verdict:
    return AuditLogging.model_validate(parameters).evaluate(subject, context("2025-10-05", tables=["table"]))


@pytest.mark.parametrize(
    ("trails", "outcome", "reason"),
    [
        ([FILE], Outcome.PASS, "reads are recorded in file/ (file)"),
        ([FILE, OFF], Outcome.PASS, "reads are recorded in file/ (file)"),
        ([], Outcome.FAIL, "0 of 0 audit trails record reads; 1 sink wanted"),
        ([OFF], Outcome.FAIL, "0 of 1 audit trail record reads; 1 sink wanted"),
        ([BLIND, OFF], Outcome.FAIL, "0 of 2 audit trails record reads; 1 sink wanted"),
        ([SILENT], Outcome.NOT_EVALUATED, "whether file/ (file) records reads is not known; 1 sink wanted"),
        ([SILENT, FILE], Outcome.PASS, "reads are recorded in file/ (file)"),
    ],
)
def test_a_sink_that_is_on_and_covers_reads_is_needed(
    trails: list[AuditTrail], outcome: Outcome, reason: str
) -> None:
    verdict = judge(*trails)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("trails", "outcome"),
    [
        ([FILE, SYSLOG], Outcome.PASS),
        ([FILE, SILENT], Outcome.NOT_EVALUATED),
        ([FILE], Outcome.FAIL),
        ([FILE, OFF], Outcome.FAIL),
    ],
)
def test_several_sinks_may_be_wanted(trails: list[AuditTrail], outcome: Outcome) -> None:
    assert judge(*trails, sinks=2).outcome is outcome


@pytest.mark.parametrize(
    ("kept", "outcome", "reason"),
    [
        (364, Outcome.FAIL, "records are kept 364 days at most (file/ (file)); 365d wanted"),
        (365, Outcome.PASS, "reads are recorded in file/ (file) and kept 365 days"),
        (366, Outcome.PASS, "reads are recorded in file/ (file) and kept 366 days"),
        (None, Outcome.NOT_EVALUATED, "how long file/ (file) keeps its records is not known; 365d wanted"),
    ],
)
def test_the_records_are_kept_long_enough(kept: int | None, outcome: Outcome, reason: str) -> None:
    verdict = judge(trail(retention=None if kept is None else kept * DAY), retention="365d")
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_one_place_that_keeps_them_long_enough_suffices() -> None:
    short, long = trail("short", retention=30 * DAY), trail("long", retention=400 * DAY)
    assert judge(short, long, retention="annually").outcome is Outcome.PASS
    assert judge(short, trail("unknown"), retention="annually").outcome is Outcome.NOT_EVALUATED
    assert (
        judge(short, trail("off", enabled=False, retention=400 * DAY), retention="1y").outcome is Outcome.FAIL
    )


def test_every_trail_is_evidence() -> None:
    assert evidence_of(judge(FILE, trail("bucket", enabled=False, covers_reads=None, retention=7 * DAY))) == {
        "audit trail": "bucket: off, reads not stated, kept 7 days"
    }
    assert judge(BLIND).evidence[0].value == "file/ (file): on, does not record reads, retention not stated"


def test_trails_that_could_not_be_read_are_not_the_same_as_none() -> None:
    assert of(secret(unread={"audit": "sys/audit is denied: sudo is missing"})) == Verdict.not_evaluated(
        "whether reads are recorded is not known: sys/audit is denied: sudo is missing"
    )
    assert of(secret()).outcome is Outcome.NOT_EVALUATED


def test_a_row_is_judged_on_its_live_secret() -> None:
    assert of(row(declares=("vault://a",))).outcome is Outcome.NOT_APPLICABLE
    assert of(row()).outcome is Outcome.NOT_EVALUATED


def test_a_deleted_secret_or_a_document_is_no_matter() -> None:
    assert of(secret(audit=(), deletion=utc("2025-10-01"))).outcome is Outcome.NOT_APPLICABLE
    assert AuditLogging().evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("parameters", [{"sinks": 0}, {"retention": "on incident"}, {"retain": "1y"}])
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AuditLogging.model_validate(parameters)
