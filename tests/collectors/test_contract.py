"""What every collector behind a REST interface keeps to, each against its own made-up server."""

import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.secret import SecretMetadata
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.ports import Collector, Surroundings
from keyproof.value_operations import returns_value
from keyproof.wiring.catalog import COLLECTORS
from tests.fakes.fault_proxy import (
    Answer,
    Behaviour,
    Fault,
    FaultProxy,
    Request,
    Reset,
    Slow,
    Truncate,
    fault_proxy,
)
from tests.fakes.json_api import json_api
from tests.fakes.ports import FixedClock
from tests.fakes.rest_estates import CANARY, ESTATES, Estate

MANY = 10_000
MEGABYTES = 48
"""All of 10,000 secrets kept would be far more; what is left is one answer of an interface without pages."""

pytestmark = pytest.mark.parametrize("estate", ESTATES, ids=lambda estate: str(estate.kind))


@dataclass(slots=True, kw_only=True)
class Running:
    """A served estate, with what it takes to read it."""

    estate: Estate
    proxy: FaultProxy
    naps: list[float] = field(default_factory=list)

    def collector(self, *, timeout: float = 30.0, environ: bool = True, address: str = "") -> Collector:
        member = COLLECTORS[self.estate.kind]
        given = {**self.estate.config, "address": address or self.proxy.address, "timeout": timeout}
        here = Surroundings(
            root=Path("/"),
            environ=self.estate.environ if environ else {},
            clock=FixedClock(),
            sleep=self.naps.append,
        )
        return member("contract", member.Config.model_validate(given), here)

    def listings(self) -> list[Request]:
        return [request for request in self.proxy.seen if self.estate.listing in request.path]

    def break_listing(self, then: Behaviour, *, after: int = 0, times: int | None = None) -> None:
        """Break requests that list secrets, all but the first `after`."""
        passed: list[Request] = []

        def due(request: Request) -> bool:
            if self.estate.listing not in request.path:
                return False
            passed.append(request)
            return len(passed) > after

        self.proxy.add(Fault(then=then, when=due, times=times))


@contextmanager
def _running(estate: Estate, names: Sequence[str]) -> Iterator[Running]:
    with json_api(estate.serve(names)) as upstream, fault_proxy(upstream) as proxy:
        yield Running(estate=estate, proxy=proxy)


def _read(collector: Collector) -> tuple[list[Collected], CollectError | None]:
    items: list[Collected] = []
    try:
        for scope in collector.scopes():
            for item in collector.collect(scope):
                items.append(item)  # noqa: PERF402 (what came before an error has to stay)
    except CollectError as error:
        return items, error
    return items, None


def _names(items: Sequence[Collected]) -> list[str]:
    return [item.name for item in items if isinstance(item, SecretMetadata)]


def _gaps(items: Sequence[Collected]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def _some(count: int) -> list[str]:
    return [f"NAME_{number:05}" for number in range(count)]


def test_everything_is_found_on_all_pages(estate: Estate) -> None:
    with _running(estate, _some(250)) as running:
        items, error = _read(running.collector())
        assert error is None
        assert _names(items) == [estate.prefix + name for name in _some(250)]
        ids = {item.id for item in items if isinstance(item, SecretMetadata)}
        assert len(ids) == 250
        assert all(identity.startswith(f"{estate.kind}://") for identity in ids)
        assert _gaps(items) == []
        if estate.page:
            assert len(running.listings()) >= 250 // estate.page


def test_nothing_there_is_neither_gap_nor_error(estate: Estate) -> None:
    with _running(estate, []) as running:
        items, error = _read(running.collector())
        assert (error, _names(items), _gaps(items)) == (None, [], [])


def test_names_that_are_hard_to_carry_arrive_whole(estate: Estate) -> None:
    with _running(estate, estate.odd) as running:
        items, error = _read(running.collector())
        assert error is None
        assert sorted(_names(items)) == sorted(estate.prefix + name for name in estate.odd)
        ids = [item.id for item in items if isinstance(item, SecretMetadata)]
        assert len(set(ids)) == len(estate.odd)
        assert all(identity.isascii() and " " not in identity for identity in ids)


def test_a_busy_server_is_waited_for_as_it_asks(estate: Estate) -> None:
    with _running(estate, _some(3)) as running:
        running.break_listing(Answer(status=429, body=b"{}", headers={"Retry-After": "7"}), times=2)
        items, error = _read(running.collector())
        assert (error, len(_names(items))) == (None, 3)
        assert running.naps == [7.0, 7.0]


def test_a_server_that_stays_busy_is_unreachable(estate: Estate) -> None:
    with _running(estate, _some(3)) as running:
        running.break_listing(Answer(status=429, body=b"{}", headers={"Retry-After": "31"}))
        _, error = _read(running.collector())
        assert isinstance(error, BackendUnreachableError)
        assert "stays busy" in error.message
        assert sum(running.naps) <= 60


def test_credentials_that_end_on_the_way_end_the_scope(estate: Estate) -> None:
    pages = 3 if estate.page else 1
    with _running(estate, _some(pages * (estate.page or 100))) as running:
        running.break_listing(Answer(status=401, body=b"{}"), after=pages - 1)
        items, error = _read(running.collector())
        assert isinstance(error, AccessDeniedError)
        assert "expired" in error.message
        assert error.hint
        assert len(_names(items)) == (pages - 1) * estate.page, "what was read before stays"


def test_a_right_that_is_missing_is_named(estate: Estate) -> None:
    with _running(estate, _some(3)) as running:
        running.break_listing(Answer(status=403, body=b'{"message": "no"}'))
        items, error = _read(running.collector())
        told = " ".join([error.message if error else "", *(gap.reason for gap in _gaps(items))])
        rights = COLLECTORS[estate.kind].permissions
        assert any(f"'{right}'" in told for right in rights)
        assert _names(items) == []


def test_a_server_that_does_not_answer_is_unreachable(estate: Estate) -> None:
    with _running(estate, _some(3)) as running:
        running.break_listing(Slow())
        _, error = _read(running.collector(timeout=0.3))
        assert isinstance(error, BackendUnreachableError)
        assert "in time" in error.message


@pytest.mark.parametrize(
    ("then", "kind"),
    [
        (Truncate(keep=20), BackendUnreachableError),
        (Truncate(keep=20, honest=True), BackendProtocolError),
        (Answer(status=200, body=b"<html>sign in</html>"), BackendProtocolError),
        (Answer(status=200, body=b'"text"'), BackendProtocolError),
        (Answer(status=418, body=b"{}"), BackendProtocolError),
    ],
    ids=["cut", "half", "page", "text", "teapot"],
)
def test_an_answer_that_cannot_be_understood_is_an_error(
    estate: Estate, then: Behaviour, kind: type[CollectError]
) -> None:
    with _running(estate, _some(3)) as running:
        running.break_listing(then)
        items, error = _read(running.collector())
        assert type(error) is kind
        assert _names(items) == []


def test_a_server_that_goes_away_leaves_what_was_read(estate: Estate) -> None:
    pages = 2 if estate.page else 1
    with _running(estate, _some(pages * (estate.page or 100))) as running:
        running.break_listing(Reset(), after=pages - 1)
        items, error = _read(running.collector())
        assert isinstance(error, BackendUnreachableError)
        assert len(_names(items)) == (pages - 1) * estate.page


def test_a_server_that_is_not_there_is_unreachable(estate: Estate) -> None:
    with _running(estate, []) as running:
        _, error = _read(running.collector(address="http://127.0.0.1:9"))
        assert isinstance(error, BackendUnreachableError)


def test_without_credentials_nothing_is_asked(estate: Estate) -> None:
    with _running(estate, _some(3)) as running:
        _, error = _read(running.collector(environ=False))
        assert isinstance(error, AccessDeniedError)
        assert "is not set" in error.message
        assert running.proxy.seen == []


def test_the_requests_show_that_no_value_was_asked_for(estate: Estate) -> None:
    with _running(estate, _some(3)) as running:
        items, error = _read(running.collector())
        assert error is None
        asked = [f"{request.method} {request.path} {request.body.decode()}" for request in running.proxy.seen]
        assert asked
        assert [one for one in asked if returns_value(one)] == []
        assert CANARY not in repr(items)


def test_ten_thousand_secrets_need_no_memory_to_speak_of(estate: Estate) -> None:
    with _running(estate, _some(MANY)) as running:
        collector = running.collector()
        scopes = collector.scopes()
        tracemalloc.start()
        try:
            found = 0
            for scope in scopes:
                for item in collector.collect(scope):
                    found += isinstance(item, SecretMetadata)
                    if found == 1 and estate.page:
                        assert len(running.listings()) == 1, (
                            "the first page is told before the second is asked for"
                        )
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert found == MANY
        assert peak < MEGABYTES * 1024 * 1024
