"""JSON Schemas of the files a person writes, so that editors complete and check them while typing."""

from collections.abc import Mapping
from typing import Any

from keyproof.check_model import CheckModel
from keyproof.policy.attestations import AttestationsDocument
from keyproof.policy.baseline import BaselineDocument
from keyproof.policy.case_document import PolicyTestDocument
from keyproof.policy.documents import PackDocument, WaiversDocument

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = {"type": "string", "pattern": r"\$\{[^}]*\}", "description": "A parameter of the pack."}


def pack_schema(checks: Mapping[str, type[CheckModel]]) -> dict[str, Any]:
    """The schema of a policy pack, `with:` typed by the check each rule names."""
    schema = PackDocument.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    rule = definitions["RuleDocument"]
    rule["properties"]["check"]["enum"] = sorted(checks)
    rule["allOf"] = []
    for kind, model in sorted(checks.items()):
        definitions[f"with-{kind}"] = _parameters(kind, model, definitions)
        rule["allOf"].append(_typed(kind, definitions[f"with-{kind}"]))
    definitions["ParameterReference"] = dict(_REFERENCE)
    return _finished(schema, "keyproof policy pack")


def waivers_schema() -> dict[str, Any]:
    """The schema of a waiver file."""
    schema = WaiversDocument.model_json_schema(by_alias=True)
    schema["$defs"]["WaiverDocument"]["allOf"] = [
        {"oneOf": [{"required": ["rule"]}, {"required": ["control"]}]},
        {"oneOf": [{"required": ["select"]}, {"required": ["fingerprint"]}]},
    ]
    return _finished(schema, "keyproof waivers")


def attestations_schema() -> dict[str, Any]:
    """The schema of an attestation file."""
    schema = AttestationsDocument.model_json_schema(by_alias=True)
    schema["$defs"]["AttestationDocument"]["oneOf"] = [{"required": ["rule"]}, {"required": ["control"]}]
    return _finished(schema, "keyproof attestations")


def baseline_schema() -> dict[str, Any]:
    """The schema of a baseline file."""
    return _finished(BaselineDocument.model_json_schema(by_alias=True), "keyproof baseline")


def policy_test_schema() -> dict[str, Any]:
    """The schema of a test file."""
    return _finished(PolicyTestDocument.model_json_schema(by_alias=True), "keyproof policy test")


def _parameters(kind: str, model: type[CheckModel], definitions: dict[str, Any]) -> dict[str, Any]:
    """The check's own schema, every value of which may be a `${parameter}` instead."""
    template = f"#/$defs/{kind}-{{model}}"
    schema = model.model_json_schema(by_alias=True, ref_template=template)
    for name, nested in schema.pop("$defs", {}).items():
        definitions[f"{kind}-{name}"] = _referable(nested)
    referable: dict[str, Any] = _referable(schema)
    return referable


def _referable(schema: Any) -> Any:
    """`schema` with a parameter allowed for every value below it, however deep."""
    match schema:
        case {"properties": dict(properties), **rest}:
            return {
                **_referable(rest),
                "properties": {name: _or_reference(p) for name, p in properties.items()},
            }
        case {"additionalProperties": dict(values), **rest}:
            return {**_referable(rest), "additionalProperties": _or_reference(values)}
        case {"items": dict(items), **rest}:
            return {**_referable(rest), "items": _or_reference(items)}
        case {"anyOf": list(options), **rest}:
            return {**rest, "anyOf": [_referable(option) for option in options]}
        case _:
            return schema


def _or_reference(schema: dict[str, Any]) -> dict[str, Any]:
    outer = {name: item for name, item in schema.items() if name in {"description", "default"}}
    inner = {name: item for name, item in schema.items() if name not in outer}
    return {"anyOf": [_referable(inner), {"$ref": "#/$defs/ParameterReference"}], **outer}


def _typed(kind: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    then: dict[str, Any] = {"properties": {"with": {"$ref": f"#/$defs/with-{kind}"}}}
    if parameters.get("required"):
        then["required"] = ["with"]
    return {"if": {"properties": {"check": {"const": kind}}, "required": ["check"]}, "then": then}


def _finished(schema: dict[str, Any], title: str) -> dict[str, Any]:
    return {"$schema": _DIALECT, **_tidied(schema), "title": title}


def _tidied(node: Any) -> Any:
    """Without what says nothing to a writer: a title of every field, and null for a key left out."""
    match node:
        case {"anyOf": [option, {"type": "null"}], **rest}:
            return _tidied({**option, **rest})
        case dict():
            return {
                name: _tidied_entry(name, child) for name, child in node.items() if not _empty(name, child)
            }
        case list():
            return [_tidied(item) for item in node]
        case _:
            return node


def _tidied_entry(name: str, child: Any) -> Any:
    """Below `properties` and `$defs` stand names of the language, which may be `title`."""
    if name in {"properties", "$defs"} and isinstance(child, dict):
        return {key: _tidied(item) for key, item in child.items()}
    return _tidied(child)


def _empty(name: str, child: Any) -> bool:
    return (name == "title" and isinstance(child, str)) or (name == "default" and child in (None, [], {}, ""))
