"""Reports of other scanners, read for their places alone: the secrets that stand in them are dropped at once."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from keyproof.domain.foreign import ForeignFinding
from keyproof.errors import ConfigError, Problem

_BROKEN = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def read_report(tool: str, path: Path, *, root: Path) -> tuple[ForeignFinding, ...]:
    """The findings of a report, each once and sorted; paths are told from `root`.

    `tool` is one of TOOLS. Raises ConfigError when the file cannot be read or is no such report.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        found = {_from(root, finding) for finding in TOOLS[tool](text)}
    except OSError as cause:
        raise _refused(path, cause.strerror or "cannot be read") from None
    except _BROKEN:
        raise _refused(path, f"is no report of {tool}") from None  # its text could quote a secret
    return tuple(sorted(found))


def _refused(path: Path, message: str) -> ConfigError:
    hint = f"write it as JSON; known are {', '.join(TOOLS)}"
    return ConfigError.of([Problem(path=str(path), message=message, hint=hint)])


def _from(root: Path, finding: ForeignFinding) -> ForeignFinding:
    path = Path(finding.path)
    if path.is_absolute():
        for folder in (root, root.resolve()):
            if path.is_relative_to(folder):
                path = path.relative_to(folder)
    return ForeignFinding(path=path.as_posix(), line=finding.line, commit=finding.commit, rule=finding.rule)


def _gitleaks(text: str) -> Iterator[ForeignFinding]:
    """An array of findings (`--report-format json`); null when there are none."""
    for one in json.loads(text) or ():
        yield ForeignFinding(
            path=one["File"], line=int(one["StartLine"]), commit=one.get("Commit", ""), rule=one["RuleID"]
        )


def _trufflehog(text: str) -> Iterator[ForeignFinding]:
    """One object a line (`--json`), among lines of its log."""
    for line in text.splitlines():
        one: Mapping[str, Any] = json.loads(line) if line.strip() else {"level": ""}
        if "level" in one and "SourceMetadata" not in one:
            continue
        (place,) = one["SourceMetadata"]["Data"].values()
        yield ForeignFinding(
            path=place["file"],
            line=int(place.get("line", 0)),
            commit=place.get("commit", ""),
            rule=one.get("DetectorName", ""),
        )


def _detect_secrets(text: str) -> Iterator[ForeignFinding]:
    """A baseline (`detect-secrets scan`): findings by file."""
    for path, findings in json.loads(text)["results"].items():
        for one in findings:
            yield ForeignFinding(path=path, line=int(one["line_number"]), rule=one["type"])


def _sarif(text: str) -> Iterator[ForeignFinding]:
    """SARIF 2.1.0 of any scanner; the commit where `partialFingerprints` or the run's version control name one."""
    for run in json.loads(text)["runs"]:
        revision = next(
            (one["revisionId"] for one in run.get("versionControlProvenance", ()) if "revisionId" in one), ""
        )
        for result in run["results"]:
            commit = result.get("partialFingerprints", {}).get("commitSha", revision)
            for location in result.get("locations", ()):
                yield _sarif_place(location["physicalLocation"], commit, result.get("ruleId", ""))


def _sarif_place(place: Mapping[str, Any], commit: str, rule: str) -> ForeignFinding:
    uri = urlsplit(place["artifactLocation"]["uri"])
    return ForeignFinding(
        path=unquote(uri.path),
        line=int(place.get("region", {}).get("startLine", 0)),
        commit=commit,
        rule=rule,
    )


TOOLS: Mapping[str, Callable[[str], Iterator[ForeignFinding]]] = {
    "detect-secrets": _detect_secrets,
    "gitleaks": _gitleaks,
    "sarif": _sarif,
    "trufflehog": _trufflehog,
}
