"""Every file that repeats what the code says: schemas and the reference, written from the models."""

import inspect
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from keyproof import config
from keyproof.policy.case_document import CaseDocument, PolicyTestDocument
from keyproof.policy.given import GivenDocument
from keyproof.policy.schema import (
    attestations_schema,
    baseline_schema,
    pack_schema,
    policy_test_schema,
    waivers_schema,
)
from keyproof.policy.subjects import DocumentDocument, LeakDocument, RepositoryDocument, SecretDocument
from keyproof.report import result
from keyproof.wiring import frameworks
from keyproof.wiring.catalog import CHECKS, COLLECTORS


def files() -> Mapping[Path, str]:
    """Path below the checkout → the text it must hold; a test compares, `make schemas` writes."""
    return {
        Path("policies/schema/attestations.schema.json"): _json(attestations_schema()),
        Path("policies/schema/baseline.schema.json"): _json(baseline_schema()),
        Path("policies/schema/policy-pack.schema.json"): _json(pack_schema(CHECKS)),
        Path("policies/schema/policy-test.schema.json"): _json(policy_test_schema()),
        Path("policies/schema/waivers.schema.json"): _json(waivers_schema()),
        Path("policies/schema/config.schema.json"): _json(config.schema()),
        Path("reports/schema/assessment.v1.schema.json"): _json(result.json_schema()),
        Path("docs/reference/checks.md"): _checks(),
        Path("docs/reference/collectors.md"): _collectors(),
        Path("docs/reference/frameworks.md"): frameworks.page(),
        Path("docs/reference/policy-tests.md"): _policy_tests(),
    }


def _json(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def _checks() -> str:
    parts = [
        "# Checks",
        "",
        "How a rule can be decided: `check:` names one, `with:` holds its parameters.",
        "",
    ]
    for kind, check in sorted(CHECKS.items()):
        subjects = ", ".join(sorted(subject.value for subject in check.subjects))
        parts += [f"## {kind}", "", _text(check), ""]
        parts += [
            f"Judges: {subjects}. Severity unless the rule states one: {check.base_severity}, weighed.",
            "",
        ]
        parts += _parameters(check)
    return "\n".join(parts).rstrip() + "\n"


def _collectors() -> str:
    parts = [
        "# Collectors",
        "",
        "What `sources:` in keyproof.yaml can read. None of them ever asks for a value.",
        "",
    ]
    for kind, collector in sorted(COLLECTORS.items()):
        parts += [f"## {kind}", "", _text(collector), ""]
        parts += _parameters(collector.Config)
        if collector.permissions:
            parts += ["Needs exactly these rights:", ""]
            parts += [f"- `{permission}`" for permission in collector.permissions]
            parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _policy_tests() -> str:
    """Every key of a test file."""
    models: Mapping[str, type[BaseModel]] = {
        "The file": PolicyTestDocument,
        "A case": CaseDocument,
        "secret": SecretDocument,
        "leak": LeakDocument,
        "repository": RepositoryDocument,
        "document": DocumentDocument,
        "attestation": GivenDocument,
    }
    parts = [
        "# Policy tests",
        "",
        "Cases beside a pack, for `house.yaml` in `house.test.yaml`; `keyproof policy test` runs them.",
        "",
        "[How to test a policy](../how-to/test-a-policy.md) shows them at work.",
        "",
    ]
    for title, model in models.items():
        parts += [f"## {title}", "", _text(model), "", *_parameters(model)]
    return "\n".join(parts).rstrip() + "\n"


def _text(documented: object) -> str:
    """The docstring, with its lines joined to paragraphs."""
    paragraphs = (inspect.getdoc(documented) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _parameters(model: type[BaseModel]) -> list[str]:
    schema = model.model_json_schema(by_alias=True)
    properties: dict[str, dict[str, Any]] = schema.get("properties", {})
    if not properties:
        return ["No parameters.", ""]
    required = set(schema.get("required", ()))
    rows = [
        f"| `{name}` | {_type(entry, schema)} | {_default(name, entry, required)} | {_cell(entry.get('description', ''))} |"
        for name, entry in properties.items()
    ]
    return ["| parameter | type | default | meaning |", "|---|---|---|---|", *rows, ""]


def _default(name: str, entry: Mapping[str, Any], required: Iterable[str]) -> str:
    if name in required:
        return "required"
    default = entry.get("default")
    return "" if default in (None, "", [], {}) else f"`{_cell(json.dumps(default))}`"


def _type(entry: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "$ref" in entry:
        entry = schema["$defs"][entry["$ref"].rsplit("/", 1)[-1]]
    if "enum" in entry:
        return " \\| ".join(f"`{value}`" for value in entry["enum"])
    if "anyOf" in entry:
        kinds = dict.fromkeys(
            _type(option, schema) for option in entry["anyOf"] if option.get("type") != "null"
        )
        return "duration" if "90d" in json.dumps(entry) else " or ".join(kinds)
    if entry.get("type") == "array":
        return f"list of {_type(entry.get('items', {}), schema) or 'values'}"
    return str(entry.get("type", "value"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
