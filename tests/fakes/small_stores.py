"""Small secret stores on loopback, after their documentation; where one would show a value stands a canary."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.json_api import Answering, Asked, Said

TOKEN = "token-" + "of-the-tests"
CANARY = "canary-" + "value-nobody-may-read"
KEY = "key-that-opens-" + "everything"
CREATED, UPDATED = "2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z"
Object = dict[str, Any]
NOT_FOUND = Said(status=404, body={"message": "not found"})
REFUSED = Said(status=401, body={"message": "unauthorised"})


def _kept(answering: Answering) -> Answering:
    """Only for those who bring the token."""
    return lambda asked: answering(asked) if asked.token == TOKEN else REFUSED


def onepassword(vaults: Mapping[str, Sequence[Object]]) -> Answering:
    """A Connect server with vaults by `NAME` or `NAME=ID` and their items."""
    known = {
        name.partition("=")[2] or f"id-{name}": (name.partition("=")[0], items)
        for name, items in vaults.items()
    }

    def answering(asked: Asked) -> Said:
        match asked.parts:
            case ("v1", "vaults"):
                return Said(body=[{"id": number, "name": name} for number, (name, _) in known.items()])
            case ("v1", "vaults", vault, "items") if vault in known:
                return Said(body=known[vault][1])
            case ("v1", "vaults", _, "items", _):
                return Said(body={"fields": [{"value": CANARY}]})
            case _:
                return NOT_FOUND

    return _kept(answering)


def item(title: str, **more: Any) -> Object:
    """An entry of a list of items."""
    plain = {"category": "API_CREDENTIAL", "version": 3, "createdAt": CREATED, "updatedAt": UPDATED}
    return {"id": f"id {title}", "title": title, "tags": ["ops"], **plain, **more}


def doppler(
    configs: Mapping[str, Sequence[str]], *, tokens: Sequence[Object] | None = (), **about: Any
) -> Answering:
    """Doppler with configurations `PROJECT/CONFIG` and the names in them; no tokens may be seen for None."""

    def answering(asked: Asked) -> Said:
        path = "/".join(asked.parts[1:])
        project, config = asked.query.get("project", ""), asked.query.get("config", "")
        if path == "configs":
            mine = sorted(one.partition("/")[2] for one in configs if one.startswith(f"{project}/"))
            size, page = int(asked.query["per_page"]), int(asked.query["page"])
            return Said(body={"configs": [{"name": name} for name in mine[(page - 1) * size : page * size]]})
        names = configs.get(f"{project}/{config}")
        if names is None:
            return NOT_FOUND
        whole: Object = {"name": config, "environment": config.partition("_")[0], "locked": False, **about}
        answers: dict[str, Callable[[], Said]] = {
            "configs/config": lambda: Said(body={"config": whole}),
            "configs/config/secrets/names": lambda: Said(body={"names": [*names, "DOPPLER_CONFIG"]}),
            "configs/config/secrets": lambda: Said(body={"secrets": dict.fromkeys(names, CANARY)}),
            "configs/config/logs": lambda: Said(body={"logs": [{"diff": [{"added": CANARY}]}]}),
            "configs/config/tokens": lambda: (
                Said(status=403, body={"messages": ["no"]})
                if tokens is None
                else Said(body={"tokens": list(tokens)})
            ),
        }
        return answers.get(path, lambda: NOT_FOUND)()

    return _kept(answering)


def infisical(entries: Sequence[Object], *, hides: bool = True) -> Answering:
    """Infisical with secrets; `hides` tells whether it is new enough to hide values."""

    def answering(asked: Asked) -> Said:
        if asked.parts[-1] == "login":
            said = json.loads(asked.body)
            good = said == {"clientId": "machine", "clientSecret": TOKEN}
            return Said(body={"accessToken": TOKEN}) if good else REFUSED
        if asked.token != TOKEN:
            return REFUSED
        if asked.parts != ("api", "v4", "secrets") or asked.query["secretPath"] != "/":
            return NOT_FOUND
        hidden = hides and asked.query.get("viewSecretValue") == "false"
        shown: Object = {"secretValue": "<hidden-by-infisical>" if hidden else CANARY}
        if hides:
            shown["secretValueHidden"] = hidden
        return Said(body={"secrets": [{**entry, **shown} for entry in entries], "imports": []})

    return answering


def infisical_secret(key: str, **more: Any) -> Object:
    """An entry of a list of secrets."""
    plain = {"secretPath": "/", "version": 4, "type": "shared", "createdAt": CREATED, "updatedAt": UPDATED}
    return {
        "id": key,
        "secretKey": key,
        "isRotatedSecret": False,
        "tags": [],
        "secretMetadata": [],
        **plain,
        **more,
    }


def conjur(entries: Sequence[Object], *, account: str = "acme") -> Answering:
    """Conjur with variables that the role `host/scanner` may see."""
    token = {"protected": "p", "payload": "q", "signature": "s"}

    def answering(asked: Asked) -> Said:
        if asked.parts == ("authn", account, "host/scanner", "authenticate"):
            return Said(body=token) if asked.body == TOKEN.encode() else REFUSED
        packed = asked.token.removeprefix('Token token="').removesuffix('"')
        if json.loads(base64.b64decode(packed)) != token:
            return REFUSED
        if asked.parts == ("resources", account) and asked.query["kind"] == "variable":
            start, size = int(asked.query["offset"]), int(asked.query["limit"])
            return Said(body=list(entries[start : start + size]))
        return Said(body=CANARY)

    return answering


def variable(name: str, **more: Any) -> Object:
    """An entry of a list of resources."""
    plain: Object = {"permissions": [], "annotations": [], "secrets": [{"version": 1}]}
    return {"id": f"acme:variable:{name}", "created_at": "2025-01-01T00:00:00.000+00:00", **plain, **more}


def bitwarden(entries: Sequence[Object], *, organisation: str = "org") -> Answering:
    """Bitwarden's identity and API in one."""

    def answering(asked: Asked) -> Said:
        assert KEY not in asked.body.decode(), "the part that opens values never leaves"
        if asked.parts == ("identity", "connect", "token"):
            form = parse_qs(asked.body.decode())
            good = (form["client_id"], form["client_secret"]) == (["machine"], [TOKEN])
            assert form["scope"] == ["api.secrets"]
            return (
                Said(body={"access_token": TOKEN})
                if good
                else Said(status=400, body={"error": "invalid_client"})
            )
        if asked.token != TOKEN:
            return REFUSED
        if asked.parts == ("organizations", organisation, "secrets"):
            return Said(body={"object": "list", "secrets": list(entries), "projects": []})
        return Said(body={"value": CANARY})

    return answering


def bitwarden_secret(number: str, **more: Any) -> Object:
    """An entry of a list of secrets: its key is encrypted."""
    plain = {"organizationId": "org", "creationDate": CREATED, "revisionDate": UPDATED, "projects": []}
    return {"id": number, "key": "2.encrypted|text|only", **plain, **more}
