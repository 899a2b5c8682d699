"""Leak scans as JSON lines, as JSON and as text: the output of `keyproof leaks` and of the hook."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from keyproof.domain.leak import Coverage, Leak, LeakScan, Occurrence
from keyproof.report.visible import visible

SCHEMA = "keyproof.leaks/v1"


def render_jsonl(scans: Sequence[LeakScan]) -> str:
    """One object an occurrence, sorted by repository, path, line and detector; last line `{"coverage": …}`."""
    lines = [*_objects(scans), {"coverage": coverage(scans)}]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def render_json(scans: Sequence[LeakScan]) -> str:
    """The same objects in one document."""
    document = {"schema": SCHEMA, "leaks": list(_objects(scans)), "coverage": coverage(scans)}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def render_text(scans: Sequence[LeakScan]) -> str:
    """One line an occurrence, `path:line: what it is`, and a last paragraph on what was looked at."""
    lines = [_text(leak, place) for leak, place in _occurrences(scans)]
    return "\n".join([*lines, *([""] if lines else []), *_coverage_text(scans)]) + "\n"


def coverage(scans: Sequence[LeakScan]) -> dict[str, Any]:
    """What all scans together looked at; `repositories` holds each one's own when there are several."""
    parts = [scan.coverage for scan in sorted(scans, key=lambda scan: scan.coverage.repository)]
    if len(parts) == 1:
        return _coverage(parts[0])
    skipped: Counter[str] = Counter()
    for part in parts:
        skipped.update(part.blobs_skipped)
    total = {
        key: sum(_coverage(part)[key] for part in parts)
        for key in ("blobs_scanned", "blobs_cached", "bytes_scanned", "commits", "refs")
    }
    return {
        **total,
        "blobs_skipped": dict(sorted(skipped.items())),
        "shallow": any(part.shallow for part in parts),
        "partial": any(part.partial for part in parts),
        "problems": [problem for part in parts for problem in part.problems],
        "notes": [note for part in parts for note in part.notes],
        "complete": bool(parts) and all(part.complete for part in parts),
        "repositories": [_coverage(part) for part in parts],
    }


def _coverage(part: Coverage) -> dict[str, Any]:
    return {
        "repository": part.repository,
        "mode": part.mode,
        "blobs_scanned": part.blobs_scanned,
        "blobs_cached": part.blobs_cached,
        "blobs_skipped": dict(sorted(part.blobs_skipped.items())),
        "bytes_scanned": part.bytes_scanned,
        "commits": part.commits,
        "refs": part.refs,
        "shallow": part.shallow,
        "partial": part.partial,
        "problems": list(part.problems),
        "notes": list(part.notes),
        "complete": part.complete,
    }


def _occurrences(scans: Sequence[LeakScan]) -> list[tuple[Leak, Occurrence]]:
    pairs = [(leak, place) for scan in scans for leak in scan.leaks for place in leak.occurrences]
    return sorted(pairs, key=_order)


def _order(pair: tuple[Leak, Occurrence]) -> tuple[Any, ...]:
    leak, place = pair
    return (
        leak.repository, place.path, place.line, place.column, leak.detector, leak.fingerprint,
        place.where, place.blob or "", place.commit or "",
    )  # fmt: skip


def _objects(scans: Sequence[LeakScan]) -> Iterator[dict[str, Any]]:
    for leak, place in _occurrences(scans):
        yield {
            "repository": leak.repository,
            "detector": leak.detector,
            "title": leak.title,
            "path": place.path,
            "line": place.line,
            "column": place.column,
            "end_line": place.end_line,
            "where": place.where,
            "decoded": list(place.decoded),
            "blob": place.blob,
            "commit": place.commit,
            "author": place.author,
            "author_email": place.author_email,
            "introduced_at": _moment(place.introduced_at),
            "removed_at": _moment(place.removed_at),
            "in_head": place.in_head,
            "paths": sorted({other.path for other in leak.occurrences}),
            "commits": _commits(leak),
            "fingerprint": leak.fingerprint,
            "confidence": leak.confidence.value,
            "preview": leak.preview,
            "allowed": leak.allowed,
            "advice": leak.advice,
        }


def _commits(leak: Leak) -> list[str]:
    named = {commit for place in leak.occurrences for commit in place.commits}
    return sorted(named | {place.commit for place in leak.occurrences if place.commit})


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _text(leak: Leak, place: Occurrence) -> str:
    facts = [leak.confidence.value]
    if place.commit:
        by = f" by {visible(place.author)}" if place.author else ""
        on = f" on {place.introduced_at.astimezone(UTC):%Y-%m-%d}" if place.introduced_at else ""
        facts.append(f"introduced in {place.commit[:12]}{by}{on}")
    elif place.where != "history":
        facts.append(f"in the {place.where}")
    if place.decoded:
        facts.append(f"packed as {', '.join(place.decoded)}")
    if place.removed_at:
        facts.append(f"removed on {place.removed_at.astimezone(UTC):%Y-%m-%d}")
    if leak.allowed:
        facts.append(f"allowed by {leak.allowed}")
    facts.append(f"fingerprint {leak.fingerprint}")
    return f"{visible(place.path)}:{place.line}: {leak.title} [{leak.detector}] {', '.join(facts)}"


def _coverage_text(scans: Sequence[LeakScan]) -> Iterator[str]:
    for scan in sorted(scans, key=lambda scan: scan.coverage.repository):
        part = scan.coverage
        skipped = ", ".join(f"{number:,} {reason}" for reason, number in sorted(part.blobs_skipped.items()))
        yield (
            f"{visible(part.repository)} ({part.mode}): {part.blobs_scanned:,} blobs scanned, {part.blobs_cached:,} cached, "
            f"skipped: {skipped or 'none'}; {part.commits:,} commits, {part.refs:,} refs; "
            f"{'complete' if part.complete else 'NOT complete'}"
        )
        for problem in part.problems:
            yield f"  not looked at: {visible(problem)}"
        for note in part.notes:
            yield f"  note: {visible(note)}"
