"""From settings to ready objects: the only place that knows every adapter."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from keyproof.app.collect import Source
from keyproof.app.leaks import Place
from keyproof.app.snapshot import Estate
from keyproof.config import History, RepositorySettings, Settings, SourceSettings
from keyproof.domain.leak import LeakScan
from keyproof.domain.policy import Policy
from keyproof.errors import ConfigError, HistoryError, Problem
from keyproof.policy.loader import load_policy
from keyproof.ports import LeakSource, Progress, Surroundings
from keyproof.strict_yaml import did_you_mean, problems_of
from keyproof.wiring.catalog import CHECKS, COLLECTORS
from keyproof.wiring.leaks import Search, leak_source, leak_sources


def compose_policy(settings: Settings, *, frameworks: Sequence[str] = ()) -> Policy:
    """Load every pack, catalogue, waiver and attestation file that `settings` names. Raises PolicyError."""
    return load_policy(
        settings.policies,
        root=settings.root,
        checks=CHECKS,
        frameworks=tuple(frameworks) or settings.frameworks,
        waivers=settings.waivers,
        attestations=settings.attestations,
    )


def compose_sources(
    settings: Settings, surroundings: Surroundings, *, only: Sequence[str] = ()
) -> tuple[Source, ...]:
    """Make every collector; `only` names the sources wanted, empty means all.

    Raises ConfigError with every problem of every source at its line and column.
    """
    problems: list[Problem] = []
    sources = [
        made
        for index, entry in enumerate(settings.sources)
        if not only or entry.id in only
        if (made := _source(settings, index, entry, surroundings, problems)) is not None
    ]
    if problems:
        raise ConfigError.of(problems)
    return tuple(sources)


def compose_estate(settings: Settings, surroundings: Surroundings, *, only: Sequence[str] = ()) -> Estate:
    """Make every collector and leak source; `only` names the sources wanted, empty means all.

    Raises ConfigError for an unknown name and as `compose_sources` and `leak_source` do.
    """
    known = [*(source.id for source in settings.sources), *_repository_names(settings)]
    for name in only:
        if name not in known:
            raise ConfigError(f"--source: unknown source '{name}'", hint=did_you_mean(name, sorted(known)))
    repositories = [
        (name, entry)
        for name, entry in zip(_repository_names(settings), settings.repositories, strict=True)
        if not only or name in only
    ]
    searched = [
        (source, Place(environment=entry.environment, owner=entry.owner))
        for name, entry in repositories
        for source in _searches(settings.root / entry.path, entry, name, surroundings)
    ]
    return Estate(
        sources=compose_sources(settings, surroundings, only=only),
        leak_sources=tuple(source for source, _ in searched),
        environments=settings.environments,
        aliases=settings.aliases,
        places={source.name: place for source, place in searched},
    )


@dataclass(frozen=True, slots=True)
class _Unsearched:
    """The submodules of a repository that cannot be listed: a gap, as soon as they are to be searched."""

    name: str
    error: HistoryError

    def scan(self, progress: Progress) -> LeakScan:  # noqa: ARG002 (the signature of a LeakSource)
        raise self.error


def _searches(
    path: Path, entry: RepositorySettings, name: str, surroundings: Surroundings
) -> list[LeakSource]:
    """What searches one repository of the settings, and the submodules it is to be searched with."""
    search = Search(
        mode="history" if entry.history is History.FULL else "worktree",
        largest=entry.largest << 20,
        detect_secrets=entry.detect_secrets,
        archives=entry.archives,
        submodules=entry.submodules,
    )
    try:
        return leak_sources(path, search, name=name, surroundings=surroundings)
    except HistoryError as error:
        alone = leak_source(path, search, name=name, surroundings=surroundings)
        return [alone, _Unsearched(name=f"{name} (submodules)", error=error)]


def _source(
    settings: Settings,
    index: int,
    entry: SourceSettings,
    surroundings: Surroundings,
    problems: list[Problem],
) -> Source | None:
    document, at = settings.document, ("sources", index)
    found = COLLECTORS.get(entry.kind)
    if found is None:
        hint = did_you_mean(entry.kind, sorted(COLLECTORS))
        problems.append(document.problem((*at, "kind"), f"unknown kind of source '{entry.kind}'", hint))
        return None
    try:
        config = found.Config.model_validate(dict(entry.options))
    except ValidationError as cause:
        problems.extend(problems_of(cause, document, found.Config, at=at))
        return None
    collector = found(entry.id, config, surroundings)
    return Source(id=entry.id, kind=entry.kind, collector=collector, permissions=tuple(collector.permissions))


def _repository_names(settings: Settings) -> list[str]:
    return [entry.name or repository_name(settings.root / entry.path) for entry in settings.repositories]


def repository_name(path: Path) -> str:
    """The name of a repository in subject ids: its folder's, without `.git` of a bare one."""
    resolved = path.resolve()
    if resolved.name == ".git":
        resolved = resolved.parent
    return resolved.name.removesuffix(".git") or "repository"
