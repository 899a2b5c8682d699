"""The rules of a policy pack that a document's facts make, and what of them no check can decide."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyproof.document.classes import DocumentClass, classes
from keyproof.document.demanded import duties, strength
from keyproof.document.facts import Duty, Place, PolicyText, Unread, Verb
from keyproof.document.spans import in_days, same, written
from keyproof.document.storing import storage
from keyproof.document.subjects import slug
from keyproof.document.target import EVERYTHING, LIVE, DraftRule, Targets


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
        *work.rotation(), *work.by_itself(), *work.graces(), *storage(text, Targets(found), work.leave), *duties(text), *strength(text, Targets(found)), *work.access(),
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
        self._targets = Targets(found)
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
            target = self._targets.of(known.name.rpartition("/")[2])
            if known.verb is Verb.ROTATE and target:
                yield DraftRule(
                    id=f"{target.id}-rotates-by-itself", title=f"{target.title}: rotated by the backend", check="rotation-enabled",
                    places=(known.place,), told="automatic rotation is switched on",
                    select={**target.select, "backend": known.backend}, with_={"period": f"{known.every}d"} if known.every else {},
                )  # fmt: skip

    def graces(self) -> Iterator[DraftRule]:
        for grace in self._text.graces:
            if grace.final:
                reason = "the old credential is disabled before; attest that it is deleted"
                self.leave(grace.place, f"deletion after {grace.shown}", reason)
                continue
            targets = [self._targets.of(name) for name in grace.subject] if grace.subject else [EVERYTHING]
            known = {target.id: target for target in targets if target}
            if not known:
                reason = "no period is stated for these secrets, so no class has this grace"
                self.leave(grace.place, f"grace of {grace.shown}", reason)
            for target in known.values():
                yield DraftRule(
                    id=f"{target.id}-old-version-retired", title=f"{target.title}: the old value ends within {written(grace.period)}",
                    check="old-version-retired", places=(grace.place,), told=f"stated as {grace.shown}",
                    select={**target.select, **LIVE}, with_={"grace": written(grace.period)},
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
