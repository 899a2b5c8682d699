"""Rules and classes beside what was really read: which of them meet nothing, and which secrets fall into two classes."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from keyproof.domain.assessment import ScopeStatus
from keyproof.domain.policy import Policy, PolicyPack, Rule, SecretClass
from keyproof.domain.secret import SourceLine
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.subject import Subject
from keyproof.domain.wording import count, listed
from keyproof.errors import Problem
from keyproof.policy.doubt import in_order, problem_at

_NAMED = 8
"""Rules or classes that a note names before it counts the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """What a snapshot shows about a policy, in the order of files and lines."""

    doubts: tuple[Problem, ...]
    """Selectors and classes of the organisation's own files that meet nothing: somebody should correct them."""
    notes: tuple[Problem, ...]
    """What is worth knowing and wants no correction."""


def unmet(policy: Policy, snapshot: Snapshot, *, shipped: Callable[[str], bool] = lambda _: False) -> Unmet:
    """Rules and classes that meet nothing in `snapshot`; `shipped` tells files that came with keyproof.

    A pack is written for every organisation that adopts it: that one has no secret for an inherited or shipped
    rule is no fault of its own files, so it is a note, one a file. So is everything where a source could not
    be read in full: what was not found may stand there.
    """
    unread = sorted({scope.source for scope in snapshot.scopes if scope.status is not ScopeStatus.OK})
    doubts: list[Problem] = []
    notes: list[Problem] = [_unread(unread)] if unread else []
    foreign: dict[str, list[str]] = defaultdict(list)
    for pack in policy.packs:
        placed = _placed(pack, snapshot)
        own = pack.document.place.path if pack.document.place else ""
        for place, name, problem in _dead(pack, placed):
            if place is not None and (place.path != own or shipped(place.path)):
                foreign[place.path].append(name)
            else:
                (notes if unread else doubts).append(problem)
        if not shipped(own):
            notes += _in_two_classes(pack, placed)
    notes += [_summed(path, names) for path, names in foreign.items()]
    return Unmet(doubts=in_order(doubts), notes=in_order(notes))


def _placed(pack: PolicyPack, snapshot: Snapshot) -> list[tuple[Subject, str]]:
    subjects: list[Subject] = [*snapshot.secrets, *snapshot.leaks, *snapshot.repositories, pack.document]
    return [(subject, found.id if (found := pack.class_of(subject)) else "") for subject in subjects]


def _dead(
    pack: PolicyPack, placed: Sequence[tuple[Subject, str]]
) -> Iterator[tuple[SourceLine | None, str, Problem]]:
    """Place, name and problem of every rule and class that meets nothing."""
    for rule in pack.rules:
        judged = [(subject, name) for subject, name in placed if subject.kind in rule.check.subjects]
        if judged and not any(rule.selector.matches(subject, name) for subject, name in judged):
            yield rule.place, f"rule {rule.id}", _dead_rule(rule, len(judged))
    for secret_class in pack.classes:
        met = [(subject, name) for subject, name in placed if secret_class.selector.matches(subject, "")]
        if not any(name == secret_class.id for _, name in met):
            yield secret_class.place, f"class {secret_class.id}", _dead_class(secret_class, met)


def _dead_rule(rule: Rule, judged: int) -> Problem:
    return problem_at(
        rule.place,
        f"rule '{rule.id}' selects nothing in the snapshot: {rule.selector.describe()}, of "
        f"{count(judged, 'subject')} its check can judge",
        "correct the selector, or remove or disable the rule if nothing of the kind is left",
    )


def _dead_class(secret_class: SecretClass, met: Sequence[tuple[Subject, str]]) -> Problem:
    if met:
        subject, name = met[0]
        return problem_at(
            secret_class.place,
            f"the class '{secret_class.id}' gets nothing in the snapshot: what it matches belongs to "
            f"classes above it, for example '{subject.name}' to '{name}'",
            f"put '{secret_class.id}' above '{name}', or narrow the patterns",
        )
    return problem_at(
        secret_class.place,
        f"the class '{secret_class.id}' matches nothing in the snapshot: {secret_class.selector.describe()}",
        "correct its patterns, or remove it if no such secret is left",
    )


def _in_two_classes(pack: PolicyPack, placed: Sequence[tuple[Subject, str]]) -> Iterator[Problem]:
    """Two classes with secrets of their own and some in common, which the order of the classes divides.

    That every secret of a class is met by a wider one below it is how classes are meant.
    """
    met = {
        found.id: {subject.id: subject for subject, _ in placed if found.selector.matches(subject, "")}
        for found in pack.classes
    }
    for earlier, later in combinations(pack.classes, 2):
        one, other = met[earlier.id], met[later.id]
        both = one.keys() & other.keys()
        if both and one.keys() - both and other.keys() - both:
            yield problem_at(
                later.place,
                f"'{earlier.id}' and '{later.id}' both match {count(len(both), 'subject')}, and the first of them "
                f"takes what both match: {listed(sorted(one[key].name for key in both))}",
                f"narrow the patterns, or put '{later.id}' above '{earlier.id}', if that is not meant",
            )


def _summed(path: str, names: Sequence[str]) -> Problem:
    found = list(dict.fromkeys(names))
    return Problem(
        path=path,
        message=f"nothing in the snapshot is met by {listed(found, shown=_NAMED)}",
        hint="they apply once there is such a secret; 'disable:' leaves a rule out",
    )


def _unread(sources: Sequence[str]) -> Problem:
    return Problem(
        path="snapshot",
        message=f"{', '.join(sources)} could not be read in full: what meets nothing may stand there",
        hint="collect it whole to be sure",
    )
