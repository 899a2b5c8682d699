"""Contradictions about periods inside one document: two for one secret, alerts, thresholds, standards, lists."""

from collections.abc import Iterator, Sequence

from keyproof.document.classes import placements, scheduled
from keyproof.document.contradiction import Contradiction, Kind
from keyproof.document.facts import Duty, Place, PolicyText, Schedule, Source, Verb
from keyproof.document.spans import in_days, same
from keyproof.document.subjects import is_identifier, is_kind, of_kind, topic
from keyproof.domain.wording import count
from keyproof.inventory.names import may_be_same
from keyproof.inventory.secret import DeclaredSecret

_STANDARDS = {
    "soc": "SOC 2 (TSC 2017)", "iso": "ISO/IEC 27001:2022", "hip": "HIPAA (45 CFR 164)",
    "gdp": "GDPR", "nis": "NIST SP 800-53", "pci": "PCI DSS 4.0.1", "cis": "CIS",
}  # fmt: skip
_NO_PERIOD = frozenset({"soc", "iso", "hip", "gdp", "pci"})


def contradictions(text: PolicyText) -> Iterator[Contradiction]:
    """What the periods of one document say against each other and against its alerts, lists and standards."""
    yield from _two_periods(text)
    yield from _standards(text)
    yield from _thresholds(text)
    yield from _ladders(text)
    yield from _expiry(text)
    yield from _ambiguous(text)
    yield from _listed(text)
    yield from _public(text)
    yield from _stored(text)


def _two_periods(text: PolicyText) -> Iterator[Contradiction]:
    """A general period that a secret's own exceeds, and two own periods that differ."""
    first: dict[object, Schedule] = {}
    for schedule in text.schedules:
        if schedule.period.scheduled:
            said = (schedule.names, schedule.period.span, schedule.period.months, schedule.environment)
            first.setdefault(said, schedule)
    found = list(first.values())
    seen: set[tuple[str, Place]] = set()
    stated = {row.line: secret for secret in text.merged.secrets for row in secret.rows}
    for one, two in _pairs(found):
        general, own = (one, two) if _general(one, two) else (two, one)
        if _general(general, own):
            clash = own.period.approximate_span > general.period.approximate_span
        else:
            clash = _about_the_same(one, two) and not same(one.period, two.period)
        subject = min({topic(name) for name in own.names} - {""}, default=own.title)
        if clash and (subject, general.place) not in seen:
            seen.add((subject, general.place))
            yield Contradiction(
                kind=Kind.PERIOD,
                subject=own.title,
                first=own.place,
                first_value=own.shown,
                second=general.place,
                second_value=f"{general.title} {general.shown}",
                reason=_consequence(stated.get(own.place.line), own, general),
            )


def _pairs(found: Sequence[Schedule]) -> Iterator[tuple[Schedule, Schedule]]:
    """The pairs that can be about the same secret: of one topic, or one of them general; in order."""
    general = [schedule.everything or any(map(is_kind, schedule.names)) for schedule in found]
    by_topic: dict[str, list[int]] = {}
    for index, schedule in enumerate(found):
        for name in {topic(name) for name in schedule.names} - {""}:
            by_topic.setdefault(name, []).append(index)
    wide = [index for index, is_general in enumerate(general) if is_general]
    for index, schedule in enumerate(found):
        near = {other for name in {topic(n) for n in schedule.names} - {""} for other in by_topic[name]}
        others = range(len(found)) if general[index] else sorted(near.union(wide))
        yield from ((schedule, found[other]) for other in others if other > index)


def _general(general: Schedule, own: Schedule) -> bool:
    if general.everything:
        return not own.everything
    kinds = [name for name in general.names if is_kind(name)]
    return any(of_kind(kind, name) and not is_kind(name) for kind in kinds for name in own.names)


def _about_the_same(one: Schedule, two: Schedule) -> bool:
    if one.environment and two.environment and one.environment != two.environment:
        return False
    topics = {topic(name) for name in one.names} & {topic(name) for name in two.names}
    return bool(topics - {""})


def _consequence(secret: DeclaredSecret | None, own: Schedule, general: Schedule) -> str:
    if secret is None or secret.last_rotated is None:
        return "only one of them can be kept"
    own_due, general_due = (period.due(secret.last_rotated) for period in (own.period, general.period))
    return f"{secret.lead.name}, rotated {secret.last_rotated}, is due {own_due} or {general_due}"


def _standards(text: PolicyText) -> Iterator[Contradiction]:
    for schedule in text.schedules:
        short = schedule.standard[:3].casefold()
        if schedule.source is Source.CLAIM and short in _NO_PERIOD:
            yield Contradiction(
                kind=Kind.STANDARD,
                subject=schedule.title,
                first=schedule.place,
                first_value=f"{schedule.standard} demands {schedule.shown}",
                second=Place(path=_STANDARDS[short]),
                second_value="no such period",
                reason="a period of the house; an auditor will ask where it comes from",
            )


def _thresholds(text: PolicyText) -> Iterator[Contradiction]:
    own = [
        s for s in text.schedules if s.period.scheduled and not s.everything and s.source is not Source.CLAIM
    ]
    for demand in text.of(Duty.THRESHOLD):
        assert demand.period is not None
        days = in_days(demand.period)
        for schedule in _first_of_each(own):
            period = in_days(schedule.period)
            if period == days:
                continue
            told = (
                f"misses it from day {period + 1} to day {days}"
                if period < days
                else f"reports it as too old from day {days + 1}, though it may reach {period}"
            )
            yield Contradiction(
                kind=Kind.FLAT_THRESHOLD,
                subject=schedule.title,
                first=demand.place,
                first_value=f"{days} days for all",
                second=schedule.place,
                second_value=schedule.shown,
                reason=f"the check {told}",
            )


def _first_of_each(schedules: list[Schedule]) -> list[Schedule]:
    found: dict[str, Schedule] = {}
    for schedule in schedules:
        key = (
            " ".join(sorted({topic(name) for name in schedule.names} - {""})[:1])
            if schedule.source is not Source.GROUP
            else schedule.title
        )
        found.setdefault(key, schedule)
    return list(found.values())


def _ladders(text: PolicyText) -> Iterator[Contradiction]:
    own = _first_of_each([s for s in text.schedules if s.period.scheduled and s.source is not Source.CLAIM])
    for rung in text.rungs:
        for schedule in own:
            if rung.lead.span and rung.lead.span >= schedule.period.approximate_span:
                yield Contradiction(
                    kind=Kind.LADDER,
                    subject=schedule.title,
                    first=rung.place,
                    first_value=f"an alert {in_days(rung.lead)} days ahead",
                    second=schedule.place,
                    second_value=schedule.shown,
                    reason="the alert never ends: it begins before the value does",
                )
    meant = [rung for rung in text.rungs if not rung.word]
    if len(meant) > 1:
        days = "/".join(str(in_days(rung.lead)) for rung in meant)
        yield Contradiction(
            kind=Kind.LADDER_MEANING,
            subject="alerts",
            first=meant[0].place,
            first_value=f"{days} days, as lead times",
            second=meant[0].place,
            second_value=f"{days} days, as periods",
            reason="the document does not say which; no alert was taken from it",
        )


def _expiry(text: PolicyText) -> Iterator[Contradiction]:
    for demand in text.of(Duty.EXPIRY):
        for schedule in text.schedules:
            if not schedule.period.scheduled and not schedule.everything:
                yield Contradiction(
                    kind=Kind.EXPIRY, subject=schedule.title, first=demand.place, first_value="every secret has an expiration date",
                    second=schedule.place, second_value=schedule.shown, reason="an event is no date",
                )  # fmt: skip
        for row in text.inventory.rows:
            if row.next_text:
                yield Contradiction(
                    kind=Kind.EXPIRY, subject=row.name, first=demand.place, first_value="every secret has an expiration date",
                    second=text.at(row.line), second_value=f"next rotation: {row.next_text}", reason="an event is no date",
                )  # fmt: skip


def _ambiguous(text: PolicyText) -> Iterator[Contradiction]:
    for schedule in text.schedules:
        if schedule.period.note:
            yield Contradiction(
                kind=Kind.AMBIGUOUS_WORD, subject=schedule.title, first=schedule.place,
                first_value=f"{schedule.shown}, as every {in_days(schedule.period)} days",
                second=schedule.place, second_value=f"{schedule.shown}, as every 730 days",
                reason="the word means twice a year and every two years; the shorter was taken",
            )  # fmt: skip


def _listed(text: PolicyText) -> Iterator[Contradiction]:
    """Names of the document's list that no entry of its schedule fits, or two with different periods."""
    groups = scheduled(text)
    if not groups:
        return
    for placed in placements(text):
        if not placed.entries:
            yield Contradiction(
                kind=Kind.UNSCHEDULED, subject=placed.named.name, first=placed.named.place, first_value="listed as a secret",
                second=groups[0].place, second_value="no entry of the schedule fits it", reason="it has no period",
            )  # fmt: skip
        elif placed.contradicts:
            (one, first), (two, second) = placed.entries[0], placed.entries[1]
            yield Contradiction(
                kind=Kind.TWO_CLASSES, subject=placed.named.name,
                first=one.places.get(first, one.place), first_value=f"{first}: {one.shown}",
                second=two.places.get(second, two.place), second_value=f"{second}: {two.shown}",
                reason=f"it fits both ({placed.named.place}); it was put in neither class",
            )  # fmt: skip


def _public(text: PolicyText) -> Iterator[Contradiction]:
    """Identifiers and public keys that are scheduled, listed or rotated as if they were secret."""
    found: dict[str, list[Place]] = {}
    sections: dict[str, Place] = {}
    for named in (*text.named, *text.mentions):
        sections.setdefault(named.name, named.section)
        found.setdefault(named.name, []).append(named.place)
    for schedule in text.schedules:
        for name in schedule.names:
            found.setdefault(name, []).append(schedule.places.get(name, schedule.place))
    for name, places in found.items():
        if is_identifier(name):
            yield Contradiction(
                kind=Kind.NOT_A_SECRET, subject=name, first=places[0], first_value="named among the secrets",
                second=places[-1] if len(places) > 1 else sections.get(name, places[0]), second_value="an identifier or public key by its name",
                reason="it is no secret; the secret it belongs to is what rotates",
            )  # fmt: skip


def _stored(text: PolicyText) -> Iterator[Contradiction]:
    """Secrets with a period that no storage command names, and names replaced that were never stored."""
    created = [known for known in text.stored if known.verb is Verb.CREATE]
    if not created:
        return
    for secret in text.merged.secrets:
        row = secret.rows[-1]
        if secret.period and not any(_fits(known.name, row.name) for known in text.stored):
            yield Contradiction(
                kind=Kind.NOT_STORED, subject=row.name, first=text.at(row.line), first_value=f"rotates: {secret.period.text}",
                second=created[0].place, second_value=f"{count(len({k.name for k in created}), 'name')} stored, none for it",
                reason="the document does not say where it is kept",
            )  # fmt: skip
    names = {known.name for known in created}
    for known in text.stored:
        if known.verb is Verb.CREATE or known.name in names:
            continue
        alike = next(
            (other for other in created if other.backend == known.backend and _alike(other.name, known.name)),
            None,
        )
        if alike:
            yield Contradiction(
                kind=Kind.ROTATED_NAME, subject=known.name, first=alike.place, first_value=f"stored as {alike.name}",
                second=known.place, second_value=f"replaced as {known.name}",
                reason="the rotation would never show on the stored name",
            )  # fmt: skip


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


def _fits(stored: str, name: str) -> bool:
    last = _last(stored)
    return may_be_same(last, name) or (bool(topic(last)) and topic(last) == topic(name))


def _alike(one: str, two: str) -> bool:
    return bool(topic(_last(one))) and topic(_last(one)) == topic(_last(two))
