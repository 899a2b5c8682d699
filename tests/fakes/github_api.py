"""A GitHub on loopback whose every answer is valid by the description that GitHub publishes."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from tests.fakes.rest_server import Asked, Said, page_of

DESCRIPTION = Path(__file__).parents[1] / "data/github/openapi.json"
TOKEN = "token-" + "of-the-tests"
Object = dict[str, Any]


@cache
def described() -> Mapping[str, Any]:
    """Operation → what GitHub publishes of it."""
    found: Mapping[str, Any] = json.loads(DESCRIPTION.read_text(encoding="utf-8"))["operations"]
    return found


@cache
def _validator(operation: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(described()[operation]["schema"])


def operation_of(target: str) -> str:
    """The published operation that a GET of `target` is; empty for none."""
    path = target.partition("?")[0]
    for operation in described():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation), f"GET {path}"):
            return operation
    return ""


@dataclass(slots=True, kw_only=True)
class GithubApi:
    """Organisations and repositories by their paths; tests fill it."""

    listings: dict[str, list[Object]] = field(default_factory=dict)
    """Path → entries, e.g. `/repos/acme/shop/actions/secrets`; a path that is missing is 404."""
    repositories: dict[str, Object] = field(default_factory=dict)
    """`OWNER/NAME` → what is said of it."""
    etags: bool = False
    miscount: int = 0
    """How many more entries are counted than listed."""

    def repository(self, name: str, **about: Any) -> None:
        """Add a repository with everything listed, and empty."""
        owner = name.partition("/")[0]
        self.repositories[name] = {"full_name": name, "name": name.partition("/")[2], **about}
        self.listings.setdefault(f"/orgs/{owner}/repos", []).append(self.repositories[name])
        for what in ("actions", "dependabot", "codespaces", "agents"):
            self.listings[f"/repos/{name}/{what}/secrets"] = []
            self.listings.setdefault(f"/orgs/{owner}/{what}/secrets", [])
        self.listings.setdefault(f"/orgs/{owner}/private-registries", [])
        self.listings[f"/repos/{name}/environments"] = []
        self.listings[f"/repos/{name}/keys"] = []

    def answer(self, asked: Asked) -> Said:
        """As GitHub does, 404 for what is not there and for what one may not see."""
        if asked.token != TOKEN:
            return Said(status=401, body={"message": "Bad credentials"})
        path = "/" + "/".join(asked.parts)
        operation = operation_of(asked.target)
        assert operation, f"GitHub publishes no GET {path}"
        found = self._found(path, operation, asked)
        if found is None:
            return Said(status=404, body={"message": "Not Found"})
        body, headers = found
        _validator(operation).validate(body)
        if self.etags:
            tag = f'W/"{hashlib.sha256(json.dumps(body).encode()).hexdigest()}"'
            if asked.headers.get("if-none-match") == tag:
                return Said(status=304, headers={**headers, "ETag": tag})
            headers = {**headers, "ETag": tag}
        return Said(body=body, headers=headers)

    def _found(self, path: str, operation: str, asked: Asked) -> tuple[Any, dict[str, str]] | None:
        schema = described()[operation]["schema"]
        if operation == "GET /repos/{owner}/{repo}":
            about = self.repositories.get(path.removeprefix("/repos/"))
            return (filled(schema, about), {}) if about is not None else None
        if path not in self.listings:
            return None
        assert set(asked.query) <= set(described()[operation]["query"])
        page, headers = page_of(self.listings[path], asked, base="https://api.github.com")
        if schema["type"] == "array":
            return [filled(schema["items"], entry) for entry in page], headers
        key = next(name for name in schema["properties"] if name != "total_count")
        items = schema["properties"][key]["items"]
        count = len(self.listings[path]) + self.miscount
        return {"total_count": count, key: [filled(items, entry) for entry in page]}, headers


def filled(schema: Mapping[str, Any], given: Mapping[str, Any]) -> Object:
    """An object with what was given, and something for everything else that the schema requires."""
    return {**dict(_required(schema)), **given}


def _required(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in schema.get("required", ()):
        yield name, _sample(schema["properties"].get(name, {}))


def _sample(schema: Mapping[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _sample(schema["anyOf"][0])
    kind = schema.get("type", "string")
    text = "2025-01-01T00:00:00Z" if schema.get("format") == "date-time" else "text"
    some: Object = {"object": dict(_required(schema)), "array": [], "integer": 1, "boolean": False}
    return some.get(kind if isinstance(kind, str) else kind[0], text)


def secret(
    name: str, *, created: str = "2025-01-01T00:00:00Z", updated: str = "2025-06-01T00:00:00Z", **more: Any
) -> Object:
    """An entry of a listing of secrets."""
    return {"name": name, "created_at": created, "updated_at": updated, **more}
