"""A collector by its place in keyproof.yaml: what travels to a worker, so that credentials need not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from keyproof import config
from keyproof.app.collect import Source
from keyproof.domain.assessment import Collected
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

    def scopes(self) -> Sequence[str]:
        """See ports.Collector."""
        return _collector(self.file, self.source, self.world).scopes()

    def collect(self, scope: str) -> Iterator[Collected]:
        """See ports.Collector."""
        return _collector(self.file, self.source, self.world).collect(scope)


def referred(sources: Sequence[Source], file: Path, world: World) -> tuple[Source, ...]:
    """The same sources by reference: a worker reads `file` itself, and its credentials are its own."""
    return tuple(
        replace(
            source,
            collector=ReferredCollector(file=file.resolve(), source=source.id, world=world),
        )
        for source in sources
    )


@lru_cache
def _collector(file: Path, source: str, world: World) -> Collector:
    settings = config.load(file, world(file.parent).environ)
    (found,) = compose_sources(settings, world(settings.root), only=(source,))
    return found.collector
