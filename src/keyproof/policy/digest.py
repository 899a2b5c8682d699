"""Digests of effective content: the same meaning gives the same digest, however it is laid out."""

import json
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from pydantic import BaseModel

from keyproof.domain.policy import Framework, Waiver
from keyproof.domain.verdict import Severity
from keyproof.policy.layers import EffectivePack


def digest(content: Any) -> str:
    """sha256, hex, of `content` as JSON with sorted keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


def dumped(model: BaseModel) -> dict[str, Any]:
    """A document model as JSON data, without what was left unsaid."""
    return model.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def pack_content(pack: EffectivePack, filled: dict[str, Any]) -> dict[str, Any]:
    """What decides a pack's verdicts: classes in their order, rules by id with parameters filled in.

    File names, comments and the order of rules are left out; they change no verdict.
    """
    return {
        "metadata": dumped(pack.file.metadata),
        "classes": [dumped(placed.model) for placed in pack.classes.values()],
        "roles": {name: list(globs) for name, globs in pack.roles.items()},
        "rules": {
            name: {**dumped(placed.model), "with": filled.get(name, {})}
            for name, placed in pack.rules.items()
        },
        "disabled": dict(pack.disabled),
        "parameters": pack.parameters.values(),
    }


def framework_content(framework: Framework) -> dict[str, Any]:
    """A catalogue as JSON data."""
    return asdict(framework)


def waiver_content(waiver: Waiver) -> dict[str, Any]:
    """A waiver as JSON data, without the place it stands at."""
    return {
        "id": waiver.id,
        "rule": waiver.rule,
        "control": waiver.control,
        "select": waiver.selector.describe(),
        "reason": waiver.reason,
        "ticket": waiver.ticket,
        "requested-by": waiver.requested_by,
        "approved-by": list(waiver.approved_by),
        "from": waiver.starts.isoformat(),
        "until": waiver.until.isoformat(),
        "compensating-control": waiver.compensating_control,
        "quorum": {severity.value: waiver.limits.quorum[severity] for severity in Severity},
        "longest": {severity.value: waiver.limits.longest[severity].text for severity in Severity},
    }
