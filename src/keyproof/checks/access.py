"""Only the roles that may do so can use a secret."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from pydantic import Field

from keyproof.check_model import CheckModel
from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.check import Context
from keyproof.domain.declared import is_row, judged_elsewhere
from keyproof.domain.deletion import not_kept
from keyproof.domain.grounds import grounds
from keyproof.domain.roles import ANYONE, Decision, offence
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Evidence, Severity, Verdict
from keyproof.domain.wording import count, listed

_READ = (Action.READ,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Access:
    """What one principal may do after its denials, and by which grants."""

    principal: str
    actions: frozenset[Action]
    grants: tuple[AccessGrant, ...]

    @property
    def certain(self) -> bool:
        """Whether some way depends on no condition."""
        return not all(grant.condition for grant in self.grants)

    @property
    def shown(self) -> str:
        ways = listed([_way(grant) for grant in self.grants])
        return f"{self.principal} ({', '.join(sorted(self.actions))} by {ways})"


class Access(CheckModel):
    """Only principals of the allowed roles can use the secret.

    A role is a list of globs over the backend's principals, given in the pack and compared with regard to
    letter case. A denial of the same principal wins over what it is granted. A principal that may not use the
    secret, and can only on a condition that the backend attaches, is not evaluated: the condition is named.
    """

    kind: ClassVar[str] = "access"
    base_severity: ClassVar[Severity] = Severity.HIGH

    roles: Mapping[str, Decision] = Field(min_length=1)
    """Role of the pack → `allow` or `deny`; of several roles of one principal a denied one decides."""
    others: Decision = Decision.DENY
    """Whether principals that none of these roles names may use it."""
    actions: tuple[Action, ...] = Field(default=_READ, min_length=1)
    """What is judged: read, list, write, admin."""
    accept_partial: bool = False
    """Whether a pass may rest on the grants that were read where the backend keeps others that were not."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Compare every principal that can use the secret with the roles."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret is granted to anybody")
        if is_row(subject, context):
            return judged_elsewhere(subject, "grants")
        return not_kept(subject, context.now) or self._live(subject, context)

    def grounds(self, subject: Subject, context: Context) -> Hashable | None:
        """Who is granted what."""
        return grounds(subject, context, "grants")

    def _live(self, subject: SecretMetadata, context: Context) -> Verdict:
        unknown = sorted(role for role in self.roles if role not in context.roles)
        if unknown:
            return Verdict.not_evaluated(f"the pack does not say who is {listed(unknown)}")
        if subject.grants is None:
            why = subject.unread.get("grants") or f"{subject.backend} does not show its grants"
            return Verdict.not_evaluated(f"who can use it is not known: {why}")
        reached = list(_reached(subject.grants, frozenset(self.actions)))
        offending = [(access, why) for access in reached if (why := self._offence(access, context))]
        if offending:
            return self._failed(offending)
        return self._passed(reached, subject)

    def _offence(self, access: _Access, context: Context) -> str:
        """Why the principal may not have this access; empty when it may."""
        return offence(access.principal, roles=context.roles, decisions=self.roles, others=self.others)

    def _failed(self, offending: Sequence[tuple[_Access, str]]) -> Verdict:
        certain = [(access, why) for access, why in offending if access.certain]
        told = certain or offending
        shown = listed([f"{access.shown}, {why}" for access, why in told], separator="; ")
        ways = [f"{access.principal}: {_way(grant)}" for access, _ in told for grant in access.grants]
        number = count(len(told), "principal")
        if certain:
            verdict = Verdict.failed(f"{number} can use it that may not: {shown}")
        else:
            verdict = Verdict.not_evaluated(f"{number} may be able to use it that may not: {shown}")
        evidence = tuple(Evidence(name="grant", value=way) for way in dict.fromkeys(ways))
        return replace(verdict, evidence=evidence)

    def _passed(self, reached: Sequence[_Access], subject: SecretMetadata) -> Verdict:
        unseen = subject.unread.get("grants", "")
        if subject.attributes.get("identity-policies") == "not read":
            unseen = unseen or "identity policies were not read"
        names = [access.principal for access in reached]
        may = ", ".join(self.actions)
        what = f"nobody can {may} it" if not names else f"only the allowed can {may} it: {listed(names)}"
        if unseen and not self.accept_partial:
            return Verdict.not_evaluated(f"as far as its grants were read {what}, but {unseen}")
        evidence = tuple(Evidence(name="principal", value=access.shown) for access in reached)
        return replace(
            Verdict.passed(f"{what} (judged without the part that is unread: {unseen})" if unseen else what),
            evidence=evidence,
        )


def _reached(grants: Sequence[AccessGrant], actions: frozenset[Action]) -> Iterator[_Access]:
    """Every principal that may do some of `actions`, after what unconditional denials take away; sorted."""
    denied: dict[str, set[Action]] = {}
    for grant in grants:
        if grant.effect == "deny" and not grant.condition:
            denied.setdefault(grant.principal, set()).update(grant.actions)
    for principal in sorted({grant.principal for grant in grants if grant.effect != "deny"}):
        left = actions - denied.get(principal, set()) - denied.get(ANYONE, set())
        ways = sorted(
            grant
            for grant in grants
            if grant.principal == principal and grant.effect != "deny" and left.intersection(grant.actions)
        )
        if ways:
            possible = left & {action for grant in ways for action in grant.actions}
            yield _Access(principal=principal, actions=possible, grants=tuple(ways))


def _way(grant: AccessGrant) -> str:
    return grant.via + (f" on condition {grant.condition}" if grant.condition else "")
