"""Made-up servers of small stores, held to what their makers publish of requests and answers."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from tests.fakes.rest_server import Answering, Asked, Said

_TABLE = Path(__file__).parents[1] / "data/published/operations.json"


@cache
def operations(kind: str) -> Mapping[str, Any]:
    """Operation, with `{}` for what differs → its query parameters and the schema of its answer."""
    found: Mapping[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))[kind]
    return found


@cache
def _validator(kind: str, operation: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(operations(kind)[operation]["schema"])


def operation_of(kind: str, asked: Asked) -> str:
    """The published operation that was asked; empty for none."""
    request = f"{asked.method} {asked.target.partition('?')[0]}"
    for operation in operations(kind):
        if re.fullmatch(operation.replace("{}", "[^/]+"), request):
            return operation
    return ""


def published(kind: str, answering: Answering) -> Answering:
    """`answering`, which fails when it is asked or says what the maker does not publish."""

    def held(asked: Asked) -> Said:
        operation = operation_of(kind, asked)
        assert operation, f"{kind} publishes no {asked.method} {asked.target}"
        assert set(asked.query) <= set(operations(kind)[operation]["query"])
        said = answering(asked)
        if said.status < 300:
            _validator(kind, operation).validate(said.body)
        return said

    return held
