"""Old versions beside their successors: grace to the minute or by the day, pending ones, unknown dates."""

import pytest
from pydantic import ValidationError

from keyproof.checks.old_version_retired import OldVersionRetired
from keyproof.domain.secret import SecretMetadata, SecretVersion, VersionState
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, evidence_of, leak, row, secret, utc, version

CURRENT, PREVIOUS, PENDING = VersionState.CURRENT, VersionState.PREVIOUS, VersionState.PENDING
NEW = version("2", CURRENT, "2025-10-04T18:00")
OLD = version("1", PREVIOUS, "2025-07-01")


def judge(*versions: SecretVersion, now: str, grace: str = "24h") -> Verdict:
    return of(secret(versions=versions), now, grace)


def of(subject: SecretMetadata, now: str = "2025-10-05", grace: str = "24h") -> Verdict:
    return OldVersionRetired.model_validate({"grace": grace}).evaluate(
        subject, context(now, tables=["table"])
    )


@pytest.mark.parametrize(
    ("grace", "now", "outcome"),
    [
        ("24h", "2025-10-05T17:59", Outcome.PASS),
        ("24h", "2025-10-05T18:00", Outcome.PASS),
        ("24h", "2025-10-05T18:01", Outcome.FAIL),
        ("15min", "2025-10-04T18:16", Outcome.FAIL),
        ("7d", "2025-10-11T23:59", Outcome.PASS),
        ("7d", "2025-10-12T00:00", Outcome.FAIL),
        ("1mo", "2025-11-04T23:59", Outcome.PASS),
        ("1mo", "2025-11-05T00:00", Outcome.FAIL),
    ],
)
def test_an_old_version_may_stay_for_the_grace_time(grace: str, now: str, outcome: Outcome) -> None:
    assert judge(NEW, OLD, now=now, grace=grace).outcome is outcome


def test_the_reason_names_the_version_and_how_late_it_is() -> None:
    verdict = judge(NEW, OLD, now="2025-10-07T18:00")
    assert verdict.reason == (
        "1 old version still usable past 24h of grace: "
        "previous version 1, replaced 2025-10-04 18:00 UTC, for 2 days too long"
    )
    assert evidence_of(verdict) == {
        "usable": "previous version 1, replaced 2025-10-04 18:00 UTC, for 2 days too long"
    }


def test_within_the_grace_time_the_reason_says_until_when() -> None:
    assert judge(NEW, OLD, now="2025-10-05").reason == (
        "within 24h of grace: previous version 1, replaced 2025-10-04 18:00 UTC, until 2025-10-05 18:00 UTC"
    )


def test_each_version_counts_from_its_own_successor() -> None:
    chain = (NEW, version("1", PREVIOUS, "2025-09-01"), version("0", PREVIOUS, "2025-01-01"))
    verdict = judge(*chain, now="2025-10-05")
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason.startswith(
        "1 old version still usable past 24h of grace: previous version 0, replaced 2025-09-01,"
    )


def test_many_old_versions_are_counted_and_all_kept_as_evidence() -> None:
    many = [version(str(number), PREVIOUS, f"2025-0{number}-01") for number in range(1, 9)]
    verdict = judge(NEW, *many, now="2025-11-01")
    assert verdict.reason.startswith("8 old versions still usable past 24h of grace: ")
    assert verdict.reason.endswith(" and 5 more")
    assert len(verdict.evidence) == 8


@pytest.mark.parametrize("state", [VersionState.DELETED, VersionState.DESTROYED])
def test_what_is_deleted_is_retired(state: VersionState) -> None:
    verdict = judge(NEW, version("1", state, "2020-01-01"), now="2025-11-01")
    assert verdict == Verdict.passed("no old version is usable, of 2 versions listed")


def test_a_single_version_has_no_old_ones() -> None:
    assert judge(NEW, now="2030-01-01").outcome is Outcome.PASS
    assert judge(now="2030-01-01").outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("now", "outcome"), [("2025-10-05", Outcome.PASS), ("2025-10-06T00:01", Outcome.FAIL)]
)
def test_a_pending_version_counts_from_its_own_creation(now: str, outcome: Outcome) -> None:
    current = version("1", CURRENT, "2025-01-01")
    verdict = judge(current, version("2", PENDING, "2025-10-05"), now=now)
    assert verdict.outcome is outcome
    assert "pending version 2, created 2025-10-05" in verdict.reason


def test_a_pending_version_retires_nothing() -> None:
    verdict = judge(version("1", CURRENT, "2025-01-01"), version("2", PENDING), now="2025-10-05")
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert "pending version 2" in verdict.reason


def test_a_version_without_a_date_counts_from_the_current_one() -> None:
    assert judge(NEW, version("1", PREVIOUS), now="2025-10-06").outcome is Outcome.FAIL
    assert judge(NEW, version("1", PREVIOUS), now="2025-10-05").outcome is Outcome.PASS


def test_of_several_current_versions_the_latest_counts() -> None:
    regions = (
        version("1", CURRENT, "2025-01-01"),
        version("2", CURRENT, "2025-10-04T18:00"),
        version("3", CURRENT),
    )
    assert judge(*regions, version("0", PREVIOUS), now="2025-10-05").outcome is Outcome.PASS


@pytest.mark.parametrize(
    "versions",
    [
        (version("2", CURRENT), OLD),
        (version("1", CURRENT, "2025-01-01"), version("2", PREVIOUS, "2025-06-01")),
        (version("2", PREVIOUS),),
    ],
)
def test_when_the_moment_of_replacement_is_unknown_nothing_passes(
    versions: tuple[SecretVersion, ...],
) -> None:
    verdict = judge(*versions, now="2025-10-05")
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert "when it was replaced is not known" in verdict.reason


def test_a_failure_does_not_hide_what_is_unknown() -> None:
    undated = version("x", PENDING)
    verdict = judge(NEW, OLD, undated, now="2025-12-01")
    assert verdict.outcome is Outcome.FAIL
    assert "previous version 1" in verdict.reason
    assert verdict.reason.endswith("when it was replaced is not known: pending version x")


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (secret(), "its versions are not known: aws-secrets-manager keeps or shows none"),
        (secret(unread={"versions": "denied"}), "its versions are not known: denied"),
    ],
)
def test_without_versions_nothing_is_judged(subject: SecretMetadata, reason: str) -> None:
    assert of(subject) == Verdict.not_evaluated(reason)


def test_a_row_is_judged_on_its_live_secret() -> None:
    assert of(row(declares=("aws-secrets-manager://a",))).outcome is Outcome.NOT_APPLICABLE
    assert of(row()).outcome is Outcome.NOT_EVALUATED


def test_a_deleted_secret_or_another_subject_is_no_matter() -> None:
    assert of(secret(versions=(NEW, OLD), deletion=utc("2025-10-01"))).outcome is Outcome.NOT_APPLICABLE
    check = OldVersionRetired.model_validate({"grace": "24h"})
    assert {check.evaluate(other, context()).outcome for other in (leak(), document())} == {
        Outcome.NOT_APPLICABLE
    }


@pytest.mark.parametrize("parameters", [{}, {"grace": "on compromise"}, {"grace": "0h"}, {"grace": 24}])
def test_a_grace_time_has_a_length(parameters: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        OldVersionRetired.model_validate(parameters)
