"""Each format against what its owner publishes: a schema, or the models and parsers of a program that reads it."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator
from lxml import etree
from oscal_bindings import AssessmentResultsDocument
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

from keyproof.report import result

_DATA = Path(__file__).parents[1] / "data"


@cache
def schema(name: str) -> Any:
    """A schema of tests/data/schemas."""
    return json.loads((_DATA / "schemas" / name).read_text(encoding="utf-8"))


def _by_schema(name: str) -> Callable[[str], None]:
    return lambda text: Draft7Validator(schema(name)).validate(json.loads(text))


def _junit(text: str) -> None:
    etree.XMLSchema(etree.parse(str(_DATA / "junit-10.xsd"))).assertValid(etree.fromstring(text.encode()))


def _ocsf(text: str) -> None:
    for event in json.loads(text):
        ComplianceFinding.model_validate(event)


def _openmetrics(text: str) -> None:
    assert list(openmetrics(text))  # type: ignore[no-untyped-call]  # its parser has no types


def _result(text: str) -> None:
    Draft202012Validator(result.json_schema()).validate(json.loads(text))


VALIDATORS: Mapping[str, Callable[[str], object]] = {
    "gitlab": _by_schema("gitlab-secret-detection-15.json"),
    "gitlab-code-quality": _by_schema("gitlab-code-quality.json"),
    "json": _result,
    "junit": _junit,
    "ocsf": _ocsf,
    "oscal": lambda text: AssessmentResultsDocument.model_validate(json.loads(text)),
    "prometheus": _openmetrics,
    "sarif": _by_schema("sarif-2.1.0.json"),
    "sarif-github": _by_schema("sarif-2.1.0.json"),
}


def validate(name: str, text: str) -> None:
    """Raise when `text` is not what the format's owner asks for; formats without an owner pass."""
    VALIDATORS.get(name, str)(text)
