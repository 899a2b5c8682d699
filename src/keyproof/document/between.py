"""Contradictions between the documents of several authors: both are named, none is preferred."""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations

from keyproof.document.classes import period_by_topic
from keyproof.document.contradiction import Contradiction, Kind
from keyproof.document.facts import Duty, Place, PolicyText
from keyproof.document.spans import same, written
from keyproof.document.subjects import is_kind, topic
from keyproof.domain.duration import Duration

_CHOOSE = "keep one, or scope each to its own systems"


def contradictions(texts: Sequence[PolicyText]) -> Iterator[Contradiction]:
    """Everything two documents state differently about the same thing."""
    for one, two in combinations(texts, 2):
        yield from _periods(one, two)
        yield from _timed(Kind.ACCESS_REVIEW, "access review", _reviews(one), _reviews(two))
        yield from _timed(
            Kind.DEADLINE, "replacement of a compromised secret", _deadline(one), _deadline(two)
        )
        yield from _timed(Kind.DOCUMENT_REVIEW, "review of the document", _review(one), _review(two))
    for without, other in permutations(texts, 2):
        yield from _no_period(without, other)


def _periods(one: PolicyText, two: PolicyText) -> Iterator[Contradiction]:
    first, second = period_by_topic(one), period_by_topic(two)
    for name in sorted(first.keys() & second.keys()):
        (a, a_place), (b, b_place) = first[name], second[name]
        if not same(a.period, b.period):
            yield Contradiction(
                kind=Kind.PERIOD, subject=name, first=a_place, first_value=a.shown,
                second=b_place, second_value=b.shown, reason=_CHOOSE,
            )  # fmt: skip


_Stated = tuple[Place, Duration, str] | None


def _timed(kind: Kind, subject: str, one: _Stated, two: _Stated) -> Iterator[Contradiction]:
    if one and two and not same(one[1], two[1]):
        yield Contradiction(
            kind=kind,
            subject=subject,
            first=one[0],
            first_value=one[2],
            second=two[0],
            second_value=two[2],
            reason=_CHOOSE,
        )


def _reviews(text: PolicyText) -> _Stated:
    found = text.of(Duty.ACCESS_REVIEW)
    return (found[0].place, found[0].period, found[0].shown) if found and found[0].period else None


def _deadline(text: PolicyText) -> _Stated:
    step = next((step for step in text.steps if step.replaces), None)
    return (step.place, step.within, written(step.within)) if step else None


def _review(text: PolicyText) -> _Stated:
    about = text.about
    return (about.places["review"], about.review, written(about.review)) if about.review else None


def _no_period(without: PolicyText, other: PolicyText) -> Iterator[Contradiction]:
    own, known = period_by_topic(without), period_by_topic(other)
    if not own:
        return
    for procedure in without.procedures:
        for name in procedure.names:
            if topic(name) in known and topic(name) not in own and not is_kind(name):
                schedule, place = known[topic(name)]
                yield Contradiction(
                    kind=Kind.NO_PERIOD, subject=topic(name), first=procedure.place, first_value="a procedure without a period",
                    second=place, second_value=schedule.shown, reason="the first document does not say when",
                )  # fmt: skip
