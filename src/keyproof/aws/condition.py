"""Whether the conditions of an AWS statement hold, as far as a scan can know.

Follows https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html. What
depends on the moment of a request, or on what was not read, is unknown and told in words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keyproof.aws.policy_document import VARIABLE, Statement, glob

Match = str | None
"""None: it does not match. Empty: it does. Else what that depends on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known about a request of one principal for one resource."""

    arn: str
    """Of the resource."""
    facts: Mapping[str, str | None] = field(default_factory=dict)
    """Condition key in lower case → its value, None where a request does not have it. Other keys are unknown."""
    likely: Mapping[str, str] = field(default_factory=dict)
    """Values that a session may also change: they can make a condition hold, not exclude it."""
    tags: Mapping[str, str] | None = None
    """Of the resource; None when they are not known."""
    foreign_to: str = ""
    """The account the principal does not belong to, where no more is known of it."""


def matches(statement: Statement, around: Circumstances) -> Match:
    """Whether the statement is about the resource and its conditions hold."""
    resource = _about(statement, around)
    if resource is None:
        return None
    doubts = [resource] if resource else []
    for operator in sorted(statement.conditions):
        for key, values in sorted(statement.conditions[operator].items()):
            holds = _holds(operator, key, values, around, certain=statement.denies)
            if holds is False:
                return None
            if holds is None:
                doubts.append(f"{operator} {key}")
    return "; ".join(doubts)


def _about(statement: Statement, around: Circumstances) -> Match:
    doubt = ""
    found = False
    for pattern in statement.resources:
        filled, unknown = _filled(pattern, around)
        if glob(filled, ignore_case=False).fullmatch(around.arn):
            if not unknown:
                found, doubt = True, ""
                break
            doubt = f"policy variable in {pattern}"
    if statement.other_resources:
        return None if found else doubt
    return "" if found else doubt or None


def _filled(text: str, around: Circumstances) -> tuple[str, bool]:
    """The text with its policy variables filled in, `*` for those that are unknown; whether any is."""
    unknown = False

    def fill(variable: Any) -> str:
        nonlocal unknown
        name = variable[1].partition(",")[0].strip()
        if name in {"*", "?", "$"}:
            return str(name)
        value = _value(name, around)
        if isinstance(value, str):
            return value
        unknown = True
        return "*"

    return VARIABLE.sub(fill, text), unknown


class _Unknown:
    """The value of a condition key that nothing is known of."""


def _value(key: str, around: Circumstances) -> str | type[_Unknown] | None:
    low = key.lower()
    for prefix in ("aws:resourcetag/", "secretsmanager:resourcetag/", "ssm:resourcetag/"):
        if low.startswith(prefix):
            return _Unknown if around.tags is None else around.tags.get(key[len(prefix) :])
    if low in around.facts:
        return around.facts[low]
    if low.startswith("aws:principaltag/") and "aws:principaltag/*" in around.facts:
        return None
    return _Unknown


_Compare = Callable[[str, str], bool]


def _like(value: str, pattern: str) -> bool:
    return glob(pattern, ignore_case=False).fullmatch(value) is not None


def _same_arn(value: str, pattern: str) -> bool:
    """ARNs are compared part by part, so that no wildcard reaches beyond a colon of the first five."""
    parts, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(_like, parts, patterns))


def _same(value: str, other: str) -> bool:
    return value == other


def _same_word(value: str, other: str) -> bool:
    return value.lower() == other.lower()


_OPERATORS: Mapping[str, tuple[_Compare, bool]] = {
    "stringequals": (_same, True),
    "stringnotequals": (_same, False),
    "stringequalsignorecase": (_same_word, True),
    "stringnotequalsignorecase": (_same_word, False),
    "stringlike": (_like, True),
    "stringnotlike": (_like, False),
    "arnequals": (_same_arn, True),
    "arnlike": (_same_arn, True),
    "arnnotequals": (_same_arn, False),
    "arnnotlike": (_same_arn, False),
    "bool": (_same_word, True),
}
"""Operator → how a value is compared, and whether it wants them to agree."""


_WHO = frozenset({"aws:principalarn", "aws:principalaccount", "kms:calleraccount"})


def _holds(operator: str, key: str, values: Any, around: Circumstances, *, certain: bool) -> bool | None:
    """Whether the condition holds; None where that cannot be known. What is only likely makes no deny `certain`."""
    low = operator.lower()
    optional = low.endswith("ifexists")
    low = low.removesuffix("ifexists")
    wanted = [str(value) for value in (values if isinstance(values, list) else [values])]
    if around.foreign_to and key.lower() in _WHO:
        return _holds_for_foreigner(low, wanted, around.foreign_to)
    if (likely := around.likely.get(key.lower())) is not None:
        return None if certain else _compared(low, likely, wanted, around) or None
    value = _value(key, around)
    if isinstance(value, str) and low != "null":
        return _compared(low, value, wanted, around)
    return (
        None if value is _Unknown else _holds_by_presence(low, wanted, present=value is not None) or optional
    )


def _holds_by_presence(operator: str, wanted: list[str], *, present: bool) -> bool:
    """A key that a request lacks satisfies the operators that want no agreement."""
    if operator == "null":
        return present != (wanted == ["true"])
    return operator in _OPERATORS and not _OPERATORS[operator][1]


def _compared(operator: str, value: str, wanted: list[str], around: Circumstances) -> bool | None:
    if operator not in _OPERATORS:
        return None
    compare, agree = _OPERATORS[operator]
    filled = [_filled(one, around) for one in wanted]
    found = [unknown for text, unknown in filled if compare(value, text)]
    if found and all(found):
        return None
    if not found and any(unknown for _, unknown in filled) and compare in {_same, _same_word}:
        return None  # an unknown variable may stand for anything
    return bool(found) == agree


def _holds_for_foreigner(operator: str, wanted: list[str], account: str) -> bool | None:
    """A principal of another account never is one of `account`."""
    if operator not in _OPERATORS:
        return None
    own = all((one.split(":")[4] if one.count(":") >= 5 else one) == account for one in wanted)
    if not own:
        return None
    return not _OPERATORS[operator][1]
