"""Google Cloud in this process: every request and every answer is held to Google's own discovery documents."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jsonschema import Draft202012Validator

from tests.fakes.rest_server import Asked, RestServer, Said, rest_server

ACCOUNT = "scanner@acme.iam.gserviceaccount.com"
NUMBER = "123456789012"
"""The number of the project `acme`, which stands in the names of its secrets."""
_PUBLISHED = Path(__file__).parents[1] / "data/google/discovery.json"

Item = dict[str, Any]


@cache
def _published() -> Any:
    return json.loads(_PUBLISHED.read_text("utf-8"))


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{schema}", "$defs": _published()["$defs"]})


@cache
def _operations() -> tuple[tuple[str, re.Pattern[str], frozenset[str], str], ...]:
    return tuple(
        (
            one["method"],
            re.compile(re.sub(r"\{\w+\}", "[^/:]+", one["path"])),
            frozenset(one["query"]),
            one["response"],
        )
        for one in _published()["operations"]
    )


@dataclass(slots=True, kw_only=True)
class Google:
    """The running fake; everything a test changes or looks at."""

    server: RestServer
    folder: Path
    secrets: dict[str, dict[str, Item]] = field(default_factory=lambda: {"": {}})
    """Region, empty for the global ones → name → record, without its name."""
    versions: dict[str, list[Item]] = field(default_factory=dict)
    """Name → versions, oldest first."""
    policies: dict[str, Item] = field(default_factory=dict)
    """Name of a secret, or `projects/acme`, `folders/1` …"""
    rings: dict[str, dict[str, Item]] = field(default_factory=dict)
    """`LOCATION/RING` → key → record, without its name; its versions, oldest first, under `versions`."""
    denials: dict[str, dict[str, list[Item]]] = field(default_factory=dict)
    """`projects/acme`, `folders/1` … → name of a deny policy → its rules."""
    parents: dict[str, str] = field(default_factory=dict)
    roles: dict[str, list[str]] = field(default_factory=dict)
    accounts: dict[str, Item] = field(default_factory=dict)
    keys: dict[str, list[Item]] = field(default_factory=dict)
    """E-mail → keys."""
    entries: list[Item] = field(default_factory=list)
    """Of logs, in any order."""
    denied: dict[str, list[Item]] = field(default_factory=dict)
    """Part of a path → the details of the 403 it gets."""
    tokens: int = 0
    """How many were given."""
    forgotten: int = 0
    """How many of them are no longer good."""

    @property
    def address(self) -> str:
        """Of all interfaces."""
        return self.server.address

    def add(self, name: str, *versions: Item, region: str = "", **said: Any) -> None:
        """A secret with its versions, oldest first; each what differs from the usual."""
        record = {"createTime": "2025-09-01T00:00:00.123456789Z", "replication": {"automatic": {}}, **said}
        if region:
            del record["replication"]
        self.secrets.setdefault(region, {})[name] = record
        self.versions[name] = [
            {"createTime": "2025-09-01T00:00:00Z", "state": "ENABLED", **version}
            for version in versions or ({},)
        ]

    def add_key(self, name: str, *versions: Item, ring: str = "europe-west3/shop", **said: Any) -> None:
        """A key of Cloud KMS with its versions, oldest first; each what differs from the usual."""
        usual = {"createTime": "2025-09-01T00:00:00Z", "generateTime": "2025-09-01T00:00:00Z"}
        usual |= {
            "state": "ENABLED",
            "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
            "protectionLevel": "SOFTWARE",
        }
        self.rings.setdefault(ring, {})[name] = {
            "createTime": "2025-09-01T00:00:00Z",
            "purpose": "ENCRYPT_DECRYPT",
            "versionTemplate": {"protectionLevel": "SOFTWARE", "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION"},
            **said,
            "versions": [{**usual, **version} for version in versions or ({},)],
        }

    def credentials(self) -> str:
        """A new key file of the service account that reads, whose tokens this server gives."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        said = {
            "type": "service_account",
            "client_email": ACCOUNT,
            "private_key_id": "1",
            "private_key": pem.decode(),
            "token_uri": f"{self.address}/token",
        }
        path = self.folder / "credentials.json"
        path.write_text(json.dumps(said), encoding="utf-8")
        return str(path)

    def answer(self, asked: Asked) -> Said:
        """What one request gets."""
        if asked.path == "/token":
            self.tokens += 1
            return Said(
                body={"access_token": f"token-{self.tokens}", "expires_in": 3600, "token_type": "Bearer"}
            )
        if int(asked.token.removeprefix("token-") or 0) <= self.forgotten:
            return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        for part, details in self.denied.items():
            if part in f"{asked.method} {asked.path}":
                return _error(403, "PERMISSION_DENIED", "Permission denied on resource.", details)
        for method, path, query, response in _operations():
            if method == asked.method and path.fullmatch(asked.sent):
                unknown = set(asked.query) - query
                assert not unknown, f"{asked.path} knows no parameter {unknown}"
                said = self._body(asked)
                if said.status == 200:
                    _validator(response).validate(said.body)
                return said
        return _error(500, "INTERNAL", f"no published operation is {asked.method} {asked.path}")

    def _body(self, asked: Asked) -> Said:
        if asked.path == "/v2/entries:list":
            return self._entries(json.loads(asked.body))
        path, _, verb = asked.path.strip("/").partition("/")[2].partition(":")
        if verb == "getIamPolicy":
            name = path.rpartition("/")[2] if "/secrets/" in path or "/keyRings/" in path else path
            return Said(body={"version": 3, "etag": "BwX=", **self.policies.get(name, {})})
        if path.startswith("policies/"):
            return self._denials(path)
        if path.partition("/")[0] == "roles" or "/roles/" in path:
            found = self.roles.get(path)
            return (
                Said(body={"name": path, "includedPermissions": found}) if found is not None else _missing()
            )
        parts = path.split("/")
        if parts[:2] not in (["projects", "acme"], ["projects", NUMBER]):
            return (
                Said(body={"name": path, "parent": self.parents[path]})
                if path in self.parents
                else _missing()
            )
        return self._project(asked, parts[2:])

    def _entries(self, question: Item) -> Said:
        """What Cloud Logging finds, newest first; of its language the part that keyproof writes."""
        _validator("logging.ListLogEntriesRequest").validate(question)
        assert question["resourceNames"] == ["projects/acme"]
        assert question["orderBy"] == "timestamp desc"
        logs, service, methods, when = question["filter"].split("\n")
        compare, at = re.fullmatch(r'timestamp(>=|<)"(.+)"', when).groups()  # type: ignore[union-attr]  # (the form it has)
        method = re.compile(re.fullmatch(r'protoPayload.methodName=~"(.+)"', methods)[1])  # type: ignore[index]  # (same)
        found = [
            entry
            for entry in sorted(self.entries, key=lambda one: one["timestamp"], reverse=True)
            if f'"{entry["logName"]}"' in logs
            and f'protoPayload.serviceName="{entry["protoPayload"]["serviceName"]}"' == service
            and method.search(entry["protoPayload"]["methodName"])
            and (_time(entry["timestamp"]) < _time(at)) is (compare == "<")
        ]
        start, size = int(question.get("pageToken", 0)), question["pageSize"]
        more = {"nextPageToken": str(start + size)} if start + size < len(found) else {}
        return Said(body={**({"entries": found[start : start + size]} if found else {}), **more})

    def _denials(self, path: str) -> Said:
        """A listing has no rules, and names a project by its number."""
        service, place, name = re.fullmatch(r"policies/([^/]+)/(.+)/denypolicies/?(.*)", path).groups()  # type: ignore[union-attr]  # (the operation's path)
        assert service == "cloudresourcemanager.googleapis.com"
        held = self.denials.get(place, {})
        home = quote(f"{service}/{place.replace('acme', NUMBER)}", safe="")
        told = [{"name": f"policies/{home}/denypolicies/{one}", "kind": "DenyPolicy"} for one in held]
        if not name:
            return Said(body={"policies": told} if told else {})
        rules = [{"denyRule": rule} for rule in held[name]]
        return Said(body={**told[list(held).index(name)], "rules": rules})

    def _project(self, asked: Asked, parts: list[str]) -> Said:
        match parts:
            case []:
                name, above = f"projects/{NUMBER}", self.parents.get("projects/acme", "")
                return Said(body={"name": name, "projectId": "acme", **({"parent": above} if above else {})})
            case ["locations"]:
                names = {region for region in self.secrets if region}
                names |= {ring.partition("/")[0] for ring in self.rings}
                places = [{"locationId": name} for name in sorted(names)]
                return Said(body=_page(asked, places, "locations"))
            case ["serviceAccounts"]:
                return Said(body=_page(asked, list(self.accounts.values()), "accounts"))
            case ["serviceAccounts", email, "keys"]:
                assert asked.query == {"keyTypes": "USER_MANAGED"}
                return Said(body={"keys": self.keys[email]}) if email in self.keys else _missing()
            case ["locations", place, *rest]:
                return (self._rings if rest[0] == "keyRings" else self._secrets)(asked, place, rest)
            case _:
                return self._secrets(asked, "", parts)

    def _rings(self, asked: Asked, location: str, parts: list[str]) -> Said:
        home = f"projects/acme/locations/{location}/keyRings"
        if len(parts) == 1:
            names = [ring.partition("/")[2] for ring in self.rings if ring.startswith(f"{location}/")]
            return Said(body=_page(asked, [{"name": f"{home}/{name}"} for name in names], "keyRings"))
        home, keys = f"{home}/{parts[1]}/cryptoKeys", self.rings[f"{location}/{parts[1]}"]
        told = {}
        for name, record in keys.items():
            versions = [
                {"name": f"{home}/{name}/cryptoKeyVersions/{number}", **version}
                for number, version in enumerate(record["versions"], start=1)
            ]
            own = {"primary": versions[-1]} if record["purpose"] == "ENCRYPT_DECRYPT" and versions else {}
            rest = {key: value for key, value in record.items() if key != "versions"}
            told[name] = ({"name": f"{home}/{name}", **own, **rest}, versions)
        if len(parts) == 3:
            return Said(body=_page(asked, [record for record, _ in told.values()], "cryptoKeys"))
        if parts[3] not in told:
            return _missing()
        return Said(body=_page(asked, told[parts[3]][1], "cryptoKeyVersions"))

    def _secrets(self, asked: Asked, region: str, parts: list[str]) -> Said:
        home = f"projects/{NUMBER}" + (f"/locations/{region}" if region else "")
        held = self.secrets.get(region, {})
        if len(parts) == 1:
            listed = [{"name": f"{home}/secrets/{name}", **record} for name, record in held.items()]
            return Said(body=_page(asked, listed, "secrets"))
        if parts[1] not in held:
            return _missing()
        versions = [
            {"name": f"{home}/secrets/{parts[1]}/versions/{number}", **version}
            for number, version in enumerate(self.versions[parts[1]], start=1)
        ]
        return Said(body=_page(asked, versions[::-1], "versions"))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _page(asked: Asked, items: list[Item], key: str) -> Item:
    start, size = int(asked.query.get("pageToken", 0)), int(asked.query.get("pageSize", 100))
    more = {"nextPageToken": str(start + size)} if start + size < len(items) else {}
    # Google leaves out what is empty.
    return {**({key: items[start : start + size]} if items else {}), **more}


def _missing() -> Said:
    return _error(404, "NOT_FOUND", "Requested entity was not found.")


def _error(code: int, status: str, message: str, details: list[Item] | None = None) -> Said:
    return Said(
        status=code,
        body={"error": {"code": code, "message": message, "status": status, "details": details or []}},
    )


def logged(method: str, secret: str, *, at: str, who: str = "user:olga@acme", code: int = 0) -> Item:
    """An entry of the audit logs of `acme` about a secret, e.g. `secrets/db`."""
    kind = "data_access" if method.endswith("AccessSecretVersion") else "activity"
    return {
        "logName": f"projects/acme/logs/cloudaudit.googleapis.com%2F{kind}",
        "insertId": at,
        "timestamp": at,
        "resource": {"type": "audited_resource", "labels": {"service": "secretmanager.googleapis.com"}},
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "secretmanager.googleapis.com",
            "methodName": f"google.cloud.secretmanager.v1.SecretManagerService.{method}",
            "resourceName": f"projects/{NUMBER}/{secret}",
            "authenticationInfo": {"principalEmail": who.partition(":")[2], "principalSubject": who},
            **({"status": {"code": code}} if code else {}),
        },
    }


@contextmanager
def google(folder: Path) -> Iterator[Google]:
    """Run a fake with one empty project, `acme`."""

    def answering(asked: Asked) -> Said:
        return running.answer(asked)

    with rest_server(answering) as server:
        running = Google(server=server, folder=folder)
        yield running
