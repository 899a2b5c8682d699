"""Reads every resource policy of a secret or a parameter, whatever its name."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from keyproof.aws.calls import AwsCalls, CallRefusedError
from keyproof.aws.faults import FaultKind
from keyproof.aws.policy_document import resource_policy
from keyproof.domain.verdict import Evidence

POLICY, NAMES = "secretsmanager:GetResourcePolicy", "secretsmanager:ListResourcePolicies"
PARAMETER_POLICIES = "ssm:GetResourcePolicies"
_DEFAULT = "default"


class PolicyUnreadError(Exception):
    """A resource policy is there and its text is not; says so."""


@dataclass(slots=True, kw_only=True)
class ResourcePolicies:
    """The resource policies of what one region holds; usable from several threads.

    A server that does not know how to list a kind of policies keeps none of them: that is told once, by `evidence`,
    and not asked again. An SDK that does not know it says nothing about the server, so it is a refusal like any other.
    """

    calls: AwsCalls
    noun: str
    """What may be unknown to the server, in the plural."""
    unknown: str = ""
    """How the server said that it does not know them."""

    def of_secret(self, arn: str) -> Iterator[tuple[str, str]]:
        """The way of each policy and its JSON text: first the default one, then those of other names.

        Raises what `AwsCalls.call` raises, and PolicyUnreadError; what was given before holds.
        """
        if text := self.calls.call(POLICY, "ARN", SecretId=arn).get("ResourcePolicy"):
            yield resource_policy(), str(text)
        for entry in self._listed(NAMES, "ResourcePolicies", SecretId=arn):
            name = str(entry.get("PolicyName") or "without a name")
            if name != _DEFAULT:
                yield resource_policy(name), self._named(arn, name)

    def of_parameter(self, arn: str) -> Iterator[tuple[str, str]]:
        """The way of each policy and its JSON text. Raises what `AwsCalls.call` raises."""
        for entry in self._listed(PARAMETER_POLICIES, "Policies", ResourceArn=arn):
            # One without a text is no policy, which whoever reads it says.
            yield resource_policy(str(entry.get("PolicyId") or "")), str(entry.get("Policy") or "{}")

    def evidence(self) -> Iterator[Evidence]:
        """What the server does not know."""
        if self.unknown:
            value = f"not known to the server ({self.unknown}), so it keeps none"
            yield Evidence(name=self.noun, value=value)

    def _named(self, arn: str, name: str) -> str:
        try:
            answer = self.calls.call(POLICY, "ARN", SecretId=arn, PolicyName=name)
        except CallRefusedError as refusal:
            # The secret itself was there a moment ago; if it has gone as well, no harm is done by doubt.
            if refusal.fault.kind is FaultKind.GONE:
                raise PolicyUnreadError(
                    f"the resource policy {name} was deleted while it was read"
                ) from refusal
            raise
        if not answer.get("ResourcePolicy"):
            raise PolicyUnreadError(f"the resource policy {name} has no text")
        return str(answer["ResourcePolicy"])

    def _listed(self, action: str, required: str, **about: str) -> Iterator[dict[str, Any]]:
        if self.unknown:
            return
        try:
            for page in self.calls.pages(action, required, **about):
                yield from page[required]
        except CallRefusedError as refusal:
            if refusal.fault.kind is not FaultKind.UNKNOWN:
                raise
            self.unknown = refusal.fault.code
