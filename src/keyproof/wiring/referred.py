"""A collector by its place in keyproof.yaml: what travels to a worker, so that credentials need not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from keyproof import config
from keyproof.app.collect import Source
from keyproof.config import Settings
from keyproof.domain.assessment import Collected
from keyproof.errors import CollectError
from keyproof.ports import Collector, Surroundings
from keyproof.wiring.compose import compose_sources

World = Callable[[Path], Surroundings]
"""Makes the surroundings of a run under a folder, where it is called: a function that pickle finds by its name."""


@dataclass(frozen=True, slots=True)
class ReferredCollector:
    """Makes the collector of the source `source` in `file` wherever it is used; see ports.Collector."""

    kind: ClassVar[str] = "referred"
    permissions: ClassVar[tuple[str, ...]] = ()
    file: Path
    source: str
    world: World
    digest: str
    """Of the file that the run is of."""
    started: datetime
    """Tells the runs apart that one worker sees."""

    def scopes(self) -> Sequence[str]:
        """See ports.Collector."""
        return self._collector().scopes()

    def collect(self, scope: str) -> Iterator[Collected]:
        """See ports.Collector."""
        return self._collector().collect(scope)

    def _collector(self) -> Collector:
        kept = _kept(self.started)
        if self.source not in kept:
            kept[self.source] = self._made()
        return kept[self.source]

    def _made(self) -> Collector:
        settings = config.load(self.file, self.world(self.file.parent).environ)
        if settings.digest != self.digest:
            hint = "give every worker the file that the run is started with"
            raise CollectError(f"{self.file} is another one on a worker", scope=self.source, hint=hint)
        (found,) = compose_sources(settings, self.world(settings.root), only=(self.source,))
        return found.collector


def referred(sources: Sequence[Source], settings: Settings, world: World) -> tuple[Source, ...]:
    """The same sources by reference: a worker reads keyproof.yaml itself, and its credentials are its own."""
    file, started = Path(settings.document.path).resolve(), world(settings.root).clock.now()
    return tuple(
        replace(
            source,
            collector=ReferredCollector(
                file=file, source=source.id, world=world, digest=settings.digest, started=started
            ),
        )
        for source in sources
    )


@lru_cache(maxsize=1)
def _kept(started: datetime) -> dict[str, Collector]:  # noqa: ARG001 (the key)
    """The collectors of the run a worker is at, by source; those of the one before go, with their credentials."""
    return {}
