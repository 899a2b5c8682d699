"""One pass over one project of Google Cloud: what holds for all of it, and what was refused on the way."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from keyproof.audit.files import LogFileError, log_files
from keyproof.audit.uses import Uses
from keyproof.domain.access import AccessGrant, AuditTrail
from keyproof.domain.assessment import Gap, ScopeStatus
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError
from keyproof.google import permissions as need
from keyproof.google.config import GoogleOverseenConfig
from keyproof.google.connection import GoogleCloud, listed
from keyproof.google.events import look_up, read_files
from keyproof.google.iam import Iam, ProjectFacts
from keyproof.ports import Surroundings
from keyproof.rest.cloud import PARALLEL, CloudClient
from keyproof.rest.reading import wanted
from keyproof.rest.refusals import LockedOutError, NotThereError

_NO_LOG = "the audit logs were not read"
_NO_READS = "the logs show no read at all, so whether reads are recorded is not known, or {right} is missing"

T = TypeVar("T")
Item = Mapping[str, Any]


class GoneError(Exception):
    """It was deleted between two requests."""


@dataclass(slots=True, kw_only=True)
class ProjectReading:
    """What the readers of a project have in common; may be used by several threads after `prepare`."""

    source: str
    noun: str
    """What is read, in the plural."""
    config: GoogleOverseenConfig
    cloud: GoogleCloud
    iam: Iam
    client: CloudClient
    pool: ThreadPoolExecutor
    """One for the whole pass, as each of its threads keeps connections until the end."""
    surroundings: Surroundings
    logging: Lock
    """Held while logs are asked for: the limit of requests is one for all projects of a source."""
    facts: ProjectFacts = field(default_factory=ProjectFacts)
    uses: Uses | None = None
    unread: dict[str, str] = field(default_factory=lambda: {"access_log": _NO_LOG})
    """Field → why it is unknown of everything here."""
    tally: Counter[str] = field(default_factory=Counter)
    refused: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    """What, why and what to do → names of what it was refused for."""
    lock: Lock = field(default_factory=Lock)

    @property
    def project(self) -> str:
        """Id of the project."""
        return self.client.scope

    def prepare(self) -> Iterator[Gap | Evidence]:
        """Read policies and logs. Raises CollectError when Google goes away."""
        for name, on in (("grants", self.config.access), ("audit", self.config.audit)):
            if not on:
                key = "access" if name == "grants" else name
                self.unread[name] = f"not read: {key} is false in keyproof.yaml"
        if self.config.access or self.config.audit:
            yield from self._read_policies()
        if self.config.events or self.config.event_logs:
            yield from self._read_uses()

    def gap(self, what: str, reason: str, hint: str) -> Gap:
        """A part of the project that could not be read."""
        scope = f"{self.project} ({what})"
        return Gap(source=self.source, scope=scope, status=ScopeStatus.PARTIAL, reason=reason, hint=hint)

    def account_for(self) -> Iterator[Gap | Evidence]:
        """What was refused, left out and counted."""
        for (what, reason, hint), names in sorted(self.refused.items()):
            yield self.gap(what, f"{reason}, for {len(names)} {self.noun}, e.g. {min(names)}", hint)
        if roles := self._unknown_roles():
            yield self.gap("roles", roles, f"grant a role with {need.ROLE}")
        yield Evidence(name=f"{self.noun} listed", value=str(self.tally["listed"]))
        for name in ("deleted while they were read", "left out by include and exclude"):
            if self.tally[name]:
                yield Evidence(name=name, value=str(self.tally[name]))
        if self.config.access:
            yield Evidence(name="access", value="members of groups are not read")
        yield self.client.account()

    def chosen(self, name: str) -> bool:
        """Whether `include` and `exclude` choose what is called so; counted."""
        self.tally["listed"] += 1
        if wanted(name, self.config):
            return True
        self.tally["left out by include and exclude"] += 1
        return False

    def gone(self) -> None:
        """Count what was deleted while it was read."""
        with self.lock:
            self.tally["deleted while they were read"] += 1

    def attempt(self, field: str, name: str, unread: dict[str, str], read: Callable[[], T]) -> T | None:
        """What `read` gives; None, and the reason noted, when the right for it is missing. Raises GoneError."""
        try:
            return read()
        except LockedOutError:
            raise
        except NotThereError:
            raise GoneError from None
        except AccessDeniedError as error:
            unread[field] = error.message
            with self.lock:
                self.refused.setdefault((field, error.message, error.hint), []).append(name)
            return None

    def grants(
        self, name: str, unread: dict[str, str], own: Callable[[], Sequence[AccessGrant]]
    ) -> tuple[AccessGrant, ...] | None:
        """Those of the project and those that `own` reads; None where the project's are unknown. Raises GoneError."""
        if not self.config.access:
            return None
        before = unread.get("grants", "")
        found = self.attempt("grants", name, unread, own)
        reasons = [before, unread.get("grants", ""), self._unknown_roles()]
        if told := "; ".join(dict.fromkeys(filter(None, reasons))):
            unread["grants"] = told
        if found is None or not self.facts.known:
            return None
        return tuple(sorted({*self.facts.grants, *found})) if found else self.facts.grants

    def audit(self) -> tuple[AuditTrail, ...] | None:
        """Where reads are recorded; None where that is unknown."""
        return self.facts.audit if "audit" not in self.unread else None

    def items(self, url: str, right: str, key: str, *, page: int) -> Iterator[Item]:
        """Every item of a listing. Raises CollectError."""
        for part in self.pages(url, right, key, page=page):
            yield from part

    def pages(self, url: str, right: str, key: str, *, page: int) -> Iterator[Sequence[Item]]:
        """The items under `key` of every page of a listing. Raises CollectError."""
        return listed(self.client, url, right, key, page=page)

    def each(self, items: Sequence[Item], read: Callable[[Item], T | None]) -> Iterator[T]:
        """What `read` gives of every item, in their order and several at a time; None is left out."""
        for start in range(0, len(items), 2 * PARALLEL):  # what is read ahead stays small
            for found in self.pool.map(read, items[start : start + 2 * PARALLEL]):
                if found is not None:
                    yield found

    def _read_policies(self) -> Iterator[Gap]:
        self.facts = self.iam.project(self.client, self.project, access=self.config.access)
        for reason, hint in self.facts.unread:
            yield self.gap("policies", reason, hint)
        for reason, hint in self.facts.undenied:
            yield self.gap("deny policies", reason, hint)
        if reasons := "; ".join(reason for reason, _ in self.facts.unread):
            self.unread.setdefault("grants", reasons)
            if not any(trail.enabled for trail in self.facts.audit):
                self.unread.setdefault("audit", reasons)  # it may be switched on above

    def _read_uses(self) -> Iterator[Gap | Evidence]:
        try:
            uses = self._uses()
        except LockedOutError:
            raise
        except AccessDeniedError as error:
            self.unread["access_log"] = error.message
            yield self.gap("events", error.message, error.hint)
            return
        except LogFileError as error:
            self.unread["access_log"] = str(error)
            yield self.gap("event-logs", str(error), "correct event-logs")
            return
        if uses.until is not None:
            del self.unread["access_log"]
            self.uses = uses
            if self.audit() is not None and not self._recorded:
                # Not every read is recorded: what is told is no more than that.
                uses.cover(uses.until, uses.until)
        else:
            self.unread["access_log"] = _NO_READS.format(right=need.LOGS)
        yield Evidence(name="events", value=f"{uses.records} of {uses.sink}")

    @property
    def _recorded(self) -> bool:
        """Whether every read is known to be recorded."""
        return any(trail.covers_reads for trail in self.facts.audit)

    def _uses(self) -> Uses:
        config, here, vocabulary = self.config, self.surroundings, self.iam.vocabulary
        if config.event_logs:
            files = log_files(config.event_logs, here.root, key="event-logs")
            return read_files(files, vocabulary, project=self.project, recorded=self._recorded)
        with self.logging:
            return look_up(
                self.client,
                vocabulary,
                self.cloud.at("logging"),
                config=config,
                now=here.clock.now(),
                recorded=self._recorded,
                sleep=here.sleep,
            )

    def _unknown_roles(self) -> str:
        roles = self.iam.unknown_roles() if self.config.access else []
        return f"what {', '.join(roles)} grant is not known: {need.ROLE} is missing" if roles else ""
