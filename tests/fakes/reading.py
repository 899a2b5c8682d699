"""Reading a made-up server through a collector, in one line."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.secret import SecretMetadata
from keyproof.ports import Collector, Surroundings
from keyproof.wiring.catalog import COLLECTORS
from tests.fakes.ports import FixedClock
from tests.fakes.rest_server import Answering, rest_server


@contextmanager
def served(kind: str, answering: Answering, environ: Mapping[str, str], **config: Any) -> Iterator[Collector]:
    """A collector of the kind, with a server that is up while the block runs."""
    member = COLLECTORS[kind]
    with rest_server(answering) as server:
        here = Surroundings(root=Path("/"), environ=environ, clock=FixedClock(), sleep=lambda _: None)
        yield member("store", member.Config.model_validate({"address": server.address, **config}), here)


def read(kind: str, answering: Answering, environ: Mapping[str, str], **config: Any) -> list[Collected]:
    """Everything of all scopes."""
    with served(kind, answering, environ, **config) as collector:
        return [item for scope in collector.scopes() for item in collector.collect(scope)]


def each(items: list[Collected]) -> list[SecretMetadata]:
    """The secrets, also those of one name."""
    return [item for item in items if isinstance(item, SecretMetadata)]


def secrets(items: list[Collected]) -> dict[str, SecretMetadata]:
    """The secrets by their names."""
    return {item.name: item for item in each(items)}


def gaps(items: list[Collected]) -> list[Gap]:
    """What could not be read."""
    return [item for item in items if isinstance(item, Gap)]


def told(items: list[Collected]) -> dict[str, str]:
    """The evidence by its names."""
    return {item.name: item.value for item in items if not isinstance(item, (SecretMetadata, Gap))}
