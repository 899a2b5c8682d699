"""Estates at Azure and at Google, in this process, with a proxy before each."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from keyproof.collectors.azure_key_vault import AzureKeyVaultCollector
from keyproof.ports import Collector
from tests.fakes.azure import CREATED, TOKEN, azure
from tests.fakes.estates.estate import Clause, Estate, Grounds
from tests.fakes.estates.http import HttpRunning, Refusals
from tests.fakes.fault_proxy import Answer, Fault, fault_proxy
from tests.fakes.google import Google, google
from tests.fakes.ports import NOW

_RING = "global/shop"
_PAGE, _AT = 20, "@acme.iam.gserviceaccount.com"
_SIZE, _SMALL = re.compile(r"pageSize=\d+"), f"pageSize={_PAGE}"
"""A server of Google may give smaller pages than it is asked for."""


def _answer(status: int, error: Mapping[str, Any]) -> Answer:
    return Answer(status=status, body=json.dumps({"error": error}).encode())


_AZURE = Refusals(
    busy=_answer(429, {"code": "Throttled", "message": "too many requests"}),
    expired=_answer(401, {"code": "Unauthorized", "message": "AKV10000: the token has expired"}),
    denied=_answer(403, {"code": "Forbidden", "innererror": {"code": "ForbiddenByRbac"}}),
    sealed=_answer(503, {"code": "ServiceUnavailable", "message": "not now"}),
)
_GOOGLE = Refusals(
    busy=_answer(429, {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "quota exceeded"}),
    expired=_answer(401, {"code": 401, "status": "UNAUTHENTICATED", "message": "the token has expired"}),
    denied=_answer(403, {"code": 403, "status": "PERMISSION_DENIED", "message": "denied"}),
    sealed=_answer(503, {"code": 503, "status": "UNAVAILABLE", "message": "not now"}),
)


class _AzureRunning(HttpRunning):
    """A vault; its name is part of the names of secrets."""

    def collector(
        self, *, patience: float = 30.0, credentials: bool = True, now: datetime = NOW
    ) -> Collector:
        given = {**self.config, "vaults": [self.address], "management": self.address, "timeout": patience}
        settings = AzureKeyVaultCollector.Config.model_validate(given)
        here = self.surroundings(now=now)
        return AzureKeyVaultCollector("contract", settings, here, token=lambda *_: TOKEN)

    def told(self, name: str) -> str:
        return f"{self.proxy.address.partition('//')[2]}/{name}"


@contextmanager
def _azure(names: Sequence[str], grounds: Grounds) -> Iterator[HttpRunning]:
    with azure(grounds.make_folder()) as cloud, fault_proxy(cloud.address) as proxy:
        cloud.server.log = False
        cloud.server.address = proxy.address  # it names the next page by its own address
        for name in names:
            cloud.add("secrets", name)

        def delete(name: str) -> None:
            del cloud.objects["secrets"][name]
            item = {"id": f"{proxy.address}/secrets/{name}", "deletedDate": CREATED + 1, "attributes": {}}
            cloud.deleted["secrets"] = [item]

        yield _AzureRunning(
            "azure-key-vault",
            proxy,
            listing=lambda request: request.path.startswith("/secrets?"),
            config={"objects": ["secrets"], "access": False, "audit": False},
            refusals=_AZURE,
            delete=delete,
        )


class _GoogleRunning(HttpRunning):
    """A project; the credentials are a file."""

    cloud: Google
    suffix: str

    def seal(self) -> None:
        """All but the server for tokens, whose library waits by itself before it gives up."""
        self.proxy.put_first(Fault(then=_GOOGLE.sealed, when=lambda request: request.path != "/token"))

    def told(self, name: str) -> str:
        return self.prefix + name + self.suffix

    def collector(
        self, *, patience: float = 30.0, credentials: bool = True, now: datetime = NOW
    ) -> Collector:
        self.cloud.server.address = self.proxy.address  # of the server for tokens, too
        path = self.cloud.credentials() if credentials else "none.json"
        given = {"credentials": path, "address": self.address, "timeout": patience}
        return self.made(given, credentials=credentials, now=now)


@contextmanager
def _google(
    kind: str,
    names: Sequence[str],
    grounds: Grounds,
    *,
    listing: str,
    prefix: str = "",
    suffix: str = "",
    config: Mapping[str, Any] | None = None,
) -> Iterator[_GoogleRunning]:
    with google(grounds.make_folder()) as cloud, fault_proxy(cloud.address) as proxy:
        cloud.server.log = False
        whole = cloud.server.answering
        cloud.server.answering = lambda asked: whole(replace(asked, target=_SIZE.sub(_SMALL, asked.target)))
        cloud.rings[_RING] = {}
        for name in names:
            cloud.add(name)
            cloud.add_key(name, ring=_RING)
            email = f"{name}{_AT}"
            cloud.accounts[email] = {"name": f"projects/acme/serviceAccounts/{email}", "email": email}
            cloud.keys[email] = [
                {
                    "name": f"projects/acme/serviceAccounts/{email}/keys/1",
                    "validAfterTime": "2025-09-01T00:00:00Z",
                    "validBeforeTime": "9999-12-31T23:59:59Z",
                }
            ]
        running = _GoogleRunning(
            kind,
            proxy,
            listing=lambda request: request.path.partition("?")[0].endswith(listing),
            config={"projects": ["acme"], **(config or {})},
            refusals=_GOOGLE,
            prefix=prefix,
            delete=lambda name: _schedule_destruction(cloud, name),
        )
        running.cloud, running.suffix = cloud, suffix
        yield running


def _schedule_destruction(cloud: Google, name: str) -> None:
    (version,) = cloud.rings[_RING][name]["versions"]
    version |= {"state": "DESTROY_SCHEDULED", "destroyTime": "2025-11-01T00:00:00Z"}


def _kms(names: Sequence[str], grounds: Grounds) -> Any:
    prefix, config = f"acme/{_RING}/", {"access": False, "audit": False}
    return _google("google-kms", names, grounds, listing="/cryptoKeys", prefix=prefix, config=config)


def _secret_manager(names: Sequence[str], grounds: Grounds) -> Any:
    config = {"regions": [], "access": False, "audit": False}
    kind = "google-secret-manager"
    return _google(kind, names, grounds, listing="/secrets", prefix="acme/", config=config)


def _keys(names: Sequence[str], grounds: Grounds) -> Any:
    """One key for each account."""
    kind = "google-service-account-keys"
    return _google(kind, names, grounds, listing="/serviceAccounts", suffix=f"{_AT}/1")


CLOUD_ESTATES = (
    Estate(
        kind="azure-key-vault",
        open=_azure,
        page=25,
        odd=("a-b", "x" * 127, "0", "Case", "case-1"),
        right="Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        counted="secrets listed",
        each=True,
        excused={
            Clause.STRANGER: "azure-identity looks for credentials on this machine; the tests of the collector give it none",
        },
    ),
    Estate(
        kind="google-kms",
        open=_kms,
        page=_PAGE,
        odd=("a-b_c", "x" * 63, "0", "Case", "case"),
        right="cloudkms.cryptoKeys.list",
        counted="keys listed",
        each=True,
    ),
    Estate(
        kind="google-secret-manager",
        open=_secret_manager,
        page=_PAGE,
        odd=("a-b_c", "x" * 255, "0", "Case", "case"),
        right="secretmanager.secrets.list",
        counted="secrets listed",
        each=True,
        excused={Clause.DELETED: "what is deleted is gone at once; versions that are destroyed have a state"},
    ),
    Estate(
        kind="google-service-account-keys",
        open=_keys,
        page=_PAGE,
        right="iam.serviceAccounts.list",
        counted="keys",
        each=True,
        excused={
            Clause.NAMES: "accounts have 6 to 30 letters and digits of ASCII, and Google makes the ids of keys",
            Clause.DELETED: "what is deleted is gone at once; an account that comes back comes without its keys",
        },
    ),
)
