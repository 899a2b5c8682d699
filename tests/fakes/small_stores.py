"""Small secret stores on loopback, held to what their makers publish; where one would show a value stands a canary."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.published import published
from tests.fakes.rest_server import Answering, Asked, Said

TOKEN = "token-" + "of-the-tests"
CANARY = "canary-" + "value-nobody-may-read"
KEY = "key-that-opens-" + "everything"
CREATED, UPDATED = "2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z"
Object = dict[str, Any]
NOT_FOUND = Said(status=404, body={"message": "not found"})
NO = Said(status=403, body={"messages": ["no"], "success": False})
REFUSED = Said(status=401, body={"message": "unauthorised"})


def _kept(kind: str, answering: Answering) -> Answering:
    """As published, and only for those who bring the token."""
    return published(kind, lambda asked: answering(asked) if asked.token == TOKEN else REFUSED)


def onepassword(vaults: Mapping[str, Sequence[Object]]) -> Answering:
    """A Connect server with vaults by `NAME`, or `NAME=KEY` for several of one name, and their items."""
    known = {number(name): (name.partition("=")[0], items) for name, items in vaults.items()}

    def answering(asked: Asked) -> Said:
        match asked.parts:
            case ("v1", "vaults"):
                return Said(body=[{"id": id_, "name": name} for id_, (name, _) in known.items()])
            case ("v1", "vaults", vault, "items") if vault in known:
                return Said(body=[{"vault": {"id": vault}, **item} for item in known[vault][1]])
            case _:
                return NOT_FOUND

    return _kept("onepassword-connect", answering)


def number(name: str) -> str:
    """26 letters and digits, as 1Password makes its ids."""
    return hashlib.sha256(name.encode()).hexdigest()[:26]


def item(title: str, **more: Any) -> Object:
    """An entry of a list of items."""
    plain = {"category": "API_CREDENTIAL", "version": 3, "createdAt": CREATED, "updatedAt": UPDATED}
    return {"id": number(title), "title": title, "tags": ["ops"], **plain, **more}


def doppler(
    configs: Mapping[str, Sequence[str]],
    *,
    tokens: Sequence[Object] | None = (),
    people: Mapping[str, Sequence[Object] | None] | None = None,
    **about: Any,
) -> Answering:
    """Doppler with configurations `PROJECT/CONFIG` and the names in them; no tokens may be seen for None.

    A token that names no `config` stands in each.

    `people` holds what is answered to `members`, `roles`, `users`, `service_accounts`, `groups` and to the slug of a
    service account (its tokens); None is refused.
    """
    held = {**dict.fromkeys(_PEOPLE.values(), ()), **(people or {})}

    def answering(asked: Asked) -> Said:
        path = "/".join(asked.parts[1:])
        project, config = asked.query.get("project", ""), asked.query.get("config", "")
        if path == "configs":
            known = [_config(one) for one in sorted(configs) if one.startswith(f"{project}/")]
            here = asked.query.get("environment")
            return Said(
                body={"configs": _page([one for one in known if here in {None, one["environment"]}], asked)}
            )
        if path in _PEOPLE or "service_account" in asked.parts:
            return _people(held, asked)
        names = configs.get(f"{project}/{config}")
        if names is None:
            return NOT_FOUND
        if path == "configs/config":
            return Said(body={"config": {**_config(f"{project}/{config}"), **about}})
        if path == "configs/config/secrets/names":
            managed = [] if asked.query.get("include_managed_secrets") == "false" else ["DOPPLER_CONFIG"]
            return Said(body={"names": [*names, *managed]})
        mine = [token for token in tokens or () if token.get("config", config) == config]
        return NO if tokens is None else Said(body={"tokens": mine})

    return _kept("doppler", answering)


def _config(path: str) -> Object:
    """A configuration of Doppler; what follows an underscore is the name of a branch."""
    name = path.partition("/")[2]
    environment, branch, _ = name.partition("_")
    return {"name": name, "environment": environment, "root": not branch, "locked": False}


_PEOPLE = {
    "projects/project/members": "members",
    "projects/roles": "roles",
    "workplace/users": "users",
    "workplace/service_accounts": "service_accounts",
    "workplace/groups": "groups",
}


def _people(held: Mapping[str, Sequence[Object] | None], asked: Asked) -> Said:
    """Members, roles, people, groups, service accounts or their tokens."""
    what = _PEOPLE.get("/".join(asked.parts[1:]), asked.parts[4] if len(asked.parts) > 4 else "")
    listed = held.get(what, ())
    if listed is None:
        return NO
    key = {"users": "workplace_users"}.get(what, what if what in _PEOPLE.values() else "api_tokens")
    return Said(body={key: list(listed if what == "roles" else _page(listed, asked))})


def _page(items: Sequence[Any], asked: Asked) -> Sequence[Any]:
    """One page of a listing; what is past the end is empty."""
    size, page = int(asked.query.get("per_page", 20)), int(asked.query["page"])
    return items[(page - 1) * size : page * size]


def infisical(
    entries: Sequence[Object],
    *,
    hides: bool = True,
    people: Mapping[str, Sequence[Object] | None] | None = None,
) -> Answering:
    """Infisical with secrets; `hides` tells whether it is new enough to hide values.

    `people` holds `memberships`, `identities` and `groups` of the projects, and permissions by the slug of a role;
    None is refused.
    """
    held = {"memberships": (), "identities": (), "groups": (), **(people or {})}

    def answering(asked: Asked) -> Said:
        if asked.parts[-1] == "login":
            said = json.loads(asked.body)
            good = said == {"clientId": "machine", "clientSecret": TOKEN}
            whole = {"accessToken": TOKEN, "expiresIn": 600, "accessTokenMaxTTL": 600, "tokenType": "Bearer"}
            return Said(body=whole) if good else REFUSED
        if asked.token != TOKEN:
            return REFUSED
        if asked.parts == ("api", "v4", "secrets"):
            hidden = asked.query.get("viewSecretValue") == "false"
            there = {"workspace": asked.query["projectId"], "environment": asked.query["environment"]}
            told = [_seen({**there, **one}, hides, hidden) for one in entries]
            return Said(body={"secrets": told, "imports": []})
        return _infisical_people(held.get(asked.parts[-1]), asked)

    # One that is too old to hide values answers in another form too.
    return published("infisical", answering) if hides else answering


def _infisical_people(listed: Sequence[Object] | None, asked: Asked) -> Said:
    """Memberships of a project, or a role of it."""
    what = asked.parts[-1]
    if listed is None:
        return Said(status=403, body={"message": "not allowed", "error": "PermissionDenied"})
    if asked.parts[-2] == "slug":
        about = {"id": what, "name": what, "slug": what, "createdAt": CREATED, "updatedAt": UPDATED}
        return Said(body={"role": {**about, "permissions": list(listed)}})
    if what == "identities":
        start, size = int(asked.query["offset"]), int(asked.query["limit"])
        page = listed[start : start + size]
        return Said(body={"identityMemberships": list(page), "totalCount": len(listed)})
    return Said(body={"groupMemberships" if what == "groups" else "memberships": list(listed)})


def _seen(entry: Object, hides: bool, hidden: bool) -> Object:
    """An entry as it is answered: of a person's own override the value always comes."""
    value = "<hidden-by-infisical>" if hides and hidden and entry["type"] != "personal" else CANARY
    return {**entry, "secretValue": value, **({"secretValueHidden": hidden} if hides else {})}


def infisical_secret(key: str, **more: Any) -> Object:
    """An entry of a list of secrets."""
    plain = {"secretPath": "/", "version": 4, "type": "shared", "createdAt": CREATED, "updatedAt": UPDATED}
    return {
        "id": key,
        "_id": key,
        "secretKey": key,
        "secretComment": "",
        "isRotatedSecret": False,
        "tags": [],
        "secretMetadata": [],
        **plain,
        **more,
    }


def infisical_member(kind: str, name: str, *roles: str, **role: Any) -> Object:
    """A membership of a `user`, `identity` or `group` with roles; `role` changes how each stands there."""
    about = {
        "user": {"userId": name, "projectId": "p1", "user": {"id": name, "username": name}},
        "identity": {"identityId": name, "updatedAt": UPDATED, "identity": {"id": name, "name": name}},
        "group": {
            "groupId": name,
            "projectId": "p1",
            "updatedAt": UPDATED,
            "group": {"id": name, "name": name, "slug": name, "orgId": "o1"},
        },
    }[kind]
    held = [{"id": one, "role": one, "isTemporary": False, **role} for one in roles]
    return {"id": name, "createdAt": CREATED, "roles": held, **about}


def conjur(
    entries: Sequence[Object],
    *,
    account: str = "acme",
    permitted: Mapping[str, Sequence[str]] | None = None,
    most: int = 1000,
) -> Answering:
    """Conjur with variables that the role `host/scanner` may see.

    `permitted` tells which roles have a privilege in the end; `most` how long a page may be.
    """
    token = {"protected": "p", "payload": "q", "signature": "s"}

    def answering(asked: Asked) -> Said:
        if asked.parts == ("authn", account, "host/scanner", "authenticate"):
            return Said(body=token) if asked.body == TOKEN.encode() else REFUSED
        packed = asked.token.removeprefix('Token token="').removesuffix('"')
        if json.loads(base64.b64decode(packed)) != token:
            return REFUSED
        if asked.query.get("permitted_roles") == "true":
            return Said(body=list((permitted or {}).get(asked.query["privilege"], ())))
        start, size = int(asked.query["offset"]), int(asked.query["limit"])
        if asked.query["kind"] != "variable" or size > most:
            why = f"'Limit' parameter must not exceed {most}"
            return Said(status=422, body={"error": {"code": "unprocessable_entity", "message": why}})
        return Said(body=list(entries[start : start + size]))

    return published("conjur", answering)


def variable(name: str, **more: Any) -> Object:
    """An entry of a list of resources."""
    plain: Object = {
        "owner": "acme:policy:root",
        "permissions": [],
        "annotations": [],
        "secrets": [{"version": 1}],
    }
    return {"id": f"acme:variable:{name}", "created_at": "2025-01-01T00:00:00.000+00:00", **plain, **more}


def bitwarden(entries: Sequence[Object], *, organisation: str = "org") -> Answering:
    """Bitwarden's identity and API in one."""

    def answering(asked: Asked) -> Said:
        assert KEY not in asked.body.decode(), "the part that opens values never leaves"
        if asked.parts == ("identity", "connect", "token"):
            form = parse_qs(asked.body.decode())
            good = (form["client_id"], form["client_secret"]) == (["machine"], [TOKEN])
            assert form["scope"] == ["api.secrets"]
            whole = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
            return Said(body=whole) if good else Said(status=400, body={"error": "invalid_client"})
        if asked.token != TOKEN:
            return REFUSED
        if asked.parts == ("organizations", organisation, "secrets"):
            whole = {"object": "SecretsWithProjectsList", "secrets": list(entries), "projects": []}
            return Said(body=whole)
        return NOT_FOUND

    return published("bitwarden-secrets-manager", answering)


def bitwarden_secret(number: str, **more: Any) -> Object:
    """An entry of a list of secrets: its key is encrypted."""
    plain = {"organizationId": "org", "creationDate": CREATED, "revisionDate": UPDATED, "projects": []}
    return {"id": number, "key": "2.encrypted|text|only", "read": True, "write": False, **plain, **more}
