"""Who belongs to a role, and what several roles mean."""

import pytest

from keyproof.domain.roles import Decision, offence

ROLES = {"developer": ("dev-*",), "devops": ("ops-*", "dev-lead"), "auditor": ("audit-*",)}
DECISIONS = {"developer": Decision.DENY, "devops": Decision.ALLOW}


@pytest.mark.parametrize(
    ("principal", "others", "why"),
    [
        ("ops-bo", Decision.DENY, ""),
        ("dev-ana", Decision.DENY, "role developer"),
        ("dev-lead", Decision.DENY, "role developer"),
        ("DEV-ana", Decision.DENY, "no role of the rule"),
        ("audit-cy", Decision.DENY, "role auditor"),
        ("audit-cy", Decision.ALLOW, ""),
        ("stranger", Decision.ALLOW, ""),
        ("dev-ana", Decision.ALLOW, "role developer"),
        ("*", Decision.ALLOW, "anyone"),
    ],
)
def test_a_denied_role_decides_and_everybody_is_nobodys_role(
    principal: str, others: Decision, why: str
) -> None:
    assert offence(principal, roles=ROLES, decisions=DECISIONS, others=others) == why
