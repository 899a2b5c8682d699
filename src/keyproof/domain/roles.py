"""Which principals belong to a role, and whether a rule lets them in."""

from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase

ANYONE = "*"
"""The principal that stands for everybody."""


class Decision(StrEnum):
    """What a rule says about a role."""

    ALLOW = "allow"
    DENY = "deny"


def offence(
    principal: str,
    *,
    roles: Mapping[str, tuple[str, ...]],
    decisions: Mapping[str, Decision],
    others: Decision,
) -> str:
    """Why `principal` is not let in, e.g. `role developer`; empty when it is.

    `roles` are globs over principals, compared with regard to letter case; of several roles of one principal
    a denied one decides. `others` decides about principals that none of the `decisions` names.
    """
    if principal == ANYONE:
        return "anyone"
    member = [
        role for role, globs in sorted(roles.items()) if any(fnmatchcase(principal, glob) for glob in globs)
    ]
    decided = {role: decisions[role] for role in member if role in decisions}
    denied = [role for role, decision in decided.items() if decision is Decision.DENY]
    if denied:
        return f"role {', '.join(denied)}"
    if decided or others is Decision.ALLOW:
        return ""
    return f"role {', '.join(member)}" if member else "no role of the rule"
