"""Searching several repositories: what cannot be read is a gap, what was found is kept."""

from keyproof.app.leaks import LeakCollection, Place, search
from keyproof.domain.assessment import ScopeStatus
from keyproof.domain.leak import Coverage, Leak, LeakConfidence, LeakScan, Occurrence
from keyproof.errors import HistoryError
from tests.fakes.ports import FakeLeakSource, SilentProgress


def found(name: str, *, problems: tuple[str, ...] = (), leaks: int = 1) -> FakeLeakSource:
    made = tuple(
        Leak(
            fingerprint=f"{number:016x}", detector="d", title="T", secret_class="", repository=name,
            confidence=LeakConfidence.LIKELY, preview="d (9)",
            occurrences=(Occurrence(path="a", line=1, column=1, end_line=1),),
        )
        for number in range(leaks)
    )  # fmt: skip
    coverage = Coverage(repository=name, mode="history", blobs_scanned=3, problems=problems)
    return FakeLeakSource(name, LeakScan(leaks=made, coverage=coverage))


def run(*sources: FakeLeakSource, interrupted: bool = False) -> LeakCollection:
    places = {"b": Place(environment="production", owner="Ops")}
    return search(sources, progress=SilentProgress(), places=places, interrupted=interrupted)


def test_everything_found_is_sorted_and_placed() -> None:
    collected = run(found("b", leaks=2), found("a"))
    assert [leak.repository for leak in collected.leaks] == ["a", "b", "b"]
    assert [(leak.environment, leak.owner) for leak in collected.leaks][1:] == [("production", "Ops")] * 2
    assert [(scope.scope, scope.status, scope.subjects) for scope in collected.scopes] == [
        ("a", ScopeStatus.OK, 2),
        ("b", ScopeStatus.OK, 3),
    ]


def test_a_repository_that_cannot_be_read_is_a_gap() -> None:
    collected = run(FakeLeakSource("a", HistoryError("not there", hint="clone it")), found("b"))
    scope = collected.scopes[0]
    assert (scope.status, scope.reason, scope.hint) == (ScopeStatus.UNREACHABLE, "not there", "clone it")
    assert [repository.name for repository in collected.repositories] == ["b"]


def test_a_search_that_is_not_complete_says_why() -> None:
    scope = run(found("a", problems=("the clone is shallow",))).scopes[0]
    assert (scope.status, scope.reason) == (ScopeStatus.PARTIAL, "the clone is shallow")


def test_an_interrupt_keeps_what_was_found_and_names_the_rest() -> None:
    collected = run(found("a"), FakeLeakSource("b", KeyboardInterrupt()), found("c"))
    assert collected.interrupted
    assert [leak.repository for leak in collected.leaks] == ["a"]
    assert [scope.status for scope in collected.scopes] == [
        ScopeStatus.OK,
        ScopeStatus.SKIPPED,
        ScopeStatus.SKIPPED,
    ]


def test_a_run_stopped_before_searches_nothing() -> None:
    collected = run(found("a"), interrupted=True)
    assert (collected.leaks, collected.repositories, collected.interrupted) == ((), (), True)
