"""What the resource policy of an AWS secret says about who reaches it.

Follows https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html. Conditions are named,
never evaluated, and every doubt is read as more access, never as less.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from keyproof.domain.access import AccessGrant, Action

ACTIONS: Mapping[str, Action] = {
    "GetSecretValue": Action.READ,
    "DescribeSecret": Action.LIST,
    "GetResourcePolicy": Action.LIST,
    "ListResourcePolicies": Action.LIST,
    "ListSecretVersionIds": Action.LIST,
    "PutSecretValue": Action.WRITE,
    "UpdateSecret": Action.WRITE,
    "UpdateSecretVersionStage": Action.WRITE,
    "RotateSecret": Action.WRITE,
    "CancelRotateSecret": Action.WRITE,
    "PutResourcePolicy": Action.ADMIN,
    "DeleteResourcePolicy": Action.ADMIN,
    "DeleteSecret": Action.ADMIN,
    "RestoreSecret": Action.ADMIN,
    "ReplicateSecretToRegions": Action.ADMIN,
    "RemoveRegionsFromReplication": Action.ADMIN,
    "StopReplicationToReplica": Action.ADMIN,
    "AssociateCrossAccountReplica": Action.ADMIN,
    "DisassociateCrossAccountReplica": Action.ADMIN,
    "TagResource": Action.ADMIN,
    "UntagResource": Action.ADMIN,
}
"""Every action a resource policy can grant on a secret.

Tags count as ADMIN because access is often decided by them. BatchGetSecretValue is left out: it reads
nothing without GetSecretValue on each secret.
"""

NO_ACTION = frozenset({"BatchGetSecretValue", "CreateSecret", "GetRandomPassword", "ListSecrets", "ValidateResourcePolicy"})  # fmt: skip
"""Actions of the service that give nothing on an existing secret."""

_ACCOUNT = re.compile(r"[0-9]{12}")


def grants_of(policy: str, *, arn: str) -> tuple[AccessGrant, ...]:
    """Every grant and denial in `policy`, the JSON text of the resource policy of the secret `arn`.

    An allow names an action when any operation behind it is allowed, a deny only when all are denied.
    Sorted. Raises ValueError with the reason when the text is no policy that can be understood.
    """
    try:
        document = json.loads(policy)
    except RecursionError:
        raise ValueError("the policy is nested too deeply") from None
    except ValueError:
        raise ValueError("the policy is not JSON") from None
    if not isinstance(document, dict) or "Statement" not in document:
        raise ValueError("the policy has no Statement")
    statements = document["Statement"]
    grants: set[AccessGrant] = set()
    for number, statement in enumerate(statements if isinstance(statements, list) else [statements], start=1):
        if not isinstance(statement, dict):
            raise ValueError(f"statement {number} of the policy is no object")  # noqa: TRY004 (a document's fault, not a caller's)
        grants.update(_grants(statement, number, arn))
    return tuple(sorted(grants))


def _grants(statement: dict[str, Any], number: int, arn: str) -> Iterator[AccessGrant]:
    name = f"statement {statement.get('Sid') or number}"
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise ValueError(f"{name} of the policy has the effect {effect!r}")
    denies = effect == "Deny"
    if not _concerns(statement, arn, name, denies=denies):
        return
    actions = _actions(statement, name, denies=denies)
    if not actions:
        return
    condition = _condition(statement.get("Condition", {}), name)
    excluded = ""
    if "NotPrincipal" in statement:
        excluded = "NotPrincipal " + ", ".join(_principals(statement["NotPrincipal"], arn, name))
        principals = ["*"]
    else:
        principals = _principals(statement.get("Principal"), arn, name)
    for principal in principals:
        yield AccessGrant(
            principal=principal,
            actions=actions,
            via=f"resource policy, {name}" + (f" ({excluded})" if excluded and not denies else ""),
            effect="deny" if denies else "allow",
            condition="; ".join(part for part in (excluded if denies else "", condition) if part),
        )


def _concerns(statement: dict[str, Any], arn: str, name: str, *, denies: bool) -> bool:
    """Whether the statement is about this secret; a policy variable in an ARN is a doubt."""
    key, patterns = _one_of(statement, "Resource", name)
    if any("${" in pattern for pattern in patterns):
        return not denies
    listed = any(_glob(pattern, ignore_case=False).fullmatch(arn) for pattern in patterns)
    return listed != key.startswith("Not")


def _actions(statement: dict[str, Any], name: str, *, denies: bool) -> tuple[Action, ...]:
    key, patterns = _one_of(statement, "Action", name)
    globs = [_glob(pattern, ignore_case=True) for pattern in patterns]
    covered = {
        operation
        for operation in ACTIONS
        if any(glob.fullmatch(f"secretsmanager:{operation}") for glob in globs) != key.startswith("Not")
    }
    behind = {
        action: {operation for operation, found in ACTIONS.items() if found is action} for action in Action
    }
    return tuple(
        action
        for action, operations in behind.items()
        if (operations <= covered if denies else operations & covered)
    )


def _one_of(statement: dict[str, Any], element: str, name: str) -> tuple[str, list[str]]:
    """The element or its negation, whichever of the two stands there, and its patterns."""
    present = [key for key in (element, f"Not{element}") if key in statement]
    if len(present) != 1:
        raise ValueError(f"{name} of the policy needs one of {element} and Not{element}")
    return present[0], _strings(statement[present[0]], f"{present[0]} of {name}")


def _principals(element: object, arn: str, name: str) -> list[str]:
    """The principals as AWS writes them; a bare account number is that account's root."""
    match element:
        case "*":
            return ["*"]
        case dict() if element:
            found = [
                principal
                for kind, listed in element.items()
                for principal in _strings(listed, f"Principal {kind} of {name}")
            ]
        case _:
            raise ValueError(f"{name} of the policy has no principal that can be understood")
    partition = arn.split(":")[1] if arn.count(":") >= 5 else "aws"
    return [f"arn:{partition}:iam::{one}:root" if _ACCOUNT.fullmatch(one) else one for one in found]


def _condition(element: object, name: str) -> str:
    """Operators and keys of the condition, without their values."""
    if not isinstance(element, dict) or not all(isinstance(keys, dict) for keys in element.values()):
        raise ValueError(f"{name} of the policy has a condition that cannot be understood")
    return "; ".join(f"{operator} {', '.join(sorted(element[operator]))}" for operator in sorted(element))


def _strings(value: object, what: str) -> list[str]:
    listed: Sequence[object] = value if isinstance(value, list) else [value]
    strings = [text for text in listed if isinstance(text, str) and text]
    if not strings or len(strings) != len(listed):
        raise ValueError(f"{what} is no text or list of texts")
    return strings


@lru_cache(maxsize=1024)
def _glob(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    """IAM's own wildcards, `*` for any characters and `?` for one; matching never backtracks over a `*`."""
    first, *others = (re.escape(part).replace(r"\?", ".") for part in re.sub(r"\*+", "*", pattern).split("*"))
    middle = "".join(f"(?>.*?{part})" for part in others[:-1])
    tail = f".*{others[-1]}" if others else ""
    return re.compile(f"{first}{middle}{tail}", re.DOTALL | (re.IGNORECASE if ignore_case else re.NOFLAG))
