"""A JSON result (`keyproof.assessment/v1`) as an assessment again, to be rendered in another format."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from keyproof.domain.assessment import (
    Assessment,
    ControlResult,
    RunInfo,
    Scope,
    SourceRecord,
    SubjectRecord,
    Summary,
    WaiverRecord,
)
from keyproof.domain.baseline import BaselineRecord
from keyproof.domain.duration import parse_duration
from keyproof.domain.finding import Finding
from keyproof.domain.leak import Leak
from keyproof.domain.policy import Framework, PolicyPack
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.subject import Document, Repository, Subject
from keyproof.errors import ConfigError, Problem
from keyproof.report.result import SCHEMA, Result
from keyproof.store.codec import Decoder, encode

_DECODER = Decoder()
_LEAK_ID = "leak://"


def load_result(path: Path) -> Assessment:
    """Read what `--format json` wrote; everything the format holds comes back. Raises ConfigError."""
    try:
        checked = Result.model_validate_json(path.read_bytes())
    except OSError as cause:
        raise _refused(path, cause.strerror or "cannot be read") from None
    except ValidationError as cause:
        first = cause.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _refused(path, f"is no {SCHEMA} result: {where or 'its start'}: {first['msg']}") from None
    return _assessment(_without_null_commits(checked.model_dump(mode="json", by_alias=True)))


def _refused(path: Path, message: str) -> ConfigError:
    hint = "name a file written by --format json, or a run of the ledger"
    return ConfigError.of([Problem(path=str(path), message=message, hint=hint)])


def _without_null_commits(data: Any) -> Any:
    """The format writes null where a place in a file has no commit, the domain an empty text."""
    if isinstance(data, list):
        return [_without_null_commits(item) for item in data]
    if not isinstance(data, dict):
        return data
    cleaned = {name: _without_null_commits(item) for name, item in data.items()}
    if cleaned.keys() == {"path", "line", "commit"} and cleaned["commit"] is None:
        cleaned["commit"] = ""
    return cleaned


def _assessment(data: Mapping[str, Any]) -> Assessment:
    leaks = Counter(
        _repository_of(subject["id"]) for subject in data["subjects"] if subject["leak"] is not None
    )
    packs = _decoded(tuple[PolicyPack, ...], [_pack(pack, data) for pack in data["packs"]])
    frameworks = [
        {**one, "controls": [c for c in data["controls"] if c["framework"] == one["id"]]}
        for one in data["frameworks"]
    ]
    run = {**data["run"], "version": data["run"]["tool"]["version"]}
    return Assessment(
        run=_decoded(RunInfo, run),
        packs=packs,
        sources=_decoded(tuple[SourceRecord, ...], data["sources"]),
        scopes=_decoded(tuple[Scope, ...], data["scopes"]),
        subjects=tuple(_record(subject, leaks) for subject in data["subjects"]),
        findings=_decoded(tuple[Finding, ...], data["findings"]),
        controls=_decoded(
            tuple[ControlResult, ...], [{**control, "control": control} for control in data["controls"]]
        ),
        waivers=_decoded(tuple[WaiverRecord, ...], [{**one, "waiver": one} for one in data["waivers"]]),
        summary=_decoded(
            Summary, {**data["summary"], "passed": data["summary"]["pass"], "failed": data["summary"]["fail"]}
        ),
        frameworks=_decoded(tuple[Framework, ...], frameworks),
        baseline=_decoded(tuple[BaselineRecord, ...], [{**one, "entry": one} for one in data["baseline"]]),
    )


def _decoded(wanted: Any, data: Any) -> Any:
    return _DECODER.plain(wanted, data)


def _record(data: Mapping[str, Any], leaks: Mapping[str, int]) -> SubjectRecord:
    return SubjectRecord(subject=_subject(data, leaks), secret_class=data["class"], priority=data["priority"])


def _subject(data: Mapping[str, Any], leaks: Mapping[str, int]) -> Subject:
    found: Subject
    if leak := data["leak"]:
        more = {"repository": _repository_of(data["id"]), "secret_class": data["class"]}
        found = _decoded(Leak, {**data, **leak, **more})
    elif document := data["document"]:
        found = _decoded(Document, {**data, **_document(document)})
    elif data["coverage"]:
        found = _decoded(Repository, {**data, "leaks": leaks[data["name"]]})
    else:
        rotation = data["rotation"]
        if rotation is not None:
            days = rotation["interval_days"]
            rotation = {**rotation, "interval": None if days is None else encode(timedelta(days=days))}
        found = _decoded(SecretMetadata, {**data, "rotation": rotation})
    return found


def _repository_of(leak: str) -> str:
    return leak.removeprefix(_LEAK_ID).rpartition("/")[0]


def _document(data: Mapping[str, Any]) -> dict[str, Any]:
    every = data["review_every"]
    return {**data, "review_every": None if every is None else encode(parse_duration(every))}


def _pack(data: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """A pack, whose document stands among the subjects with its name and place."""
    document = _document(data["document"])
    subject: Mapping[str, Any] = next(
        (one for one in whole["subjects"] if one["id"] == f"policy://{document['pack']}"), {}
    )
    named = {"name": subject.get("name", data["title"]), "owner": subject.get("owner", "")}
    rules = [
        {**rule, "pack": data["id"], "check": {"kind": rule["check"], "parameters": rule["parameters"]}}
        for rule in data["rules"]
    ]
    place = subject.get("place")
    return {**data, "document": {**named, **document, "place": place}, "rules": rules}
