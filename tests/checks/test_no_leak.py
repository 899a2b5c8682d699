"""Leaks and the repositories they were looked for in."""

from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.checks.no_leak import NoLeak
from keyproof.domain.leak import Leak, LeakConfidence
from keyproof.domain.subject import Repository
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, evidence_of, leak, occurrence, repository, utc


def judge(subject: Leak | Repository, **parameters: Any) -> Verdict:
    return NoLeak.model_validate(parameters).evaluate(subject, context())


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (
            leak(),
            "OpenAI API key (openai-api-key, likely) introduced 2025-09-01 in c0ffee000000 by Ana, still present",
        ),
        (
            leak(occurrence(in_head=False, removed_at=utc("2025-09-03"))),
            (
                "OpenAI API key (openai-api-key, likely) introduced 2025-09-01 in c0ffee000000 by Ana, "
                "in history only, removed 2025-09-03"
            ),
        ),
        (
            leak(
                occurrence("a", in_head=False, removed_at=utc("2025-09-03")),
                occurrence("b", "2025-08-01T10:30", author="", in_head=False),
            ),
            (
                "OpenAI API key (openai-api-key, likely) introduced 2025-08-01 10:30 UTC in c0ffee000000, "
                "in history only"
            ),
        ),
        (
            leak(occurrence("app/.env", None, where="worktree", in_head=False)),
            "OpenAI API key (openai-api-key, likely) in no commit, found in app/.env, still present",
        ),
    ],
)
def test_a_leak_fails_with_its_introduction_and_whether_it_is_still_there(found: Leak, reason: str) -> None:
    verdict = judge(found)
    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, reason)


def test_a_leak_is_gone_when_its_last_place_is() -> None:
    ends = (utc("2025-09-03"), utc("2025-09-08"), utc("2025-09-05"))
    places = [occurrence(str(end), in_head=False, removed_at=end) for end in ends]
    assert judge(leak(*places)).reason.endswith("in history only, removed 2025-09-08")


def test_the_evidence_holds_no_part_of_the_value() -> None:
    assert evidence_of(judge(leak())) == {
        "detector": "openai-api-key",
        "confidence": "likely",
        "preview": "openai-api-key, 51 characters",
        "introduction": "introduced 2025-09-01 in c0ffee000000 by Ana",
        "places": "1",
        "state": "still present",
    }


def test_an_accepted_leak_names_what_accepts_it() -> None:
    accepted = leak(allowed="inline marker keyproof:allow")
    assert judge(accepted) == Verdict.not_applicable(
        "OpenAI API key accepted by inline marker keyproof:allow"
    )


@pytest.mark.parametrize("confidence", list(LeakConfidence))
def test_only_leaks_that_are_sure_enough_fail(confidence: LeakConfidence) -> None:
    found = leak(confidence=confidence)
    gated = confidence in {LeakConfidence.PROVEN, LeakConfidence.LIKELY}
    assert judge(found).outcome is (Outcome.FAIL if gated else Outcome.NOT_APPLICABLE)
    assert judge(found, confidence=[confidence.value]).outcome is Outcome.FAIL


def test_a_leak_that_is_not_sure_enough_says_so() -> None:
    assert judge(leak(confidence=LeakConfidence.EXAMPLE)) == Verdict.not_applicable(
        "OpenAI API key is only example; the rule is about proven, likely"
    )


def test_a_repository_passes_when_all_of_it_was_searched() -> None:
    verdict = judge(repository())
    assert verdict.outcome is Outcome.PASS
    assert verdict.reason == (
        "searched in full: 120 blobs of 40 commits on 3 refs searched (history), no leak found"
    )
    assert evidence_of(verdict) == {"mode": "history", "blobs": "120", "leaks": "0"}


def test_leaks_are_findings_of_their_own() -> None:
    verdict = judge(repository(leaks=2, blobs_cached=30))
    assert evidence_of(verdict)["blobs"] == "150"
    assert verdict.outcome is Outcome.PASS
    assert verdict.reason.endswith(
        "150 blobs of 40 commits on 3 refs searched (history), 2 leaks reported separately"
    )


@pytest.mark.parametrize(
    ("coverage", "why"),
    [
        ({"shallow": True}, "the clone is shallow"),
        ({"partial": True}, "the clone is partial"),
        (
            {"shallow": True, "problems": ("shallow clone: run git fetch --unshallow",)},
            "shallow clone: run git fetch",
        ),
        ({"blobs_skipped": {"missing": 2, "size": 1}}, "blobs not searched: 2 missing, 1 size"),
        (
            {"problems": ("objects are missing",), "blobs_skipped": {"missing": 2}},
            "objects are missing; blobs not",
        ),
    ],
)
def test_a_repository_searched_in_part_never_passes(coverage: dict[str, Any], why: str) -> None:
    verdict = judge(repository(**coverage))
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert verdict.reason.startswith(f"not searched in full: {why}")


def test_what_was_excluded_on_purpose_does_not_make_a_search_incomplete() -> None:
    assert judge(repository(blobs_skipped={"excluded": 7})).outcome is Outcome.PASS
    verdict = judge(repository(shallow=True, blobs_skipped={"excluded": 7, "missing": 0}))
    assert verdict.reason.startswith("not searched in full: the clone is shallow; 120 blobs")


def test_a_document_leaks_nothing() -> None:
    assert NoLeak().evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    "parameters", [{"confidence": []}, {"confidence": ["sure"]}, {"coverage": "complete"}]
)
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NoLeak.model_validate(parameters)
