"""A GitLab on loopback, held to what GitLab publishes; its variables have values, for whoever asks for them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.fakes.published import published
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
    refused: dict[str, list[str]] = field(default_factory=dict)
    """Connection → holders whose members may not be seen."""
    unknown_field: str = ""
    """A field this GitLab is too old for."""

    def holder(self, kind: str, path: str, **connections: list[Object] | None) -> None:
        """Add a project or group with nothing but `connections`."""
        empty: dict[str, list[Object] | None] = {name: [] for name in _graphql()["connections"][kind]}
        self.connections[f"{kind} {path}"] = {**empty, **connections}
        for what in (
            "access_tokens",
            "deploy_tokens",
            "audit_events",
            *(["deploy_keys"] * (kind == "project")),
        ):
            self.listings[f"{kind}s/{path}/{what}"] = []

    def answer(self, asked: Asked) -> Said:
        """As GitLab does."""
        if asked.token != TOKEN:
            return Said(status=401, body={"message": "401 Unauthorized"})
        if asked.parts == ("api", "graphql"):
            return self._graphql(json.loads(asked.body))
        return published("gitlab", self._listed)(asked)

    def _listed(self, asked: Asked) -> Said:
        found = self.listings.get("/".join(asked.parts).removeprefix("api/v4/"))
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
        shape = _SHAPE.fullmatch(question)
        assert shape, question
        holder, connection, size, arguments, fields = shape.groups()
        _check(holder, connection, arguments, fields)
        path = str(body["variables"]["path"])
        if f"{holder} {path}" in self.refused.get(connection, ()):
            return Said(body={"errors": [{"message": _REFUSED}], "data": {holder: None}})
        known = self.connections.get(f"{holder} {path}")
        nodes = known[connection] if known else None
        if nodes is None:
            return Said(body={"data": {holder: {connection: None} if known else None}})
        start = int(body["variables"]["after"] or 0)
        names = re.findall(r"\w+", re.sub(r"\{.*?\}", "", fields))
        page = [
            {name: {**node, "value": CANARY, "token": CANARY}.get(name) for name in names}
            for node in nodes[start : start + int(size)]
        ]
        more = start + int(size) < len(nodes)
        info = {"hasNextPage": more, "endCursor": str(start + int(size)) if more else None}
        return Said(body={"data": {holder: {connection: {"pageInfo": info, "nodes": page}}}})


_SHAPE = re.compile(
    r"query\(\$path: ID!, \$after: String\) \{ (\w+)\(fullPath: \$path\) \{ (\w+)\(first: (\d+), "
    r"after: \$after(.*?)\) \{ pageInfo \{ hasNextPage endCursor \} nodes \{ (.*) \} \} \} \}"
)
_REFUSED = "The resource that you are attempting to access does not exist or you don't have permission to perform this action"


@cache
def _graphql() -> Mapping[str, Any]:
    """What GitLab publishes of the connections, types and enumerations that are asked for."""
    text = (Path(__file__).parents[1] / "data/published/gitlab-graphql.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def _check(holder: str, connection: str, arguments: str, fields: str) -> None:
    """Hold a question to what GitLab publishes: arguments, values of enumerations, fields of fields."""
    schema = _graphql()
    type_, known = schema["connections"][holder][connection]
    for name, values in re.findall(r"(\w+): (\[[^\]]*\]|\w+)", arguments):
        assert name in known, f"{connection} has no argument {name}"
        enumeration = schema["enums"].get(f"{connection}.{name}") or schema["enums"].get(name)
        assert not enumeration or set(re.findall(r"\w+", values)) <= set(enumeration)
    for name, inner in re.findall(r"(\w+)(?: \{ ([\w ]+) \})?", fields):
        assert name in schema["types"][type_], f"{type_} has no field {name}"
        assert bool(inner) == (name in schema["objects"])
        if inner:
            assert set(inner.split()) <= set(schema["types"][schema["objects"][name]])


def member(username: str, level: int) -> Object:
    """A node of projectMembers or groupMembers."""
    return {"accessLevel": {"integerValue": level}, "user": {"username": username}}


def variable(key: str, **more: Any) -> Object:
    """A node of ciVariables."""
    plain = {"protected": False, "masked": False, "hidden": False, "raw": False, "environmentScope": "*"}
    return {"id": f"gid://gitlab/Ci::Variable/{key}", "key": key, "variableType": "ENV_VAR", **plain, **more}
