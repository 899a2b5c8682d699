"""One pass over one region: who reads it, what was refused, and the regions there are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from threading import Lock

from keyproof.aws.calls import Access, AwsCalls, CallRefusedError
from keyproof.aws.config import AwsConfig
from keyproof.aws.faults import FaultKind
from keyproof.domain.assessment import Gap, ScopeStatus
from keyproof.domain.verdict import Evidence
from keyproof.errors import BackendUnreachableError, CollectError, MissingExtraError
from keyproof.ports import Surroundings
from keyproof.retry import RetryBudget
from keyproof.strict_yaml import did_you_mean

WHO = "sts:GetCallerIdentity"


class GoneError(Exception):
    """What was to be read was deleted between two calls."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """What must be told about a pass at its end; usable from several threads."""

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

    def counted(self) -> Evidence:
        """The requests made, by operation."""
        counts = sorted(self.calls.counts.items())
        told = ", ".join(f"{action.partition(':')[2]}: {count}" for action, count in counts)
        return Evidence(name="calls", value=told)


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
