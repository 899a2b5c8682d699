"""What is legal in a policy but doubtful: said by `policy lint`, never a reason to refuse a run."""

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations
from typing import Any

from keyproof.domain.duration import Duration, parse_lead_time
from keyproof.domain.policy import Policy, PolicyPack, Rule, SecretClass, Selector, Strength
from keyproof.domain.secret import SourceLine, SubjectKind
from keyproof.errors import Problem
from keyproof.policy.doubt import in_order, problem_at
from keyproof.policy.durations import durations_in
from keyproof.policy.globs import Globs
from keyproof.policy.selector import ByAttribute, ByClass, leaves
from keyproof.policy.witness import shadowed
from keyproof.strict_yaml import did_you_mean


def lint(policy: Policy, *, environments: Collection[str] = ()) -> tuple[Problem, ...]:
    """Every doubt about a loaded policy, in the order of files and lines.

    `environments` are the names the configuration can give; without them none is called unknown.
    """
    found = [
        *(problem for pack in policy.packs for problem in _pack(pack, environments)),
        *_contradictions(policy.packs),
    ]
    return in_order(found)


def _pack(pack: PolicyPack, environments: Collection[str]) -> Iterator[Problem]:
    yield from _upkeep(pack)
    yield from _classes_without_rule(pack)
    yield from _overlapping_classes(pack)
    yield from _unused_parameters(pack)
    for rule in pack.rules:
        yield from _ambiguous_words(rule)
        yield from _long_rungs(rule)
        yield from _bold_claims(rule)
        yield from _never_asked(rule, pack)
        yield from _unknown_environments(rule.selector, rule.place, f"rule '{rule.id}'", environments)


def _upkeep(pack: PolicyPack) -> Iterator[Problem]:
    document = pack.document
    missing = {
        "owner": not document.owner,
        "reviewed": document.reviewed is None,
        "review-every": document.review_every is None,
    }
    for name in (name for name, absent in missing.items() if absent):
        yield problem_at(
            document.place, f"the pack '{pack.id}' has no {name}", f"add '{name}:' under metadata"
        )
    if document.review_every and document.review_every.note:
        yield problem_at(document.place, document.review_every.note, "write the number of days")


def _classes_without_rule(pack: PolicyPack) -> Iterator[Problem]:
    """A class that no rule names gets only the rules for everything, as if it had no class."""
    asked = [leaf for rule in pack.rules for leaf in leaves(rule.selector) if isinstance(leaf, ByClass)]
    for secret_class in pack.classes:
        if not any(leaf.globs.matches(secret_class.id) for leaf in asked):
            yield problem_at(
                pack.document.place,
                f"no rule of the pack '{pack.id}' selects the class '{secret_class.id}'",
                "add a rule with its period, or remove the class",
            )


def _overlapping_classes(pack: PolicyPack) -> Iterator[Problem]:
    for earlier, later in combinations(pack.classes, 2):
        if name := shadowed(earlier.selector, later.selector):
            yield problem_at(
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
            yield problem_at(
                place,
                f"no rule of the pack '{pack.id}' uses the parameter '{parameter.id}'",
                f"write ${{{parameter.id}}} where it is meant, or remove it",
            )


def _never_asked(rule: Rule, pack: PolicyPack) -> Iterator[Problem]:
    """A rule about the policy document itself, which is known before anything is read."""
    about_document = rule.check.subjects == {SubjectKind.DOCUMENT} and not rule.judged_in
    if about_document and not rule.selector.matches(pack.document, ""):
        yield problem_at(
            rule.place,
            f"rule '{rule.id}' selects nothing: {rule.check.kind} is about the pack itself, '{pack.document.name}', "
            f"and its selector wants {rule.selector.describe()}",
            "leave out 'select'",
        )


def _ambiguous_words(rule: Rule) -> Iterator[Problem]:
    for _, period in durations_in(rule.check):
        if period.note:
            yield problem_at(rule.place, f"rule '{rule.id}': {period.note}", "write the number of days")


def _long_rungs(rule: Rule) -> Iterator[Problem]:
    period = rule.check.rotation_period
    if period is None or not period.scheduled:
        return
    third = period.approximate_span / 3
    for rung in _written_rungs(rule.check):
        if rung.scheduled and rung.approximate_span > third:
            yield problem_at(
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
            yield problem_at(
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
                    yield problem_at(
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
            yield problem_at(
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
