"""The statements of an AWS policy: what each is about, and whether it matches.

Follows https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

RESOURCE_POLICY = "resource policy"
"""How every way through a resource policy begins."""
VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ACCOUNT = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement, read as far as one service is concerned."""

    name: str
    """As in `statement Read`: its Sid or its number."""
    denies: bool
    operations: frozenset[str]
    """Operations of the service that its Action or NotAction covers."""
    resources: tuple[str, ...]
    other_resources: bool = False
    """Whether it is about all but `resources`."""
    principals: tuple[str, ...] = ()
    other_principals: bool = False
    """Whether it is about all but `principals`."""
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Operator → key → value or values."""

    @property
    def everywhere(self) -> bool:
        """Whether it holds for every resource, whatever the circumstances."""
        return not self.conditions and not self.other_resources and "*" in self.resources


def statements_of(
    policy: object, *, service: str, operations: Sequence[str], arn: str = ""
) -> tuple[Statement, ...]:
    """The statements of `policy`, a JSON text or what it was parsed to, that concern `operations` of `service`.

    `arn` is the resource a resource policy stands on; statements of identity policies have no principal. Raises
    ValueError with the reason when it is no policy that can be understood.
    """
    return tuple(_read(policy, service=service, operations=operations, arn=arn))


def _read(policy: object, *, service: str, operations: Sequence[str], arn: str) -> Iterator[Statement]:
    document = parsed(policy)
    if not isinstance(document, dict) or "Statement" not in document:
        raise ValueError("the policy has no Statement")
    listed = document["Statement"]
    for number, statement in enumerate(listed if isinstance(listed, list) else [listed], start=1):
        if not isinstance(statement, dict):
            raise ValueError(f"statement {number} of the policy is no object")  # noqa: TRY004 (a document's fault, not a caller's)
        name = f"statement {statement.get('Sid') or number}"
        effect = statement.get("Effect")
        if effect not in ("Allow", "Deny"):
            raise ValueError(f"{name} of the policy has the effect {effect!r}")
        action, patterns = one_of(statement, "Action", name)
        covered = _covered(service, tuple(operations), tuple(patterns)) ^ (
            frozenset(operations) if action == "NotAction" else frozenset()
        )
        if not covered:
            continue
        resource, resources = one_of(statement, "Resource", name)
        principals: list[str] = []
        if arn:
            element = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
            principals = principals_of(statement.get(element), arn, name)
        yield Statement(
            name=name,
            denies=effect == "Deny",
            operations=covered,
            resources=tuple(resources),
            other_resources=resource == "NotResource",
            principals=tuple(principals),
            other_principals="NotPrincipal" in statement,
            conditions=conditions_of(statement.get("Condition", {}), name),
        )


def parsed(policy: object) -> Any:
    """The document behind a JSON text; the SDK gives some policies parsed. Raises ValueError."""
    if not isinstance(policy, str):
        return policy
    try:
        return json.loads(policy)
    except RecursionError:
        raise ValueError("the policy is nested too deeply") from None
    except ValueError:
        raise ValueError("the policy is not JSON") from None


@lru_cache(maxsize=4096)
def _covered(service: str, operations: tuple[str, ...], patterns: tuple[str, ...]) -> frozenset[str]:
    globs = [glob(pattern, ignore_case=True) for pattern in patterns]
    return frozenset(
        operation for operation in operations if any(one.fullmatch(f"{service}:{operation}") for one in globs)
    )


def one_of(statement: Mapping[str, Any], element: str, name: str) -> tuple[str, list[str]]:
    """The element or its negation, whichever of the two stands there, and its patterns. Raises ValueError."""
    present = [key for key in (element, f"Not{element}") if key in statement]
    if len(present) != 1:
        raise ValueError(f"{name} of the policy needs one of {element} and Not{element}")
    return present[0], strings(statement[present[0]], f"{present[0]} of {name}")


def resource_policy(name: str = "") -> str:
    """How a grant says that it comes from a resource policy, and from which where it has a name."""
    return f"{RESOURCE_POLICY} {name}" if name else RESOURCE_POLICY


def principals_of(element: object, arn: str, name: str) -> list[str]:
    """The principals as AWS writes them; a bare account number is that account's root. Raises ValueError."""
    match element:
        case "*":
            return ["*"]
        case dict() if element:
            found = [
                principal
                for kind, listed in element.items()
                for principal in strings(listed, f"Principal {kind} of {name}")
            ]
        case _:
            raise ValueError(f"{name} of the policy has no principal that can be understood")
    partition = arn.split(":")[1] if arn.count(":") >= 5 else "aws"
    return [f"arn:{partition}:iam::{one}:root" if _ACCOUNT.fullmatch(one) else one for one in found]


def conditions_of(element: object, name: str) -> Mapping[str, Mapping[str, Any]]:
    """The conditions, checked for their shape. Raises ValueError."""
    if not isinstance(element, dict) or not all(isinstance(keys, dict) for keys in element.values()):
        raise ValueError(f"{name} of the policy has a condition that cannot be understood")
    return element


def strings(value: object, what: str) -> list[str]:
    """A text or a list of texts as a list. Raises ValueError."""
    listed: Sequence[object] = value if isinstance(value, list) else [value]
    found = [text for text in listed if isinstance(text, str) and text]
    if not found or len(found) != len(listed):
        raise ValueError(f"{what} is no text or list of texts")
    return found


@lru_cache(maxsize=4096)
def glob(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    """IAM's own wildcards, `*` for any characters and `?` for one; matching never backtracks over a `*`."""
    first, *others = (re.escape(part).replace(r"\?", ".") for part in re.sub(r"\*+", "*", pattern).split("*"))
    middle = "".join(f"(?>.*?{part})" for part in others[:-1])
    tail = f".*{others[-1]}" if others else ""
    return re.compile(f"{first}{middle}{tail}", re.DOTALL | (re.IGNORECASE if ignore_case else re.NOFLAG))
