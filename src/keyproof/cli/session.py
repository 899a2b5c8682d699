"""What every command on keyproof.yaml begins with: settings, policy and surroundings, all checked first."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from keyproof import config
from keyproof.app.snapshot import take_snapshot
from keyproof.cli.progress import TerminalProgress
from keyproof.cli.surroundings import surroundings
from keyproof.config import Settings
from keyproof.domain.policy import Policy
from keyproof.domain.snapshot import Snapshot, merge
from keyproof.errors import ConfigError, DocumentError, Problem
from keyproof.fanout.dask import DaskExecutor
from keyproof.fanout.local import LocalExecutor
from keyproof.ports import Executor, Surroundings
from keyproof.store.snapshot import load
from keyproof.wiring.compose import compose_estate, compose_policy, compose_sources
from keyproof.wiring.referred import referred


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A checked configuration, ready to run."""

    settings: Settings
    policy: Policy
    surroundings: Surroundings

    @classmethod
    def open(cls, path: Path | None, *, frameworks: tuple[str, ...] = ()) -> Self:
        """Load and check everything a person wrote before anything is read from a backend.

        Raises DocumentError with the problems of keyproof.yaml, the packs and the waivers together.
        """
        world = surroundings(Path.cwd())
        found = path or Path(os.path.relpath(config.find(Path.cwd())))
        settings = config.load(found, world.environ)
        world = surroundings(settings.root)
        problems: list[Problem] = []
        policy = None
        try:
            policy = compose_policy(settings, frameworks=frameworks)
        except DocumentError as error:
            if not error.problems:
                raise
            problems += error.problems
        try:
            compose_sources(settings, world)
        except DocumentError as error:
            problems += error.problems
        if policy is None or problems:
            raise ConfigError.of(problems)
        return cls(settings=settings, policy=policy, surroundings=world)

    def take_snapshot(
        self, *, only: tuple[str, ...], jobs: int, progress: bool, on_cluster: bool = False
    ) -> Snapshot:
        """Read every source and repository, or only those named. Raises ConfigError for an unknown name.

        On a cluster its workers read the sources, from the same keyproof.yaml; repositories are searched here.
        """
        estate = compose_estate(self.settings, self.surroundings, only=only)
        with ExitStack() as ending:
            executor: Executor = LocalExecutor(jobs)
            if on_cluster:
                executor = ending.enter_context(DaskExecutor(jobs))
                estate = replace(estate, sources=referred(estate.sources, self.settings, surroundings))
            bars = ending.enter_context(TerminalProgress(enabled=progress))
            return take_snapshot(estate, executor=executor, progress=bars, now=self.surroundings.clock.now())

    def snapshot(self, files: Sequence[Path] | None, *, jobs: int, progress: bool) -> Snapshot:
        """What `keyproof collect` wrote to `files`, or without any what everything says now. Raises ConfigError."""
        if files:
            return merge([load(file) for file in files])
        return self.take_snapshot(only=(), jobs=jobs, progress=progress)
