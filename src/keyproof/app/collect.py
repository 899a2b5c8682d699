"""Reading every configured source at once; what cannot be read becomes a visible gap."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from keyproof.app.environment import placed
from keyproof.domain.assessment import Gap, Scope, ScopeStatus
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendUnreachableError, CollectError, MissingExtraError
from keyproof.ports import Collector, Executor, Progress

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A configured source with the collector that reads it."""

    id: str
    kind: str
    collector: Collector
    permissions: tuple[str, ...] = ()
    """The rights it needs, in the backend's own names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What all sources gave, sorted by id, and how far each scope could be read."""

    secrets: tuple[SecretMetadata, ...]
    scopes: tuple[Scope, ...]
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    source: Source
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    task: _Task
    secrets: tuple[SecretMetadata, ...]
    scopes: tuple[Scope, ...]


def collect(
    sources: Sequence[Source],
    *,
    executor: Executor,
    progress: Progress,
    environments: Mapping[str, tuple[str, ...]],
) -> Collection:
    """Read every scope of every source, several at a time.

    An interrupt keeps what was read; scopes not finished are listed as skipped.
    """
    tasks, failed = _plan(sources, executor)
    reads: list[_Read] = []
    interrupted = False
    progress.begin("Reading secret backends", len(tasks))
    try:
        for read in executor.map_unordered(_drain, tasks):
            reads.append(read)
            progress.advance(1)
    except KeyboardInterrupt:
        interrupted = True
    done = {(read.task.source.id, read.task.scope) for read in reads}
    unread = [
        Scope(
            source=task.source.id,
            kind=task.source.kind,
            scope=task.scope,
            status=ScopeStatus.SKIPPED,
            subjects=0,
            reason="interrupted before it was read in full",
        )
        for task in tasks
        if (task.source.id, task.scope) not in done
    ]
    secrets = _unique(secret for read in reads for secret in read.secrets)
    scopes = [*failed, *(scope for read in reads for scope in read.scopes), *unread]
    return Collection(
        secrets=tuple(placed(secret, environments) for secret in secrets),
        scopes=tuple(sorted(scopes, key=lambda scope: (scope.source, scope.scope))),
        interrupted=interrupted,
    )


def _plan(sources: Sequence[Source], executor: Executor) -> tuple[list[_Task], list[Scope]]:
    """The scopes of all sources, and the sources whose scopes cannot even be listed."""
    tasks: list[_Task] = []
    failed: list[Scope] = []

    for source, found in executor.map_unordered(_scopes_of, sources):
        if isinstance(found, CollectError):
            failed.append(_failed_scope(source, found.scope or source.id, found))
        else:
            tasks.extend(_Task(source=source, scope=scope) for scope in found)
    return sorted(tasks, key=lambda task: (task.source.id, task.scope)), failed


def _scopes_of(source: Source) -> tuple[Source, Sequence[str] | CollectError]:
    try:
        return source, source.collector.scopes()
    except CollectError as error:
        return source, error


def _drain(task: _Task) -> _Read:
    secrets: list[SecretMetadata] = []
    evidence: list[Evidence] = []
    gaps: list[Gap] = []
    failure: CollectError | None = None
    _LOG.info("reading %s %s", task.source.id, task.scope)
    try:
        for item in task.source.collector.collect(task.scope):
            match item:
                case SecretMetadata():
                    secrets.append(item)
                case Gap():
                    gaps.append(item)
                case Evidence():
                    evidence.append(item)
    except CollectError as error:
        failure = error
    if failure is None:
        status = ScopeStatus.PARTIAL if gaps else ScopeStatus.OK
        reason = f"{len(gaps)} part{'s' * (len(gaps) != 1)} could not be read" if gaps else ""
        scope = _scope(task.source, task.scope, status, reason=reason)
    else:
        scope = _failed_scope(task.source, task.scope, failure)
        if secrets:
            scope = replace(scope, status=ScopeStatus.PARTIAL)
    _LOG.info("read %s %s: %s, %d secrets", task.source.id, task.scope, scope.status, len(secrets))
    whole = replace(scope, subjects=len(secrets), evidence=tuple(evidence))
    parts = (_scope(task.source, gap.scope, gap.status, reason=gap.reason, hint=gap.hint) for gap in gaps)
    return _Read(task=task, secrets=tuple(secrets), scopes=(whole, *parts))


def _scope(source: Source, scope: str, status: ScopeStatus, *, reason: str = "", hint: str = "") -> Scope:
    return Scope(
        source=source.id, kind=source.kind, scope=scope, status=status, subjects=0, reason=reason, hint=hint
    )


def _failed_scope(source: Source, scope: str, error: CollectError) -> Scope:
    match error:
        case AccessDeniedError():
            status = ScopeStatus.DENIED
        case BackendUnreachableError():
            status = ScopeStatus.UNREACHABLE
        case MissingExtraError():
            status = ScopeStatus.SKIPPED
        case _:
            status = ScopeStatus.PARTIAL
    return _scope(source, scope, status, reason=error.message, hint=error.hint)


def _unique(secrets: Iterable[SecretMetadata]) -> list[SecretMetadata]:
    """Sorted by id; of a secret that two sources read, the one of the first source."""
    ordered = sorted(secrets, key=lambda secret: (secret.id, secret.source))
    return list({secret.id: secret for secret in reversed(ordered)}.values())[::-1]
