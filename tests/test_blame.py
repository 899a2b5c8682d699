"""Which commit last wrote each line, by git itself."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keyproof.blame import BlameError, blame
from tests.fakes.work_tree import commit, run

FIRST, SECOND = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC)
ENVIRON = {"PATH": os.environ["PATH"]}


def test_lines_and_their_commits(tmp_path: Path) -> None:
    path = tmp_path / "a file.txt"
    path.write_text("one\ntwo\n", encoding="utf-8")
    commit(tmp_path, FIRST)
    path.write_text("one\n2\nnot yet\n", encoding="utf-8")
    commit(tmp_path, SECOND)
    path.write_text("one\n2\n3\n", encoding="utf-8")
    found = blame(path, ENVIRON)
    assert {line: (one.at, one.first) for line, one in found.items()} == {
        1: (FIRST, True),
        2: (SECOND, False),
    }


def test_an_author_cannot_write_after_the_commit(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x\n", encoding="utf-8")
    run(tmp_path, "init", "-q")
    run(tmp_path, "add", "a")
    run(
        tmp_path, "commit", "-qm", "x",
        GIT_AUTHOR_DATE=SECOND.isoformat(), GIT_COMMITTER_DATE=FIRST.isoformat(),
    )  # fmt: skip
    assert blame(tmp_path / "a", ENVIRON)[1].at == FIRST


def test_a_repositorys_settings_neither_run_programs_nor_hide_commits(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x\n", encoding="utf-8")
    (tmp_path / ".gitattributes").write_text("* diff=evil\n", encoding="utf-8")
    commit(tmp_path, FIRST)
    run(tmp_path, "config", "diff.evil.textconv", f"touch {tmp_path}/ran; cat")
    run(tmp_path, "config", "core.fsmonitor", f"touch {tmp_path}/ran")
    run(tmp_path, "config", "blame.ignoreRevsFile", "ignored")
    (tmp_path / "ignored").write_text(run(tmp_path, "rev-parse", "HEAD"), encoding="utf-8")
    assert blame(path, {**ENVIRON, "GIT_DIR": "/nowhere"})[1].at == FIRST
    assert not (tmp_path / "ran").exists()


def test_what_git_cannot_tell(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x\n", encoding="utf-8")
    with pytest.raises(BlameError, match="not a git repository"):
        blame(tmp_path / "a", {**ENVIRON, "GIT_CEILING_DIRECTORIES": "/"})
    with pytest.raises(BlameError, match="git cannot be run"):
        blame(tmp_path / "a", {"PATH": "/nowhere"})
    run(tmp_path, "init", "-q")
    with pytest.raises(BlameError, match="HEAD"):
        blame(tmp_path / "a", ENVIRON)
