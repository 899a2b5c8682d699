"""One pass over one region: who reads it, what was refused, and the regions there are."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from threading import Lock
from typing import TypeVar

from keyproof.aws.calls import PARALLEL, Access, AwsCalls, CallRefusedError
from keyproof.aws.config import AwsConfig
from keyproof.aws.faults import FaultKind
from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.verdict import Evidence
from keyproof.errors import BackendUnreachableError, CollectError, MissingExtraError
from keyproof.ports import Surroundings
from keyproof.retry import RetryBudget
from keyproof.strict_yaml import did_you_mean

WHO = "sts:GetCallerIdentity"
E = TypeVar("E")
T = TypeVar("T")


class GoneError(Exception):
    """What was to be read was deleted between two calls."""


@dataclass(slots=True, kw_only=True)
class Reading(ABC):
    """The frame of a pass over one region, and what must be told at its end; usable from several threads."""

    source: str
    calls: AwsCalls
    noun: str
    """What is read, in the plural, e.g. `secrets`."""
    identity: str = "this identity"
    account: str = "unknown"
    refusals: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Action and reason → names of what it was refused for."""
    lock: Lock = field(default_factory=Lock)

    @property
    def region(self) -> str:
        """The region that is read."""
        return self.calls.access.region

    def run(self) -> Iterator[Collected]:
        """The whole pass: who asks, what is read, and what was left out, told also where reading fails.

        Closes the calls. Raises CollectError.
        """
        try:
            yield from self.identify()
            yield from self.read()
        except CollectError:
            yield from self.account_for()
            raise
        finally:
            self.calls.close()
        yield from self.account_for()

    @abstractmethod
    def read(self) -> Iterator[Collected]:
        """Everything there is. Raises CollectError when it cannot be listed."""

    def totals(self) -> Iterator[Evidence]:
        """What was left out, and what the pass rests on."""
        return iter(())

    def account_for(self) -> Iterator[Collected]:
        """What was refused, left out and counted."""
        yield from self.gaps()
        yield from self.totals()
        yield Evidence(name="calls", value=", ".join(self.counted()))

    def each(self, pages: Iterable[Sequence[E]], read: Callable[[E], T | None]) -> Iterator[T]:
        """What is read of every entry, in the order of the pages, several at a time; None is left out.

        Raises CollectError when a page is refused.
        """
        with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
            try:
                for page in pages:
                    yield from (found for found in pool.map(read, page) if found is not None)
            except CallRefusedError as refusal:
                raise self.calls.fatal(refusal, self.identity) from refusal

    def identify(self) -> Iterator[Evidence]:
        """Who AWS says is asking. A scan does not depend on the answer, only its record does."""
        who, why = {}, "no answer"
        try:
            who = self.calls.call(WHO, "Arn")
        except CallRefusedError as refusal:
            why = refusal.fault.code
        except BackendUnreachableError as error:
            why = error.message
        self.identity = str(who.get("Arn") or self.identity)
        self.account = str(who.get("Account") or self.account)
        yield Evidence(name="identity", value=str(who.get("Arn") or f"unknown ({why})"))
        yield Evidence(name="account", value=self.account)
        yield Evidence(name="endpoint", value=self.calls.endpoint)

    def why(self, refusal: CallRefusedError) -> str:
        """A refusal in words."""
        return refusal.why(self.identity)

    def refused(self, refusal: CallRefusedError, name: str) -> str:
        """Why a field of `name` is unread; noted as a gap unless the state of what is read forbids the call.

        Raises GoneError when it no longer exists.
        """
        fault = refusal.fault
        if fault.kind is FaultKind.GONE:
            raise GoneError from refusal
        if fault.kind is FaultKind.REFUSED:
            return f"{refusal.action} is not possible now: {fault.code} ({fault.detail})"
        reason = self.why(refusal)
        with self.lock:
            self.refusals.setdefault((refusal.action, reason), []).append(name)
        return reason

    def gap(self, action: str, reason: str) -> Gap:
        """A part of the region that could not be read."""
        return Gap(
            source=self.source,
            scope=f"{self.region} ({action})",
            status=ScopeStatus.PARTIAL,
            reason=reason,
            hint=f"allow {action} to {self.identity}" if "denied" in reason else "",
        )

    def gaps(self) -> Iterator[Gap]:
        """What was refused, one gap for each action and reason."""
        for (action, reason), names in sorted(self.refusals.items()):
            noun = self.noun.removesuffix("s") if len(names) == 1 else self.noun
            yield self.gap(action, f"{reason} for {len(names)} {noun}, e.g. {min(names)}")

    def counted(self) -> Iterator[str]:
        """The requests made, by operation."""
        for action, count in sorted(self.calls.counts.items()):
            yield f"{action.partition(':')[2]}: {count}"


def connect(
    config: AwsConfig,
    surroundings: Surroundings,
    *,
    region: str,
    permissions: Sequence[str],
    services: tuple[str, ...],
) -> AwsCalls:
    """Calls to `services` in `region`, of those among `permissions` only. Raises as `AwsCalls.connect`."""
    access = Access(
        region=region,
        permissions=frozenset(permissions),
        services=services,
        profile=config.profile,
        role_arn=config.role_arn,
        endpoint_url=config.endpoint_url,
    )
    budget = RetryBudget(sleep=surroundings.sleep, total=config.max_wait)
    return AwsCalls.connect(access, budget)


def known(
    regions: Sequence[str], *, service: str, name: str, source: str, config: AwsConfig
) -> Sequence[str]:
    """The regions, each once. Raises CollectError for one AWS does not have, MissingExtraError.

    `service` is the SDK's word, `name` the one for people.
    """
    found = tuple(dict.fromkeys(regions))
    if config.endpoint_url:
        return found
    existing = _existing(service, source)
    for region in found:
        if region not in existing:
            hint = did_you_mean(region, sorted(existing))
            raise CollectError(f"'{region}' is no region of {name}", scope=region, hint=hint)
    return found


def chosen(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether globs choose a name; `exclude` wins."""
    return any(fnmatchcase(name, glob) for glob in include) and not any(
        fnmatchcase(name, glob) for glob in exclude
    )


def _existing(service: str, source: str) -> frozenset[str]:
    """The regions of every partition the installed SDK knows the service in."""
    try:
        from botocore.session import Session  # noqa: PLC0415 (only the aws extra has it)
    except ImportError:
        raise MissingExtraError(scope=source, extra="aws") from None
    session = Session()
    return frozenset(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions(service, partition)
    )
