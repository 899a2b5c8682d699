"""What is legal in a policy but doubtful: said by `policy lint`, never a reason to refuse a run."""

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations
from typing import Any

from keyproof.domain.assessment import ScopeStatus
from keyproof.domain.duration import Duration, parse_lead_time
from keyproof.domain.policy import Policy, PolicyPack, Rule, SecretClass, Selector, Strength
from keyproof.domain.secret import SourceLine
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.subject import Subject
from keyproof.domain.wording import count
from keyproof.errors import Problem
from keyproof.policy.durations import durations_in
from keyproof.policy.globs import Globs
from keyproof.policy.selector import ByAttribute, ByClass, leaves
from keyproof.policy.witness import shadowed
from keyproof.strict_yaml import did_you_mean


def lint(
    policy: Policy, *, environments: Collection[str] = (), snapshot: Snapshot | None = None
) -> tuple[Problem, ...]:
    """Every doubt about a loaded policy, in the order of files and lines.

    `environments` are the names the configuration can give; without them none is called unknown. With a
    `snapshot` selectors and classes that meet nothing in it are named too.
    """
    found = [
        *(problem for pack in policy.packs for problem in _pack(pack, environments)),
        *_contradictions(policy.packs),
    ]
    if snapshot is not None:
        found += [problem for pack in policy.packs for problem in _dead(pack, snapshot)]
    return tuple(sorted(dict.fromkeys(found), key=lambda p: (p.path, p.line or 0, p.message)))


def _at(place: SourceLine | None, message: str, hint: str) -> Problem:
    return Problem(
        path=place.path if place else "policy", line=place.line if place else None, message=message, hint=hint
    )


def _pack(pack: PolicyPack, environments: Collection[str]) -> Iterator[Problem]:
    yield from _upkeep(pack)
    yield from _classes_without_rule(pack)
    yield from _overlapping_classes(pack)
    yield from _unused_parameters(pack)
    for rule in pack.rules:
        yield from _ambiguous_words(rule)
        yield from _long_rungs(rule)
        yield from _bold_claims(rule)
        yield from _unknown_environments(rule.selector, rule.place, f"rule '{rule.id}'", environments)


def _upkeep(pack: PolicyPack) -> Iterator[Problem]:
    document = pack.document
    missing = {
        "owner": not document.owner,
        "reviewed": document.reviewed is None,
        "review-every": document.review_every is None,
    }
    for name in (name for name, absent in missing.items() if absent):
        yield _at(document.place, f"the pack '{pack.id}' has no {name}", f"add '{name}:' under metadata")
    if document.review_every and document.review_every.note:
        yield _at(document.place, document.review_every.note, "write the number of days")


def _classes_without_rule(pack: PolicyPack) -> Iterator[Problem]:
    """A class that no rule names gets only the rules for everything, as if it had no class."""
    asked = [leaf for rule in pack.rules for leaf in leaves(rule.selector) if isinstance(leaf, ByClass)]
    for secret_class in pack.classes:
        if not any(leaf.globs.matches(secret_class.id) for leaf in asked):
            yield _at(
                pack.document.place,
                f"no rule of the pack '{pack.id}' selects the class '{secret_class.id}'",
                "add a rule with its period, or remove the class",
            )


def _overlapping_classes(pack: PolicyPack) -> Iterator[Problem]:
    for earlier, later in combinations(pack.classes, 2):
        if name := shadowed(earlier.selector, later.selector):
            yield _at(
                later.place,
                f"the class '{later.id}' overlaps '{earlier.id}', which is tried first: the name '{name}' "
                f"becomes '{earlier.id}'",
                f"put '{later.id}' above '{earlier.id}', or narrow the patterns",
            )


def _unused_parameters(pack: PolicyPack) -> Iterator[Problem]:
    """A parameter that the pack's own file sets and no rule in force refers to."""
    own = pack.document.place
    for parameter in pack.parameters:
        place = parameter.steps[-1].place
        if not parameter.used_by and own and place.path == own.path:
            yield _at(
                place,
                f"no rule of the pack '{pack.id}' uses the parameter '{parameter.id}'",
                f"write ${{{parameter.id}}} where it is meant, or remove it",
            )


def _dead(pack: PolicyPack, snapshot: Snapshot) -> Iterator[Problem]:
    """Rules and classes that meet nothing in what was read."""
    subjects: list[Subject] = [*snapshot.secrets, *snapshot.leaks, *snapshot.repositories, pack.document]
    placed = [(subject, _class_id(pack, subject)) for subject in subjects]
    for rule in pack.rules:
        judged = [(subject, name) for subject, name in placed if subject.kind in rule.check.subjects]
        if judged and not any(rule.selector.matches(subject, name) for subject, name in judged):
            yield _at(
                rule.place,
                f"rule '{rule.id}' selects nothing in the snapshot: {rule.selector.describe()}, of "
                f"{count(len(judged), 'subject')} its check can judge{_unread(snapshot)}",
                "correct the selector, or remove or disable the rule if nothing of the kind is left",
            )
    for secret_class in pack.classes:
        yield from _dead_class(secret_class, placed, _unread(snapshot))


def _unread(snapshot: Snapshot) -> str:
    """That what was not found may stand where nobody could look."""
    sources = sorted({scope.source for scope in snapshot.scopes if scope.status is not ScopeStatus.OK})
    return f"; {', '.join(sources)} could not be read in full" if sources else ""


def _class_id(pack: PolicyPack, subject: Subject) -> str:
    found = pack.class_of(subject)
    return found.id if found else ""


def _dead_class(
    secret_class: SecretClass, placed: Sequence[tuple[Subject, str]], unread: str
) -> Iterator[Problem]:
    met = [(subject, name) for subject, name in placed if secret_class.selector.matches(subject, "")]
    if any(name == secret_class.id for _, name in met):
        return
    if met:
        subject, name = met[0]
        yield _at(
            secret_class.place,
            f"the class '{secret_class.id}' gets nothing in the snapshot: what it matches belongs to "
            f"classes above it, for example '{subject.name}' to '{name}'",
            f"put '{secret_class.id}' above '{name}', or narrow the patterns",
        )
    else:
        yield _at(
            secret_class.place,
            f"the class '{secret_class.id}' matches nothing in the snapshot: {secret_class.selector.describe()}{unread}",
            "correct its patterns, or remove it if no such secret is left",
        )


def _ambiguous_words(rule: Rule) -> Iterator[Problem]:
    for _, period in durations_in(rule.check):
        if period.note:
            yield _at(rule.place, f"rule '{rule.id}': {period.note}", "write the number of days")


def _long_rungs(rule: Rule) -> Iterator[Problem]:
    period = rule.check.rotation_period
    if period is None or not period.scheduled:
        return
    third = period.approximate_span / 3
    for rung in _written_rungs(rule.check):
        if rung.scheduled and rung.approximate_span > third:
            yield _at(
                rule.place,
                f"rule '{rule.id}' alerts {rung.text} ahead, more than a third of its period, {period.text}",
                f"it is read as {third.days} days; write {third.days}d or less",
            )


def _written_rungs(check: Any) -> list[Duration]:
    """The lead times of a ladder that the rule itself states; a check's own ladder is no doubt."""
    leads = check.alerts if "alerts" in getattr(check, "model_fields_set", ()) else ()
    return [lead if isinstance(lead, Duration) else parse_lead_time(str(lead)) for lead in leads]


def _bold_claims(rule: Rule) -> Iterator[Problem]:
    for claim in rule.controls:
        if claim.strength is Strength.FULL and not claim.preconditions:
            yield _at(
                rule.place,
                f"rule '{rule.id}' claims all of {claim.id} without any precondition",
                "state what must hold, or write 'partial'",
            )


def _unknown_environments(
    selector: Selector, place: SourceLine | None, what: str, environments: Collection[str]
) -> Iterator[Problem]:
    if not environments:
        return
    for leaf in leaves(selector):
        if isinstance(leaf, ByAttribute) and leaf.attribute == "environment":
            for pattern in leaf.globs.patterns:
                if not any(map(Globs.compile([pattern]).matches, environments)):
                    yield _at(
                        place,
                        f"{what} selects the environment '{pattern}', which nothing can have",
                        did_you_mean(pattern, sorted(environments)),
                    )


def _contradictions(packs: Sequence[PolicyPack]) -> Iterator[Problem]:
    """Two rotation periods for one class, in the same environment: both sources are named."""
    for left, right in combinations(_periods(packs), 2):
        same_class = left[1].id == right[1].id
        if not same_class or left[2] is right[2] or _same_length(left[3], right[3]):
            continue
        if _environments_meet(left[2].selector, right[2].selector):
            (pack, secret_class, rule, period), (other_pack, _, other, other_period) = left, right
            place = f"{other.place.path}:{other.place.line}" if other.place else other_pack.id
            yield _at(
                rule.place,
                f"the period of '{secret_class.id}' is {period.text} by '{pack.id}/{rule.id}' "
                f"but {other_period.text} by '{other_pack.id}/{other.id}' ({place})",
                "keep one period; until then both are judged",
            )


def _periods(packs: Sequence[PolicyPack]) -> list[tuple[PolicyPack, SecretClass, Rule, Duration]]:
    return [
        (pack, secret_class, rule, period)
        for pack in packs
        for rule in pack.rules
        if (period := rule.check.rotation_period) is not None and rule.check.kind == "max-age"
        for secret_class in pack.classes
        if any(
            isinstance(leaf, ByClass) and leaf.globs.matches(secret_class.id)
            for leaf in leaves(rule.selector)
        )
    ]


def _same_length(left: Duration, right: Duration) -> bool:
    return (left.scheduled, left.approximate_span) == (right.scheduled, right.approximate_span)


def _environments_meet(left: Selector, right: Selector) -> bool:
    """Whether one environment can be in both; a rule that names none is about all of them."""
    mine, other = _environments(left), _environments(right)
    if not mine or not other:
        return True
    return any(
        a.matches(pattern) or b.matches(own)
        for a in mine
        for b in other
        for own in a.patterns
        for pattern in b.patterns
    )


def _environments(selector: Selector) -> list[Globs]:
    return [
        leaf.globs
        for leaf in leaves(selector)
        if isinstance(leaf, ByAttribute) and leaf.attribute == "environment"
    ]
