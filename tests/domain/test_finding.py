"""The identity of a finding, and when it gates."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.finding import Finding, finding_id
from keyproof.domain.verdict import Outcome, Severity

WORDS = st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8"), max_size=12)
FINDING = Finding(
    id="0" * 16, rule="r", rule_title="R", pack="p", check="max-age", subject="aws://x", outcome=Outcome.FAIL,
    severity=Severity.HIGH, severity_reason="stated", reason="overdue",
)  # fmt: skip


def test_the_id_of_a_finding_stays_what_reports_and_baselines_already_hold() -> None:
    found = finding_id(
        pack="example",
        rule="openai-rotation",
        check="max-age",
        subject="aws-secrets-manager://111122223333/us-east-1/acme/production/openai-api-key",
    )
    assert found == "4bfdd6e57cc0ba49"


@given(parts=st.tuples(WORDS, WORDS, WORDS, WORDS), other=st.tuples(WORDS, WORDS, WORDS, WORDS))
def test_different_findings_have_different_ids(
    parts: tuple[str, str, str, str], other: tuple[str, str, str, str]
) -> None:
    names = ("pack", "rule", "check", "subject")
    one = finding_id(**dict(zip(names, parts, strict=True)))
    two = finding_id(**dict(zip(names, other, strict=True)))
    assert (one == two) == (parts == other)
    assert len(one) == 16
    assert int(one, 16) >= 0


def test_only_a_failure_that_nobody_accepted_gates() -> None:
    assert FINDING.gates
    assert not replace(FINDING, waiver="w").gates
    assert not replace(FINDING, baseline="b").gates
    for outcome in set(Outcome) - {Outcome.FAIL}:
        assert not replace(FINDING, outcome=outcome).gates
