"""Collecting from fakes: gaps, partial scopes, order, interrupts."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from keyproof.app.collect import Collection, Source, collect
from keyproof.domain.assessment import Gap, ScopeStatus
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.errors import (
    AccessDeniedError,
    BackendProtocolError,
    BackendUnreachableError,
    CollectError,
    MissingExtraError,
)
from tests.fakes.ports import FakeCollector, InlineExecutor, SilentProgress


def secret(name: str, *, source: str = "a", environment: str = "") -> SecretMetadata:
    return SecretMetadata(
        id=f"fake://{name}", name=name, source=source, backend="fake", scope="one", environment=environment
    )


def run(
    *collectors: FakeCollector,
    executor: InlineExecutor | None = None,
    environments: Mapping[str, tuple[str, ...]] | None = None,
) -> Collection:
    sources = [Source(id=f"s{index}", kind="fake", collector=made) for index, made in enumerate(collectors)]
    return collect(
        sources,
        executor=executor or InlineExecutor(),
        progress=SilentProgress(),
        environments=environments or {},
    )


def test_everything_is_sorted_whatever_the_order_of_completion() -> None:
    collector = FakeCollector({"east": [secret("b"), secret("a")], "west": [secret("c")]})
    forwards = run(collector)
    assert forwards == run(collector, executor=InlineExecutor(backwards=True))
    assert [found.name for found in forwards.secrets] == ["a", "b", "c"]
    assert [(scope.scope, scope.subjects) for scope in forwards.scopes] == [("east", 2), ("west", 1)]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AccessDeniedError("no right", scope="east", hint="grant it"), ScopeStatus.DENIED),
        (BackendUnreachableError("down", scope="east"), ScopeStatus.UNREACHABLE),
        (BackendProtocolError("garbage", scope="east"), ScopeStatus.PARTIAL),
        (MissingExtraError(scope="east", extra="aws"), ScopeStatus.SKIPPED),
    ],
)
def test_a_scope_that_fails_is_a_gap_and_the_rest_is_read(error: CollectError, status: ScopeStatus) -> None:
    collected = run(FakeCollector({"east": [error], "west": [secret("c")]}))
    assert [found.name for found in collected.secrets] == ["c"]
    east, west = collected.scopes
    assert (east.status, east.reason, east.hint, east.subjects) == (status, error.message, error.hint, 0)
    assert west.status is ScopeStatus.OK


def test_what_was_read_before_a_failure_is_kept_and_the_scope_is_partial() -> None:
    down = BackendUnreachableError("sealed", scope="east")
    collected = run(FakeCollector({"east": [secret("a"), down]}))
    assert [found.name for found in collected.secrets] == ["a"]
    assert (collected.scopes[0].status, collected.scopes[0].subjects) == (ScopeStatus.PARTIAL, 1)


def test_a_gap_inside_a_scope_makes_it_partial_and_stands_on_its_own() -> None:
    gap = Gap(
        source="s0", scope="east/sub", status=ScopeStatus.DENIED, reason="list denied", hint="grant list"
    )
    collected = run(FakeCollector({"east": [secret("a"), gap, Evidence(name="pages", value="1")]}))
    whole, part = collected.scopes
    assert (whole.status, whole.reason) == (ScopeStatus.PARTIAL, "1 part could not be read")
    assert whole.evidence == (Evidence(name="pages", value="1"),)
    assert (part.scope, part.status, part.reason, part.hint) == (
        "east/sub",
        ScopeStatus.DENIED,
        "list denied",
        "grant list",
    )


def test_a_source_whose_scopes_cannot_be_listed_is_a_gap() -> None:
    collected = run(
        FakeCollector(AccessDeniedError("expired", scope="")), FakeCollector({"x": [secret("a")]})
    )
    assert [(scope.source, scope.status) for scope in collected.scopes] == [
        ("s0", ScopeStatus.DENIED),
        ("s1", ScopeStatus.OK),
    ]


def test_an_interrupt_keeps_what_was_read_and_names_the_rest() -> None:
    collector = FakeCollector({"east": [secret("a")], "west": [secret("b")]})
    # The first unit lists the scopes, so each call of map_unordered gets through one unit.
    collected = run(collector, executor=InlineExecutor(interrupt_after=1))
    assert collected.interrupted
    assert [found.name for found in collected.secrets] == ["a"]
    assert [(scope.scope, scope.status) for scope in collected.scopes] == [
        ("east", ScopeStatus.OK),
        ("west", ScopeStatus.SKIPPED),
    ]


def test_a_secret_read_by_two_sources_counts_once() -> None:
    first, second = secret("a", source="s0"), replace(secret("a", source="s1"), owner="late")
    assert run(FakeCollector({"x": [first]}), FakeCollector({"x": [second]})).secrets == (first,)


def test_secrets_are_placed_in_environments() -> None:
    globs = {"production": ("*/production/*",)}
    collected = run(FakeCollector({"x": [secret("app/production/db")]}), environments=globs)
    assert collected.secrets[0].environment == "production"
