"""Reads the items of 1Password vaults through a Connect server: titles and dates, never a field."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from pydantic import field_validator

from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Encryption, SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.errors import CollectError
from keyproof.ports import Surroundings
from keyproof.rest import client as rest
from keyproof.rest.client import RestClient, Server
from keyproof.rest.config import RestConfig, checked_address
from keyproof.rest.reading import entries, moment, wanted, written
from keyproof.strict_yaml import did_you_mean

_VAULTS = "GET /v1/vaults"
_ITEMS = "GET /v1/vaults/{vault}/items"
_RIGHT = "Connect token with read access to the vault"
_UNREAD = {
    "grants": "Connect does not show who may open a vault",
    "last_accessed_at": "Connect does not show the use of items",
    "expires_at": "an expiry is a field of the item, and fields come with values",
}


class OnepasswordConnectConfig(RestConfig):
    """The keys of a source of kind onepassword-connect; the token comes from OP_CONNECT_TOKEN only."""

    address: str = ""
    """Of the Connect server; empty takes OP_CONNECT_HOST."""
    vaults: tuple[str, ...] = ()
    """Names or ids of vaults; empty takes all that the token may see."""

    @field_validator("address")
    @classmethod
    def _is_address(cls, text: str) -> str:
        return checked_address(text) if text else text


class OnepasswordConnectCollector:
    """Collects items of 1Password by their titles; its scopes are vaults.

    A token that may list items may read them too: 1Password has no smaller right. keyproof asks for lists only,
    in which no field stands.
    """

    kind: ClassVar[str] = "onepassword-connect"
    permissions: ClassVar[tuple[str, ...]] = (_RIGHT,)
    Config: ClassVar[type[OnepasswordConnectConfig]] = OnepasswordConnectConfig

    def __init__(self, source: str, config: OnepasswordConnectConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings

    def scopes(self) -> Sequence[str]:
        """The vaults, by name where that is the only one of its name. Raises CollectError."""
        with self._open(self._source) as client:
            known = _vaults(client)
        for name in self._config.vaults:
            if name not in known and name not in known.values():
                hint = did_you_mean(name, sorted(known))
                raise CollectError(f"the token sees no vault {name!r}", scope=name, hint=hint)
        chosen = set(self._config.vaults)
        return sorted(name for name, number in known.items() if not chosen or {name, number} & chosen)

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield every item of the vault. Raises CollectError when it cannot be read."""
        tally: Counter[str] = Counter()
        with self._open(scope) as client:
            vault = _vaults(client).get(scope)
            if vault is None:
                raise CollectError(f"the token sees no vault {scope!r}", scope=scope)
            body = client.ask(_ITEMS, {"vault": vault}).body
            try:
                for entry in entries(body):
                    tally["listed"] += 1
                    item = self._item(entry, vault, scope)
                    if wanted(item.name, self._config):
                        yield item
                    else:
                        tally["left out"] += 1
            except (KeyError, TypeError, ValueError, AttributeError):
                raise client.strange("has an unknown shape", _ITEMS) from None
            yield from (Evidence(name=f"items {what}", value=str(count)) for what, count in tally.items())
            yield from client.account()

    def _item(self, entry: Mapping[str, Any], vault: str, scope: str) -> SecretMetadata:
        created, updated = moment(entry.get("createdAt")), moment(entry.get("updatedAt"))
        category, state = str(entry["category"]), str(entry.get("state") or "").lower()
        address = self._address()
        return SecretMetadata(
            id=f"{self.kind}://{urlsplit(address).netloc}/{quote(vault)}/{quote(str(entry['id']), safe='')}",
            name=f"{scope}/{entry['title']}",
            source=self._source,
            backend=self.kind,
            scope=scope,
            type=category.lower().replace("_", "-"),
            tags=dict.fromkeys(map(str, entry.get("tags") or ()), ""),
            created_at=created,
            facts=written(created, updated, exact=False),
            encryption=Encryption(encrypted=True, key="keys of the 1Password account, end to end"),
            deletion=updated if state == "deleted" else None,
            attributes={
                "address": address,
                "version": int(entry.get("version") or 0),
                **({"state": state} if state else {}),
            },
            unread=_UNREAD,
        )

    def _address(self) -> str:
        found = self._config.address or self._surroundings.environ.get("OP_CONNECT_HOST", "")
        try:
            return checked_address(found)
        except ValueError as error:
            hint = "write address in keyproof.yaml, or set OP_CONNECT_HOST"
            raise CollectError(str(error), scope=self._source, hint=hint) from None

    def _open(self, scope: str) -> RestClient:
        token = rest.token_of(self._surroundings.environ, "OP_CONNECT_TOKEN", scope=scope)
        server = Server(
            name="1Password Connect",
            address=self._address(),
            operations={_VAULTS: _RIGHT, _ITEMS: _RIGHT},
            renewal="renew the token in OP_CONNECT_TOKEN",
            headers={"Authorization": f"Bearer {token}"},
        )
        return RestClient(server, self._config, self._surroundings, scope=scope)


def _vaults(client: RestClient) -> dict[str, str]:
    """Name → id; the id stands for the name of vaults that share one."""
    try:
        found = [(str(vault["name"]), str(vault["id"])) for vault in entries(client.ask(_VAULTS).body)]
    except (KeyError, ValueError):
        raise client.strange("has an unknown shape", _VAULTS) from None
    names = Counter(name for name, _ in found)
    return {name if names[name] == 1 else number: number for name, number in found}
