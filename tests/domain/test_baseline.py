"""A baseline accepts a finding by its identity, through its last day, and never more."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from keyproof.app.evaluate import evaluate
from keyproof.checks.no_leak import NoLeak
from keyproof.domain.baseline import BaselineEntry, BaselineState, accept
from keyproof.domain.finding import Finding
from keyproof.domain.leak import Leak, LeakConfidence, Occurrence
from keyproof.domain.policy import PolicyPack, Rule
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.subject import Document
from keyproof.policy.selector import Everything

TODAY = date(2026, 3, 1)
LEAK = Leak(
    fingerprint="0123456789abcdef", detector="d", title="A key", secret_class="", repository="r", preview="",
    confidence=LeakConfidence.PROVEN,
    occurrences=(Occurrence(path="a.py", line=3, column=1, end_line=3, in_head=True),),
)  # fmt: skip


def finding(leak: Leak) -> Finding:
    rule = Rule(
        id="no-leak",
        pack="p",
        title="T",
        check=NoLeak.model_validate({}),
        selector=Everything(),
        severity=None,
    )
    pack = PolicyPack(
        id="p", title="P", version="1", document=Document(pack="p", name="P"), classes=(), roles={}, rules=(rule,),
        digest="", disabled={},
    )  # fmt: skip
    snapshot = Snapshot(taken_at=datetime.now(UTC), secrets=(), leaks=(leak,), repositories=(), scopes=())
    (found,) = evaluate([pack], snapshot, now=datetime(2026, 3, 1, tzinfo=UTC))
    return found


def entry(known: Finding, until: date = TODAY) -> BaselineEntry:
    return BaselineEntry(
        id=known.id, rule="p/no-leak", subject=known.subject, owner="o", until=until, reason="old"
    )


def test_a_leak_is_known_by_its_fingerprint_not_by_its_line() -> None:
    known = entry(finding(LEAK))
    moved = replace(LEAK, occurrences=(replace(LEAK.occurrences[0], path="b/c.py", line=99, end_line=99),))
    other = replace(LEAK, fingerprint="fedcba9876543210")
    ((same, new), (record,)) = accept([finding(moved), finding(other)], [known], today=TODAY)
    assert (same.baseline, new.baseline) == (known.id, None)
    assert (same.gates, new.gates) == (False, True)
    assert record.state is BaselineState.EXPIRING


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (-1, BaselineState.EXPIRED),
        (0, BaselineState.EXPIRING),
        (14, BaselineState.EXPIRING),
        (15, BaselineState.ACTIVE),
    ],
)
def test_the_last_day_counts(days: int, state: BaselineState) -> None:
    known = entry(finding(LEAK), until=TODAY + timedelta(days=days))
    ((judged,), (record,)) = accept([finding(LEAK)], [known], today=TODAY)
    assert record.state is state
    assert judged.gates is (state is BaselineState.EXPIRED)


def test_a_waived_failure_needs_no_entry_but_uses_it() -> None:
    waived = replace(finding(LEAK), waiver="w")
    ((judged,), (record,)) = accept([waived], [entry(waived, TODAY + timedelta(days=90))], today=TODAY)
    assert (judged.waiver, judged.baseline, record.state) == ("w", None, BaselineState.ACTIVE)


def test_an_entry_without_a_failure_is_unused_even_after_its_end() -> None:
    known = entry(finding(LEAK), until=TODAY - timedelta(days=9))
    (_, (record,)) = accept([], [known], today=TODAY)
    assert record.state is BaselineState.UNUSED
