"""Reading what controllers say about the Secrets of one namespace."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from keyproof.domain.copied import PROBLEM, STORE, SYNCED
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.kubernetes.client import TABLE, Client
from keyproof.kubernetes.controllers import WRITERS, written_by
from keyproof.kubernetes.external_secrets import (
    CLUSTER_STORES,
    EXTERNAL_SECRETS,
    PUSHES,
    STORES,
    Push,
    elsewhere,
    push,
    stores_in,
)
from keyproof.kubernetes.managed import (
    MANAGED_FIELDS,
    SHAPE,
    Attributes,
    Body,
    Controller,
    Managed,
    name_of,
    together,
)
from keyproof.kubernetes.secrets_store import (
    POD_STATUSES,
    PROVIDER_CLASSES,
    Mounts,
    copies_of,
    mounted,
    provider_class,
)

SHAPE_HINT = "correct them, or report this with the controller's version"
Groups = Mapping[str, Sequence[str]]
"""API group → its versions, the one the server prefers first."""


@dataclass(slots=True, kw_only=True)
class Controlled:
    """What was read, and what could not be."""

    managed: dict[str, Managed] = field(default_factory=dict)
    """Name of a Secret → what the controller that writes it says."""
    pushes: list[Push] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    """Field of SecretMetadata → why it is not known."""
    gaps: list[tuple[str, str, str]] = field(default_factory=list)
    """What, why, and what to do."""
    evidence: list[Evidence] = field(default_factory=list)

    def pushed(self, name: str, labels: Mapping[str, str]) -> Attributes:
        """Where the Secret of this name and these labels is copied to."""
        found = [one for one in self.pushes if one.takes(name, labels)]
        attributes: dict[str, str | int | bool] = {}
        if targets := sorted({target for one in found for target in one.targets}):
            attributes["pushed-to"] = ", ".join(targets)
        if problems := [one.problem for one in found if one.problem]:
            attributes["push-problem"] = "; ".join(problems)
        return attributes


def _pages(
    client: Client, controller: Controller, groups: Groups, namespace: str, **how: str
) -> Iterator[Body]:
    """All pages of a kind; none where it is not installed. Raises CollectError.

    The kinds of one group need not all be served in the version the group prefers.
    """
    within = f"namespaces/{namespace}/" if namespace else ""
    for version in groups.get(controller.group, ()):
        path = f"/apis/{controller.group}/{version}/{within}{controller.plural}"
        pages = client.pages(path, need=controller.need, **how)
        first = next(pages, None)
        if first is not None:
            yield first
            yield from pages
            return


def stores_of(client: Client, groups: Groups, namespace: str = "") -> dict[str, str]:
    """The stores of a namespace, or those for all → why nothing can be had from them; empty for the ready. Raises CollectError."""
    controller = STORES if namespace else CLUSTER_STORES
    found: dict[str, str] = {}
    for page in _pages(client, controller, groups, namespace, accept=TABLE, includeObject="None"):
        try:
            found |= stores_in(controller.kind, page)
        except (*SHAPE, IndexError):
            what = f"a table of {controller.plural} has an unknown shape"
            raise BackendProtocolError(what, scope=namespace, hint=SHAPE_HINT) from None
    return found


def read_controlled(
    client: Client, namespace: str, groups: Groups, *, stores: Mapping[str, str], now: datetime
) -> Controlled:
    """Read all of a namespace; `stores` are those for all. What is denied is noted. Raises CollectError."""
    return _Reading(client, namespace, groups, dict(stores), now).done()


class _Reading:
    def __init__(
        self, client: Client, namespace: str, groups: Groups, stores: dict[str, str], now: datetime
    ) -> None:
        self._client, self._namespace, self._groups, self._now = client, namespace, groups, now
        self._stores = stores
        self._found = Controlled()

    def done(self) -> Controlled:
        for controller in WRITERS:
            bodies = self._listed(controller) or []
            if controller is EXTERNAL_SECRETS:
                bodies = self._only_into_secrets(bodies)
            managed, strange = written_by(controller, bodies, now=self._now)
            for name, one in managed.items():
                known = self._found.managed.get(name)
                self._found.managed[name] = together(known, one) if known else one
            self._note_strange(controller, strange)
        self._read_stores()
        self._each(PUSHES, lambda body: self._found.pushes.append(push(body, self._now)))
        self._read_mounts()
        found = self._found.managed
        self._found.managed = {name: _by_stores(one, self._stores) for name, one in found.items()}
        return self._found

    def _only_into_secrets(self, bodies: list[Body]) -> list[Body]:
        kept: list[Body] = []
        for body in bodies:
            try:
                other = elsewhere(body)
            except SHAPE:
                other = ""  # it is told with those of an unknown shape
            if other:
                value = f"ExternalSecret {name_of(body)} writes values into {other}"
                self._found.evidence.append(Evidence(name="values outside Secrets", value=value))
            else:
                kept.append(body)
        return kept

    def _read_stores(self) -> None:
        try:
            self._stores |= stores_of(self._client, self._groups, self._namespace)
        except (AccessDeniedError, BackendProtocolError) as error:
            self._note(STORES, error.message, error.hint)

    def _read_mounts(self) -> None:
        classes, mounts = {}, Mounts()

        def note(body: Body) -> None:
            one = provider_class(body)
            classes[one.name] = one

        self._each(PROVIDER_CLASSES, note)
        seen = self._each(POD_STATUSES, mounts.add)
        for one in classes.values():
            for name, managed in copies_of(one, mounts if seen else None):
                self._found.managed.setdefault(name, managed)
        self._found.evidence += mounted(classes, mounts)

    def _each(self, controller: Controller, take: Callable[[Body], object]) -> bool:
        """Hand over every object; whether all could be read."""
        bodies, strange = self._listed(controller), []
        for body in bodies or ():
            try:
                take(body)
            except SHAPE:
                strange.append(name_of(body))
        self._note_strange(controller, strange)
        return bodies is not None and not strange

    def _listed(self, controller: Controller) -> list[Body] | None:
        """None where it is denied."""
        try:
            pages = _pages(self._client, controller, self._groups, self._namespace)
            return [body for page in pages for body in page.get("items") or ()]
        except AccessDeniedError as error:
            self._note(controller, error.message, error.hint)
            return None

    def _note_strange(self, controller: Controller, names: Sequence[str]) -> None:
        if names:
            reason = f"{len(names)} objects have an unknown shape, e.g. {min(names)}"
            self._note(controller, reason, SHAPE_HINT)

    def _note(self, controller: Controller, reason: str, hint: str) -> None:
        self._found.gaps.append((controller.plural, reason, hint))
        if controller in WRITERS:
            self._found.unread |= dict.fromkeys(MANAGED_FIELDS, reason)


def _by_stores(managed: Managed, stores: Mapping[str, str]) -> Managed:
    """A copy from a store that is not ready is not refreshed, whatever was said when it last was."""
    named = str(managed.attributes.get(STORE, "")).split(", ")
    broken = [f"{name}: {stores[name]}" for name in named if stores.get(name)]
    if not broken:
        return managed
    problems = [str(managed.attributes[PROBLEM])] if PROBLEM in managed.attributes else []
    told: Attributes = {SYNCED: False, PROBLEM: "; ".join((*problems, *broken))}
    return replace(managed, attributes={**managed.attributes, **told})
