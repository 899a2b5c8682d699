"""A GitLab on loopback, after its documentation; its variables have values, for whoever asks for them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.rest_server import Asked, Said, page_of

TOKEN = "token-" + "of-the-tests"
CANARY = "canary-" + "value-nobody-may-read"
Object = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class GitlabApi:
    """Holders by `project PATH` or `group PATH`; tests fill it."""

    connections: dict[str, dict[str, list[Object] | None]] = field(default_factory=dict)
    """Holder → GraphQL connection → nodes; None for what one may not see."""
    listings: dict[str, list[Object]] = field(default_factory=dict)
    """REST path with the decoded id, e.g. `projects/acme/shop/deploy_keys` → entries; others are 404."""
    questions: list[str] = field(default_factory=list)
    unknown_field: str = ""
    """A field this GitLab is too old for."""

    def holder(self, kind: str, path: str, **connections: list[Object] | None) -> None:
        """Add a project or group with nothing but `connections`."""
        empty: dict[str, list[Object] | None] = {name: [] for name in _FIELDS}
        self.connections[f"{kind} {path}"] = {**empty, **connections}
        for what in ("access_tokens", "deploy_tokens", "deploy_keys", "audit_events"):
            self.listings[f"{kind}s/{path}/{what}"] = []

    def answer(self, asked: Asked) -> Said:
        """As GitLab does."""
        if asked.token != TOKEN:
            return Said(status=401, body={"message": "401 Unauthorized"})
        path = "/".join(asked.parts)
        if path == "api/graphql":
            return self._graphql(json.loads(asked.body))
        found = self.listings.get(path.removeprefix("api/v4/"))
        if found is None:
            return Said(status=404, body={"message": "404 Not Found"})
        page, headers = page_of(found, asked, base="https://gitlab.example")
        return Said(body=page, headers=headers)

    def _graphql(self, body: Mapping[str, Any]) -> Said:
        question = str(body["query"])
        self.questions.append(question)
        if self.unknown_field and re.search(rf"\b{self.unknown_field}\b", question):
            message = f"Field '{self.unknown_field}' doesn't exist on type 'CiProjectVariable'"
            return Said(body={"errors": [{"message": message}]})
        shape = re.fullmatch(
            r"query\(\$path: ID!, \$after: String\) \{ (\w+)\(fullPath: \$path\) \{ (\w+)\(first: (\d+), "
            r"after: \$after(?:, includeSubgroups: true|, membership: DIRECT)?\) \{ pageInfo \{ hasNextPage endCursor \} "
            r"nodes \{ (.*) \} \} \} \}",
            question,
        )
        assert shape, question
        holder, connection, size, fields = shape[1], shape[2], int(shape[3]), shape[4]
        assert connection in _FIELDS
        known = self.connections.get(f"{holder} {body['variables']['path']}")
        nodes = known[connection] if known else None
        if nodes is None:
            return Said(body={"data": {holder: {connection: None} if known else None}})
        start = int(body["variables"]["after"] or 0)
        names = re.findall(r"\w+", re.sub(r"\{.*?\}", "", fields))
        assert set(names) <= _FIELDS[connection]
        page = [
            {name: {**node, "value": CANARY, "token": CANARY}.get(name) for name in names}
            for node in nodes[start : start + size]
        ]
        more = start + size < len(nodes)
        info = {"hasNextPage": more, "endCursor": str(start + size) if more else None}
        return Said(body={"data": {holder: {connection: {"pageInfo": info, "nodes": page}}}})


_FIELDS: Mapping[str, frozenset[str]] = {
    "ciVariables": frozenset(
        [
            "id",
            "key",
            "value",
            "variableType",
            "protected",
            "masked",
            "hidden",
            "raw",
            "environmentScope",
            "description",
        ]
    ),
    "runners": frozenset(
        ["id", "description", "runnerType", "paused", "createdAt", "contactedAt", "tokenExpiresAt"]
    ),
    "pipelineTriggers": frozenset(["id", "description", "lastUsed", "owner", "token"]),
    "projects": frozenset(["fullPath", "visibility", "archived"]),
    "descendantGroups": frozenset(["fullPath", "visibility"]),
}
"""https://docs.gitlab.com/api/graphql/reference/"""


def variable(key: str, **more: Any) -> Object:
    """A node of ciVariables."""
    plain = {"protected": False, "masked": False, "hidden": False, "raw": False, "environmentScope": "*"}
    return {"id": f"gid://gitlab/Ci::Variable/{key}", "key": key, "variableType": "ENV_VAR", **plain, **more}
