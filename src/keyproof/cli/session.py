"""What every command on keyproof.yaml begins with: settings, policy and surroundings, all checked first."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
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
from keyproof.fanout.local import LocalExecutor
from keyproof.ports import Surroundings
from keyproof.store.snapshot import load
from keyproof.wiring.compose import compose_estate, compose_policy, compose_sources


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

    def take_snapshot(self, *, only: tuple[str, ...], jobs: int, progress: bool) -> Snapshot:
        """Read every source and repository, or only those named. Raises ConfigError for an unknown name."""
        estate = compose_estate(self.settings, self.surroundings, only=only)
        with TerminalProgress(enabled=progress) as bars:
            now = self.surroundings.clock.now()
            return take_snapshot(estate, executor=LocalExecutor(jobs), progress=bars, now=now)

    def snapshot(self, files: Sequence[Path] | None, *, jobs: int, progress: bool) -> Snapshot:
        """What `keyproof collect` wrote to `files`, or without any what everything says now. Raises ConfigError."""
        if files:
            return merge([load(file) for file in files])
        return self.take_snapshot(only=(), jobs=jobs, progress=progress)
