"""The rules of a policy pack that a document's facts make, and what of them no check can decide."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keyproof.document.classes import DocumentClass, classes
from keyproof.document.facts import Duty, Kept, Place, PolicyText, Unread, Verb
from keyproof.document.spans import in_days, same, written
from keyproof.document.subjects import slug, topic

_LIVE: Mapping[str, Any] = {"not": {"backend": "inventory"}}

_MANAGERS = ("aws-secrets-manager", "azure-key-vault", "gcp-secret-manager", "vault")
_WORDS = {
    "secret-manager": ("secret-manager*", "secret-management-*"),
    "environment-variable": ("environment-variable*",),
    "kms": ("kms", "key-management-*"),
    "encrypted-file": ("encrypted-*",),
}
_WEAK = frozenset({"environment-variable", "dotenv", "plain-text-file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRule:
    """A rule as it will stand in the pack."""

    id: str
    title: str
    check: str
    places: tuple[Place, ...]
    """The lines of the document it rests on."""
    told: str
    """What the lines state, in our words."""
    select: Mapping[str, Any] = field(default_factory=dict)
    with_: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything a document gives for a pack."""

    text: PolicyText
    classes: tuple[DocumentClass, ...]
    roles: Mapping[str, Place]
    rules: tuple[DraftRule, ...]
    unread: tuple[Unread, ...]


def draft(text: PolicyText, *, kinds: Collection[str], inventory: bool) -> Draft:
    """Turn facts into rules of the check kinds `kinds`; `inventory` tells whether one is written beside it."""
    found = classes(text)
    work = _Drafting(text, found)
    rules = [
        *work.rotation(), *work.by_itself(), *work.graces(), *work.storage(), *work.duties(), *work.access(),
        *work.leaks(), *work.upkeep(), *(work.inventory() if inventory else ()),
    ]  # fmt: skip
    work.attest()
    kept: dict[str, DraftRule] = {}
    for rule in rules:
        if rule.check not in kinds:
            work.leave(rule.places[0], rule.title, f"this version has no check '{rule.check}'")
            continue
        kept.setdefault(_free(rule.id, kept), rule)
    return Draft(
        text=text,
        classes=found,
        roles=work.roles,
        rules=tuple(_renamed(rule, name) for name, rule in kept.items()),
        unread=tuple(
            sorted({*text.unread, *work.unread}, key=lambda part: (part.place, part.reason, part.text))
        ),
    )


def _free(wanted: str, taken: Mapping[str, DraftRule]) -> str:
    name, number = wanted, 2
    while name in taken or name == "unclassified":
        name, number = f"{wanted}-{number}", number + 1
    return name


def _renamed(rule: DraftRule, name: str) -> DraftRule:
    return DraftRule(
        id=name,
        title=rule.title,
        check=rule.check,
        places=rule.places,
        told=rule.told,
        select=rule.select,
        with_=rule.with_,
    )


class _Drafting:
    def __init__(self, text: PolicyText, found: Sequence[DocumentClass]) -> None:
        self._text = text
        self._classes = found
        self.roles: dict[str, Place] = {}
        self.unread: list[Unread] = []

    def leave(self, place: Place, text: str, reason: str) -> None:
        """Note what becomes no check."""
        self.unread.append(Unread(place=place, text=text, reason=reason))

    def rotation(self) -> Iterator[DraftRule]:
        for one in self._classes:
            lead = one.schedules[0]
            agreeing = [s for s in one.schedules if same(s.period, lead.period)]
            for other in one.schedules:
                if not same(other.period, lead.period):
                    self.leave(
                        other.place,
                        f"{one.title}: {other.shown}",
                        f"contradicts {lead.place} ({lead.shown}), which was taken",
                    )
            select: dict[str, Any] = {"class": one.id}
            if lead.environment:
                select["environment"] = lead.environment
            parameters: dict[str, Any] = {"period": written(lead.period)}
            if alerts := self._alerts(in_days(lead.period)):
                parameters["alerts"] = alerts
            every = f"every {written(lead.period)}" if lead.period.scheduled else written(lead.period)
            yield DraftRule(
                id=f"{one.id}-rotation",
                title=f"{one.title}: rotated {every}",
                check="max-age",
                places=tuple(dict.fromkeys(s.place for s in agreeing)),
                told=f"stated as {lead.shown}",
                select=select,
                with_=parameters,
            )
        for schedule in self._text.schedules:
            if (
                schedule.everything
                and schedule.standard == ""
                and schedule.period.scheduled
                and not self._classes
            ):
                yield DraftRule(
                    id="all-secrets-rotation", title=f"Every secret: rotated every {written(schedule.period)}", check="max-age",
                    places=(schedule.place,), told=f"stated as {schedule.shown}",
                    select={"environment": schedule.environment} if schedule.environment else {},
                    with_={"period": written(schedule.period)},
                )  # fmt: skip
            elif schedule.everything or schedule.standard:
                self.leave(
                    schedule.place,
                    f"{schedule.title}: {schedule.shown}",
                    self._why_general(schedule.standard, schedule.period.scheduled),
                )

    def _why_general(self, standard: str, scheduled: bool) -> str:
        if standard:
            return f"said to come from {standard}; the periods the document sets itself were taken"
        if not scheduled:
            return "an event, which no scan sees; a leak in git is judged where a deadline is stated"
        return "a period for everything beside periods for classes; the classes were taken"

    def _alerts(self, days: int) -> dict[str, str]:
        """The ladder, its rungs no longer than a third of the period: a longer alert would hardly ever end."""
        third = max(days // 3, 1)
        found: dict[int, str] = {}
        for rung in sorted(self._text.rungs, key=lambda rung: rung.lead.span, reverse=True):
            if rung.word and days:
                found[min(in_days(rung.lead), third)] = rung.word
        return {f"{lead}d": word for lead, word in sorted(found.items(), reverse=True)}

    def by_itself(self) -> Iterator[DraftRule]:
        for known in self._text.stored:
            one = self._class_of((known.name.rpartition("/")[2],))
            if known.verb is Verb.ROTATE and one:
                yield DraftRule(
                    id=f"{one.id}-rotates-by-itself", title=f"{one.title}: rotated by the backend", check="rotation-enabled",
                    places=(known.place,), told="automatic rotation is switched on",
                    select={"class": one.id, "backend": known.backend}, with_={"period": f"{known.every}d"} if known.every else {},
                )  # fmt: skip

    def graces(self) -> Iterator[DraftRule]:
        for grace in self._text.graces:
            if grace.final:
                self.leave(
                    grace.place,
                    f"deletion after {grace.shown}",
                    "the old credential is disabled before; attest that it is deleted",
                )
                continue
            targets = (
                [one for name in grace.subject if (one := self._class_of((name,)))]
                if grace.subject
                else [None]
            )
            if not targets:
                self.leave(
                    grace.place,
                    f"grace of {grace.shown}",
                    "no period is stated for these secrets, so no class has this grace",
                )
            for name in dict.fromkeys(target.id if target else "" for target in targets):
                title = next((known.title for known in self._classes if known.id == name), "Every secret")
                yield DraftRule(
                    id=f"{name or 'any'}-old-version-retired", title=f"{title}: the old value ends within {written(grace.period)}",
                    check="old-version-retired", places=(grace.place,), told=f"stated as {grace.shown}",
                    select={**({"class": name} if name else {}), **_LIVE}, with_={"grace": written(grace.period)},
                )  # fmt: skip

    def _class_of(self, names: Sequence[str]) -> DocumentClass | None:
        topics = {topic(name) for name in names} - {""}
        direct = next((one for one in self._classes if one.topics & topics), None)
        return direct or next(
            (one for one in self._classes if any(f"*{name}*" in one.patterns for name in topics)), None
        )

    def storage(self) -> Iterator[DraftRule]:
        allowed: dict[str, list[Kept]] = {}
        for kept in self._text.kept:
            if kept.allowed and not kept.subject:
                for environment in kept.environments:
                    allowed.setdefault(environment, []).append(kept)
        for environment, several in sorted(allowed.items()):
            own = [kept for kept in several if len(kept.environments) == 1] or several
            yield DraftRule(
                id=f"{environment}-storage", title=f"Secrets of {environment} are kept where the policy says", check="storage",
                places=tuple(dict.fromkeys(kept.place for kept in own)), told="places of storage",
                select={"environment": environment, "not": {"backend": "inventory", "where": "!(attributes.storage)"}},
                with_={"allowed": self._backends(kind for kept in own for kind in kept.storage)},
            )  # fmt: skip
        yield from self._storage_by_kind(allowed.get("production", []))

    def _storage_by_kind(self, production: Sequence[Kept]) -> Iterator[DraftRule]:
        strict = {kind for kept in production if len(kept.environments) == 1 for kind in kept.storage}
        for kept in self._text.kept:
            if not (kept.allowed and kept.subject):
                continue
            one = self._class_of((kept.subject,))
            if strict and _WEAK.intersection(kept.storage) - strict:
                self.leave(
                    kept.place,
                    f"{kept.subject}: {kept.shown}",
                    "contradicts the storage of production, which was taken",
                )
            elif one:
                yield DraftRule(
                    id=f"{one.id}-storage", title=f"{one.title}: kept where the policy says", check="storage",
                    places=(kept.place,), told="place of storage",
                    select={"class": one.id, "not": {"backend": "inventory", "where": "!(attributes.storage)"}},
                    with_={"allowed": self._backends(kept.storage)},
                )  # fmt: skip

    def _backends(self, kinds: Any) -> list[str]:
        listed = {kind for kept in self._text.kept for kind in kept.storage}
        named = [kind for kind in _MANAGERS if kind in listed] or list(_MANAGERS)
        found: list[str] = []
        for kind in kinds:
            found += named if kind == "secret-manager" else [] if kind in _WORDS else [kind]
            found += _WORDS.get(kind, ())
        return sorted(dict.fromkeys(found))

    def duties(self) -> Iterator[DraftRule]:
        simple: tuple[tuple[Duty, str, str, str, dict[str, Any], dict[str, Any]], ...] = (
            (Duty.NEVER_COMMITTED, "no-leak", "No secret stands in a git history", "no-leak", {}, {}),
            (Duty.GITIGNORED, "env-files-ignored", "git ignores .env files", "storage", {"backend": "dotenv"}, {"gitignored": True}),
            (Duty.EXAMPLE_FILE, "env-example", "An example stands beside every .env file", "storage", {"backend": "dotenv"}, {"example-file": True}),
            (Duty.ENCRYPTED, "encrypted-at-rest", "Secrets are encrypted at rest", "storage", {"not": {"backend": ["inventory", "dotenv"]}}, {"encrypted": True}),
            (Duty.EXPIRY, "has-expiry", "Every secret states until when it lives", "expires", {}, {"required": True}),
        )  # fmt: skip
        for duty, name, title, check, select, parameters in simple:
            if found := self._text.of(duty):
                yield DraftRule(
                    id=name, title=title, check=check, places=tuple(demand.place for demand in found), told="demanded",
                    select=select, with_=parameters,
                )  # fmt: skip
        yield from self._logging()

    def _logging(self) -> Iterator[DraftRule]:
        logged, retained = self._text.of(Duty.LOGGED), self._text.of(Duty.RETENTION)
        if logged or retained:
            period = next(
                (demand.period for demand in retained if demand.period and demand.period.scheduled), None
            )
            yield DraftRule(
                id="access-logged", title="Every access to a secret is logged" + (f" and kept {written(period)}" if period else ""),
                check="audit-logging", places=tuple(demand.place for demand in (*logged, *retained)), told="demanded",
                select={"not": {"backend": ["inventory", "dotenv"]}}, with_={"retention": written(period)} if period else {},
            )  # fmt: skip

    def access(self) -> Iterator[DraftRule]:
        by_environment: dict[str, dict[str, str]] = {}
        for row in self._text.access:
            role = slug(row.role, otherwise=f"role-line-{row.place.line}")
            self.roles.setdefault(role, row.place)
            for environment, permitted in row.environments.items():
                by_environment.setdefault(environment, {}).setdefault(role, "allow" if permitted else "deny")
        for environment, roles in by_environment.items():
            yield DraftRule(
                id=f"{environment}-access", title=f"Only the roles of the matrix read secrets of {environment}", check="access",
                places=tuple(row.place for row in self._text.access), told="matrix of roles and environments",
                select={"environment": environment, "not": {"backend": ["inventory", "dotenv"]}}, with_={"roles": roles},
            )  # fmt: skip

    def leaks(self) -> Iterator[DraftRule]:
        replaces = [step for step in self._text.steps if step.replaces]
        for step in self._text.steps:
            if step is not (replaces[0] if replaces else None):
                self.leave(
                    step.place,
                    f"{step.title} within {written(step.within)}",
                    "a step of an incident: attest it with its time",
                )
        if replaces:
            first = replaces[0]
            yield DraftRule(
                id="rotated-after-leak", title=f"A leaked secret is replaced within {written(first.within)}", check="rotated-after-leak",
                places=(first.place,), told="time to replace a compromised secret", with_={"deadline": written(first.within)},
            )  # fmt: skip

    def upkeep(self) -> Iterator[DraftRule]:
        about = self._text.about
        if about.review or about.approvals:
            wanted = {"approvers": about.approvals} if about.approvals else {}
            places = [
                about.places[name] for name in ("updated", "review", "approvals") if name in about.places
            ]
            yield DraftRule(
                id="document-review", title="The policy is reviewed in time", check="policy-review", places=tuple(places),
                told="review of the document", with_=wanted,
            )  # fmt: skip

    def inventory(self) -> Iterator[DraftRule]:
        rows = [row for row in self._text.inventory.rows if row.dated]
        demanded = [demand.place for demand in self._text.of(Duty.INVENTORY)]
        places = (*demanded, *(self._text.at(row.line) for row in rows[:1]))
        if places:
            yield DraftRule(
                id="inventory-agrees", title="Inventory and backends agree", check="inventory-drift", places=places,
                told="an inventory of secrets is kept",
            )  # fmt: skip
        if any(row.owner for row in rows):
            line = next(row.line for row in rows if row.owner)
            yield DraftRule(
                id="has-owner", title="Every secret has an owner", check="required-metadata", places=(self._text.at(line),),
                told="the inventory names owners", with_={"fields": ["owner"]},
            )  # fmt: skip

    def attest(self) -> None:
        """Facts that no check of a scan decides."""
        for trigger in self._text.triggers:
            self.leave(
                trigger.place,
                f"{trigger.subject}: rotated on {trigger.event}",
                "an event, which no scan sees: attest it",
            )
        for demand in self._text.of(Duty.ACCESS_REVIEW):
            self.leave(
                demand.place,
                f"access review {demand.shown}",
                "reviews are done by people: attest them with this frequency",
            )
        for demand in self._text.of(Duty.CONTACTS):
            self.leave(demand.place, "contacts are kept current", "nothing a scan sees: attest it")
        for demand in self._text.of(Duty.THRESHOLD):
            self.leave(
                demand.place, f"one age for all: {demand.shown}", "the periods of the classes were taken"
            )
        for rung in self._text.rungs:
            if not rung.word:
                self.leave(
                    rung.place,
                    f"alerts at {in_days(rung.lead)} days",
                    "lead times or periods: the document does not say which",
                )
        for one in self._classes:
            for name in one.left_out:
                self.leave(
                    one.schedules[0].place,
                    name,
                    "fits two classes with different periods; it is unclassified until you decide",
                )
