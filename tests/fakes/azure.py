"""Azure in this process: one resource manager and its key vaults, behind one HTTPS address."""

import json
import re
import ssl
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes.certificates import make
from tests.fakes.rest_server import Asked, RestServer, Said, rest_server

TOKEN = "token-of-" + "the-scanner"
TENANT = "99999999-2222-3333-4444-555555555555"
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
HOME = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/shop"
CREATED = 1_756_684_800  # 2025-09-01

Item = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Azure:
    """The running fake; everything a test changes or looks at."""

    server: RestServer
    objects: dict[str, dict[str, list[Item]]] = field(default_factory=dict)
    """`secrets`, `keys`, `certificates` → name → versions, newest first; each with attributes, tags …"""
    deleted: dict[str, list[Item]] = field(default_factory=dict)
    rotation: dict[str, Item] = field(default_factory=dict)
    """Key → rotation policy."""
    material: dict[str, Item] = field(default_factory=dict)
    """Key → its public part as a JSON Web Key."""
    policies: dict[str, Item] = field(default_factory=dict)
    """Certificate → policy."""
    properties: Item = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    assignments: list[Item] = field(default_factory=list)
    roles: list[Item] = field(default_factory=list)
    denials: list[Item] = field(default_factory=list)
    settings: list[Item] = field(default_factory=list)
    rows: list[Item] = field(default_factory=list)
    """Of the log of the vault in Log Analytics, in any order: time, operation, id, uri, status, who."""
    denied: dict[str, str] = field(default_factory=dict)
    """Part of a path → the inner code of the 403 it gets."""

    audiences: list[str] = field(default_factory=list)
    """Whom the tokens that were asked for are for."""

    @property
    def address(self) -> str:
        """Of the vault and of the resource manager."""
        return self.server.address

    def add(self, kind: str, name: str, *versions: Mapping[str, Any], **said: Any) -> None:
        """An object with its versions, newest first; each the attributes that differ from the usual."""
        self.objects.setdefault(kind, {})[name] = [
            {
                **said,
                "version": f"{number:032x}",
                "attributes": {
                    "enabled": True,
                    "created": CREATED,
                    "updated": CREATED,
                    "recoveryLevel": "Recoverable+Purgeable",
                    "recoverableDays": 90,
                    **version,
                },
            }
            for number, version in reversed(list(enumerate(reversed(versions or ({},)), start=1)))
        ]

    def answer(self, asked: Asked) -> Said:
        """What one request gets."""
        if asked.path.startswith(f"/{TENANT}/"):
            return self._authority(asked)
        if asked.token != TOKEN:
            said = f'Bearer authorization="https://login.microsoftonline.com/{SUBSCRIPTION}", resource="https://vault.azure.net"'
            body = {"error": {"code": "Unauthorized", "message": "AKV10000: no valid token"}}
            return Said(status=401, body=body, headers={"WWW-Authenticate": said})
        for part, code in self.denied.items():
            if part in asked.path:
                error = {
                    "code": "Forbidden",
                    "message": "Caller is not authorized",
                    "innererror": {"code": code},
                }
                return Said(status=403, body={"error": error})
        if asked.path.startswith("/subscriptions"):
            return self._control(asked)
        return self._data(asked)

    def _authority(self, asked: Asked) -> Said:
        """As Microsoft Entra ID would: where tokens are, and a token for the right secret."""
        home = f"{self.address}/{TENANT}"
        if asked.method == "GET":
            endpoints = {"authorization_endpoint": f"{home}/authorize", "token_endpoint": f"{home}/token"}
            return Said(body={**endpoints, "issuer": f"{home}/v2.0"})
        form = dict(parse_qsl(asked.body.decode()))
        self.audiences.append(form["scope"])
        if form["client_secret"] != TOKEN:
            return Said(
                status=401, body={"error": "invalid_client", "error_description": "AADSTS7000215: wrong"}
            )
        return Said(body={"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})

    def _control(self, asked: Asked) -> Said:
        path = asked.path
        if path == "/subscriptions":
            return Said(body={"value": [{"subscriptionId": SUBSCRIPTION, "state": "Enabled"}]})
        if path == f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/vaults":
            properties = {"vaultUri": f"{self.address}/", "sku": {"family": "A", "name": "standard"}}
            vault = {
                "id": HOME,
                "name": "shop",
                "tags": self.tags,
                "properties": properties | self.properties,
            }
            return Said(body={"value": [vault]})
        if path == f"{HOME}/providers/microsoft.insights/logs":
            return self._logs(json.loads(asked.body)["query"])
        listed = {
            "roleAssignments": self.assignments,
            "roleDefinitions": self.roles,
            "denyAssignments": self.denials,
            "diagnosticSettings": self.settings,
        }
        found = listed.get(path.rpartition("/")[2]) if path.startswith(HOME) else None
        return (
            Said(body={"value": found})
            if found is not None
            else Said(status=404, body={"error": {"message": "not found"}})
        )

    def _logs(self, query: str) -> Said:
        """What Log Analytics finds; of its language the part by which keyproof chooses among the records."""
        compare, at, most = re.fullmatch(
            r"[\s\S]*\n\| where time (>=|<) datetime\((.+)\)\n\| top (\d+) by time desc", query
        ).groups()  # type: ignore[union-attr]  # (the form it has)
        moment = datetime.fromisoformat
        found = [row for row in self.rows if (moment(row["time"]) < moment(at)) is (compare == "<")]
        names = ("time", "operation", "id", "uri", "status", "who")
        rows = [
            [row.get(name) for name in names]
            for row in sorted(found, key=lambda row: str(row["time"]), reverse=True)
        ]
        columns = [{"name": name, "type": "string"} for name in names]
        return Said(
            body={"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows[: int(most)]}]}
        )

    def _data(self, asked: Asked) -> Said:
        kind, name, part = (*asked.path.strip("/").split("/"), "", "")[:3]
        if kind.startswith("deleted") and not name:
            return self._page(asked, self.deleted.get(kind.removeprefix("deleted"), []))
        held = self.objects.get(kind, {})
        if not name:
            newest = [self._shown(kind, one, versions[0], whole=False) for one, versions in held.items()]
            return self._page(asked, newest)
        if name not in held:
            return Said(
                status=404, body={"error": {"code": "SecretNotFound", "message": f"{name} was not found"}}
            )
        return self._part(asked, kind, name, part)

    def _part(self, asked: Asked, kind: str, name: str, part: str) -> Said:
        held = self.objects[kind]
        match part:
            case "versions":
                return self._page(asked, [self._shown(kind, name, one, whole=True) for one in held[name]])
            case "rotationpolicy" if kind == "keys":
                return Said(body=self.rotation.get(name, {"attributes": {}, "lifetimeActions": []}))
            case _ if kind == "keys":
                version = next(one for one in held[name] if part in {one["version"], ""})
                public = self.material.get(name, {"kty": "RSA", "n": modulus(2048), "e": "AQAB"})
                path = f"{self.address}/keys/{name}/{version['version']}"
                return Said(body={"key": {"kid": path, **public}, "attributes": version["attributes"]})
            case "policy" if kind == "certificates":
                return Said(body=self.policies.get(name, {"attributes": {}}))
            case _:
                return Said(status=500, body={"error": {"message": "a value was asked for"}})

    def _shown(self, kind: str, name: str, version: Item, *, whole: bool) -> Item:
        said = {key: value for key, value in version.items() if key != "version"}
        path = f"{self.address}/{kind}/{name}" + (f"/{version['version']}" if whole else "")
        return {**said, "kid" if kind == "keys" else "id": path}

    def _page(self, asked: Asked, items: list[Item]) -> Said:
        start, size = int(asked.query.get("$skiptoken", 0)), int(asked.query.get("maxresults", 25))
        more = f"{self.address}{asked.path}?api-version=7.4&maxresults={size}&$skiptoken={start + size}"
        after = more if start + size < len(items) else None
        return Said(body={"value": items[start : start + size], "nextLink": after})


def modulus(bits: int) -> str:
    """A number of so many bits as JSON Web Keys write it."""
    return urlsafe_b64encode(((1 << bits) - 1).to_bytes((bits + 7) // 8, "big")).decode().rstrip("=")


@contextmanager
def azure(folder: Path) -> Iterator[Azure]:
    """Run a fake with one empty vault, `shop`, whose certificate lies in `folder`."""

    def answering(asked: Asked) -> Said:
        return running.answer(asked)

    certificate, key = make("localhost").write(folder, "server")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with rest_server(answering, tls=tls) as server:
        server.authorities = str(certificate)
        running = Azure(server=server)
        yield running
