"""A pass that is also told who may use what it reads, and whether that is recorded."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from keyproof.aws.authorization import Authorization, Vocabulary
from keyproof.aws.identities import AUTHORISATION
from keyproof.aws.identity_reading import Identities
from keyproof.aws.reading import Reading
from keyproof.aws.trails import Trails, read_trails
from keyproof.domain.assessment import Gap
from keyproof.domain.secret import SecretMetadata


@dataclass(slots=True, kw_only=True)
class OverseenReading(Reading):
    """A Reading with what holds for everything in the region."""

    authorization: Authorization | None = None
    """None where identity policies were not read."""
    unauthorized: str = ""
    """Why identity policies were not read whole."""
    trails: Trails | None = None
    """None where they are not to be read."""

    def read_identities(self, identities: Identities, vocabulary: Vocabulary) -> Iterator[Gap]:
        """Read the account's identities, once for all regions that share `identities`."""
        self.authorization, self.unauthorized = identities.read(self.calls, vocabulary, self.identity)
        if self.unauthorized:
            yield self.gap(AUTHORISATION, self.unauthorized)

    def read_trails(self, event_source: str) -> Iterator[Gap]:
        """Read the trails that record what happens in the region to a service, e.g. `kms.amazonaws.com`."""
        self.trails = read_trails(self.calls, event_source=event_source, identity=self.identity)
        for action, reason in self.trails.gaps:
            yield self.gap(action, reason)

    def with_audit(self, secret: SecretMetadata, unread: dict[str, str]) -> SecretMetadata:
        """The secret with the trails that record its use; `unread` takes why there are none."""
        if self.trails is None:
            unread["audit"] = "switched off by `audit: false` of the source"
            return secret
        if self.trails.unread:
            unread["audit"] = self.trails.unread
        attributes = {**secret.attributes, **self.trails.attributes}
        return replace(secret, audit=self.trails.trails, attributes=attributes)
