import json
from dataclasses import replace
from typing import Any

from inline_snapshot import snapshot

from keyproof.domain.leak import LeakScan
from keyproof.reporters import leaks
from tests.fakes.assessments import COVERAGE, PROVEN, SCAN, SHALLOW

PROMISED = {
    "detector", "path", "line", "column", "end_line", "blob", "commit", "author", "author_email", "introduced_at",
    "removed_at", "in_head", "paths", "commits", "fingerprint", "confidence", "preview", "allowed",
}  # fmt: skip
EMPTY = LeakScan(leaks=(), coverage=COVERAGE)
BROKEN = LeakScan(leaks=(), coverage=SHALLOW)


def lines(*scans: LeakScan) -> list[dict[str, Any]]:
    return [json.loads(line) for line in leaks.render_jsonl(scans).splitlines()]


def test_one_line_an_occurrence_and_the_coverage_last() -> None:
    *found, last = lines(SCAN)
    assert len(found) == 6
    assert all(set(entry) >= PROMISED for entry in found)
    assert list(last) == ["coverage"]
    assert last["coverage"]["complete"] is True
    assert last["coverage"]["blobs_scanned"] == 48_211


def test_an_occurrence_names_all_places_of_its_leak() -> None:
    entry = next(e for e in lines(SCAN) if e.get("path") == "deploy/release.sh")
    assert entry == snapshot(
        {
            "repository": "shop-api",
            "detector": "github-token",
            "title": "GitHub personal access token",
            "path": "deploy/release.sh",
            "line": 12,
            "column": 9,
            "end_line": 12,
            "where": "history",
            "decoded": [],
            "blob": "b10bb10bb10bb10bb10bb10bb10bb10bb10bb10b",
            "commit": "000c000c000c000c000c000c000c000c000c000c",
            "author": "Sam Field",
            "author_email": "sam@example.org",
            "introduced_at": "2025-11-04T16:20:00Z",
            "removed_at": "2025-11-05T08:02:00Z",
            "in_head": False,
            "paths": ["deploy/release.sh", "docs/<script>alert('owned')</script>.md"],
            "commits": [
                "000c000c000c000c000c000c000c000c000c000c",
                "0028002800280028002800280028002800280028",
            ],
            "fingerprint": "0a1b2c3d4e5f6071",
            "confidence": "proven",
            "preview": "github-token, 40 characters, ghp_",
            "allowed": None,
            "advice": "",
        }
    )


def test_occurrences_outside_history_have_no_commit() -> None:
    place = replace(
        PROVEN.occurrences[0], commit=None, commits=(), blob=None, introduced_at=None, removed_at=None, where="worktree"
    )  # fmt: skip
    scan = replace(SCAN, leaks=(replace(PROVEN, occurrences=(place,)),))
    entry = lines(scan)[0]
    assert (entry["commit"], entry["commits"], entry["introduced_at"], entry["where"]) == (
        None,
        [],
        None,
        "worktree",
    )
    assert "in the worktree" in leaks.render_text([scan])


def test_order_of_the_input_does_not_show() -> None:
    assert leaks.render_jsonl([BROKEN, SCAN]) == leaks.render_jsonl(
        [replace(SCAN, leaks=tuple(reversed(SCAN.leaks))), BROKEN]
    )


def test_several_repositories_are_complete_only_together() -> None:
    coverage = lines(SCAN, BROKEN)[-1]["coverage"]
    assert coverage["complete"] is False
    assert coverage["shallow"] is True
    assert coverage["blobs_scanned"] == 48_211 + 310
    assert coverage["blobs_skipped"] == {"excluded": 12, "missing": 4}
    assert [part["complete"] for part in coverage["repositories"]] == [False, True]


def test_nothing_scanned_is_never_complete() -> None:
    assert leaks.coverage([])["complete"] is False


def test_json_holds_the_same_objects() -> None:
    document = json.loads(leaks.render_json([SCAN]))
    *found, last = lines(SCAN)
    assert document == {"schema": "keyproof.leaks/v1", "leaks": found, **last}


def test_text() -> None:
    assert leaks.render_text([SCAN]) == snapshot("""\
README.md:88: Stripe secret key [stripe-secret-key] example, introduced in 005800580058 by Sam Field on 2024-08-01, fingerprint 1122334455667788
config/settings.py:31: PostgreSQL connection string [postgres-url] likely, introduced in 001f001f001f by Sam Field on 2026-02-11, fingerprint 9f8e7d6c5b4a3928
deploy/release.sh:12: GitHub personal access token [github-token] proven, introduced in 000c000c000c by Sam Field on 2025-11-04, removed on 2025-11-05, fingerprint 0a1b2c3d4e5f6071
docs/<script>alert('owned')</script>.md:40: GitHub personal access token [github-token] proven, introduced in 002800280028 by Sam Field on 2025-11-04, removed on 2025-11-20, fingerprint 0a1b2c3d4e5f6071
ops/notify.rb:7: Slack webhook [slack-webhook] proven, introduced in 000700070007 by Sam Field on 2023-02-03, packed as base64, removed on 2024-02-01, fingerprint 5566778899aabbcc
tests/fixtures/users.json:5: Generic secret assignment [generic-assignment] likely, introduced in 000500050005 by Sam Field on 2025-06-18, allowed by inline marker `keyproof:allow`, fingerprint aabbccddeeff0011

shop-api (history): 48,211 blobs scanned, 0 cached, skipped: 12 excluded; 6,402 commits, 37 refs; complete
  note: the submodule vendor/tool is a repository of its own
""")
    assert leaks.render_text([BROKEN]) == snapshot("""\
legacy-batch (history): 310 blobs scanned, 0 cached, skipped: 4 missing; 1 commits, 1 refs; NOT complete
  not looked at: the clone is shallow; run `git fetch --unshallow`
""")


def test_a_path_cannot_command_a_terminal() -> None:
    place = replace(PROVEN.occurrences[0], path="a\x1b[2J\nb")
    scan = replace(EMPTY, leaks=(replace(PROVEN, occurrences=(place,)),))
    assert leaks.render_text([scan]).startswith("a[U+001B][2J[U+000A]b:12: ")
