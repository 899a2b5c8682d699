"""JSON Schemas of the files a person writes, so that editors complete and check them while typing."""

from collections.abc import Mapping
from typing import Any

from keyproof.check_model import CheckModel
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


def _parameters(kind: str, model: type[CheckModel], definitions: dict[str, Any]) -> dict[str, Any]:
    """The check's own schema, every value of which may be a `${parameter}` instead."""
    template = f"#/$defs/{kind}-{{model}}"
    schema = model.model_json_schema(by_alias=True, ref_template=template)
    for name, nested in schema.pop("$defs", {}).items():
        definitions[f"{kind}-{name}"] = _referable(nested)
    return _referable(schema)


def _referable(schema: dict[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return schema
    reference = {"$ref": "#/$defs/ParameterReference"}
    return {
        **schema,
        "properties": {name: {"anyOf": [entry, reference]} for name, entry in properties.items()},
    }


def _typed(kind: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    then: dict[str, Any] = {"properties": {"with": {"$ref": f"#/$defs/with-{kind}"}}}
    if parameters.get("required"):
        then["required"] = ["with"]
    return {"if": {"properties": {"check": {"const": kind}}, "required": ["check"]}, "then": then}


def _finished(schema: dict[str, Any], title: str) -> dict[str, Any]:
    """With a dialect and a title, and without pydantic's title of every field, which says nothing new."""
    return {"$schema": _DIALECT, **_untitled(schema), "title": title}


def _untitled(node: Any) -> Any:
    match node:
        case dict():
            return {
                name: {key: _untitled(item) for key, item in child.items()}
                if name in {"properties", "$defs"} and isinstance(child, dict)
                else _untitled(child)
                for name, child in node.items()
                if not (name == "title" and isinstance(child, str))
            }
        case list():
            return [_untitled(item) for item in node]
        case _:
            return node
