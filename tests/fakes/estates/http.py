"""Estates that are asked over HTTP: a proxy before the server sees every request and breaks those it is told to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from keyproof.ports import Collector, Surroundings
from keyproof.wiring.catalog import COLLECTORS
from tests.fakes.estates.estate import Running
from tests.fakes.fault_proxy import (
    Answer,
    Behaviour,
    Fault,
    FaultProxy,
    Request,
    Reset,
    Slow,
    Truncate,
)
from tests.fakes.ports import NOW

NOWHERE = "http://127.0.0.1:9"
"""Nobody listens there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """How a system words its refusals."""

    busy: Answer = field(default_factory=lambda: Answer(status=429, body=b"{}"))
    expired: Answer = field(default_factory=lambda: Answer(status=401, body=b"{}"))
    denied: Answer = field(default_factory=lambda: Answer(status=403, body=b'{"message": "no"}'))
    sealed: Answer = field(default_factory=lambda: Answer(status=503, body=b"{}"))


class HttpRunning(Running):
    """A server behind the proxy."""

    def __init__(
        self,
        kind: str,
        proxy: FaultProxy,
        *,
        listing: Callable[[Request], bool],
        config: Mapping[str, Any],
        environ: Mapping[str, str] | None = None,
        refusals: Refusals | None = None,
        prefix: str = "",
        delete: Callable[[str], object] | None = None,
    ) -> None:
        """`listing` tells which requests list secrets; `config` lacks address and timeout; `environ` has the credentials."""
        super().__init__()
        self.kind, self.proxy, self.config, self.environ = kind, proxy, dict(config), dict(environ or {})
        self.prefix = prefix
        self._listing, self._delete = listing, delete
        self._refusals = refusals or Refusals()
        self.address = proxy.address

    def collector(
        self, *, patience: float = 30.0, credentials: bool = True, now: datetime = NOW
    ) -> Collector:
        return self.made({"address": self.address, "timeout": patience}, credentials=credentials, now=now)

    def made(
        self, more: Mapping[str, Any], *, credentials: bool, now: datetime, here: Surroundings | None = None
    ) -> Collector:
        """A collector with more options."""
        member = COLLECTORS[self.kind]
        settings = member.Config.model_validate({**self.config, **more})
        environ = self.environ if credentials else {}
        return member("contract", settings, here or self.surroundings(environ, now=now))

    def told(self, name: str) -> str:
        return self.prefix + name

    @property
    def listings(self) -> int:
        return sum(self._listing(request) for request in self.proxy.seen)

    @property
    def asked(self) -> Sequence[str]:
        return [
            f"{request.method} {request.path} {request.body.decode()}".strip() for request in self.proxy.seen
        ]

    def forget(self) -> None:
        self.proxy.seen.clear()

    def throttle(self, *, times: int | None, after: int) -> None:
        busy = self._refusals.busy
        wait = {**busy.headers, "Retry-After": str(after)}
        self.break_listing(Answer(status=busy.status, body=busy.body, headers=wait), times=times)

    def expire(self, *, after: int) -> None:
        self.break_listing(self._refusals.expired, after=after)

    def deny(self) -> None:
        self.break_listing(self._refusals.denied)

    def seal(self) -> None:
        self.proxy.put_first(Fault(then=self._refusals.sealed))

    def stall(self) -> None:
        self.break_listing(Slow())

    def cut(self, *, honest: bool) -> None:
        self.break_listing(Truncate(keep=20, honest=honest))

    def say(self, status: int, body: bytes) -> None:
        self.break_listing(Answer(status=status, body=body))

    def break_off(self, *, after: int) -> None:
        self.break_listing(Reset(), after=after)

    def vanish(self) -> None:
        self.address = NOWHERE

    def delete(self, name: str) -> None:
        assert self._delete
        self._delete(name)

    def break_listing(self, then: Behaviour, *, after: int = 0, times: int | None = None) -> None:
        """Break requests that list secrets, all but the first `after`."""
        passed: list[Request] = []

        def due(request: Request) -> bool:
            if not self._listing(request):
                return False
            passed.append(request)
            return len(passed) > after

        self.proxy.put_first(Fault(then=then, when=due, times=times))
