"""Reads the keys that people made for Google service accounts: their dates, never the private part."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Basis, Confidence, DatedFact, SecretMetadata, SubjectKind
from keyproof.domain.verdict import Evidence
from keyproof.google import permissions as need
from keyproof.google.config import GoogleServiceAccountKeysConfig
from keyproof.google.connection import GoogleCloud, listed
from keyproof.ports import Surroundings
from keyproof.rest.cloud import CloudClient
from keyproof.rest.reading import moment, wanted
from keyproof.rest.refusals import NotThereError

_NEVER = 9999
"""The year in which keys end that never do."""
_ALGORITHM = re.compile(r"KEY_ALG_([A-Z]+)_([0-9]+)")
_UNREAD = {
    "grants": "whoever has the file of a key uses it; Google does not know who that is",
    "audit": "not read for keys",
    "last_accessed_at": "the times of authentication were not read",
    "access_log": "the audit logs were not read",
}

Item = Mapping[str, Any]


class GoogleServiceAccountKeysCollector:
    """Collects the user-managed keys of service accounts; its scopes are projects.

    Such a key never changes: it is replaced, so its age is that of the credential.
    """

    kind: ClassVar[str] = "google-service-account-keys"
    permissions: ClassVar[tuple[str, ...]] = need.SERVICE_ACCOUNT_KEYS
    Config: ClassVar[type[GoogleServiceAccountKeysConfig]] = GoogleServiceAccountKeysConfig

    def __init__(
        self, source: str, config: GoogleServiceAccountKeysConfig, surroundings: Surroundings
    ) -> None:
        self._source = source
        self._config = config
        self._cloud = GoogleCloud(
            source=source, config=config, surroundings=surroundings, permissions=self.permissions
        )

    def scopes(self) -> Sequence[str]:
        """The projects, each once."""
        return list(dict.fromkeys(self._config.projects))

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the project's keys. Raises CollectError when it cannot be read or Google goes away."""
        client = self._cloud.client(scope)
        try:
            accounts = keys = left_out = 0
            for account in self._accounts(client):
                accounts += 1
                if not wanted(str(account["email"]), self._config):
                    left_out += 1
                    continue
                for key in self._keys(client, account):
                    keys += 1
                    yield self._key(scope, account, key)
            yield Evidence(name="identity", value=self._cloud.identity)
            yield Evidence(name="endpoint", value=self._cloud.at("iam"))
            yield Evidence(name="service accounts", value=f"{accounts}, {left_out} left out")
            yield Evidence(name="keys", value=str(keys))
        finally:
            client.close()

    def _accounts(self, client: CloudClient) -> Iterator[Item]:
        url = f"{self._cloud.at('iam')}/v1/projects/{quote(client.scope)}/serviceAccounts"
        for page in listed(client, url, need.ACCOUNTS, "accounts", page=100):
            yield from page

    def _keys(self, client: CloudClient, account: Item) -> Sequence[Item]:
        """Without those that Google makes and rotates itself."""
        path = quote(str(account["name"]), safe="/@")
        try:
            url = f"{self._cloud.at('iam')}/v1/{path}/keys"
            listed: Sequence[Item] = (
                client.get(url, need=need.ACCOUNT_KEYS, keyTypes="USER_MANAGED").get("keys") or ()
            )
        except NotThereError:
            return ()  # the account was deleted meanwhile
        return listed

    def _key(self, project: str, account: Item, key: Item) -> SecretMetadata:
        email, identity = str(account["email"]), str(key["name"]).rpartition("/")[2]
        made, ends = moment(key.get("validAfterTime")), moment(key.get("validBeforeTime"))
        # The dates of a key that was uploaded are those of its certificate, which its owner wrote.
        uploaded = key.get("keyOrigin") == "USER_PROVIDED"
        sure = Confidence.UPPER_BOUND if uploaded else Confidence.EXACT
        attributes: dict[str, str | int | bool] = {
            "address": self._cloud.at("iam"),
            "enabled": key.get("disabled") is not True and account.get("disabled") is not True,
            "uploaded": uploaded,
        }
        if reason := key.get("disableReason"):
            attributes["disabled-because"] = str(reason)
        if algorithm := _ALGORITHM.fullmatch(str(key.get("keyAlgorithm"))):
            attributes |= {"key-type": algorithm[1], "key-bits": int(algorithm[2])}
        return SecretMetadata(
            id=f"{self.kind}://{quote(project)}/{quote(email, safe='@')}/{quote(identity, safe='')}",
            name=f"{email}/{identity}",
            source=self._source,
            backend=self.kind,
            scope=project,
            kind=SubjectKind.CREDENTIAL,
            type=str(key.get("keyType") or ""),
            created_at=made,
            facts=(DatedFact(at=made, basis=Basis.VERSION_CREATED, confidence=sure),) if made else (),
            expires_at=ends if ends and ends.year < _NEVER else None,
            attributes=attributes,
            unread=_UNREAD if made else {**_UNREAD, "facts": "Google states no date"},
        )
