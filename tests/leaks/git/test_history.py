"""Every trap that hides a secret from scanners of git history plants one here, and it is found."""

from contextlib import suppress
from pathlib import Path

import pytest

from keyproof.domain.leak import LeakScan
from keyproof.leaks.source import Mode
from tests.fakes.repositories import GitRepository, PlannedCommit, PlannedHistory, run
from tests.leaks.git.searching import Watch, found, leak, occurrence, paths, search

A, B, C = "tok_aaaaaaaa", "tok_bbbbbbbb", "tok_cccccccc"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = GitRepository.create(tmp_path / "r")
    made.commit({"readme": "nothing here"})
    return made


def executable(path: Path, trace: Path) -> str:
    path.write_text(f"#!/bin/sh\necho ran >> '{trace}'\ncat \"$1\" | tr a-z A-Z\n")
    path.chmod(0o755)
    return str(path)


def complete(scan: LeakScan) -> LeakScan:
    assert scan.coverage.complete, scan.coverage.problems
    return scan


def test_a_file_that_an_attribute_declares_binary(repository: GitRepository) -> None:
    repository.commit({".gitattributes": "*.env -diff\n", "app.env": A})
    (repository.path / ".git" / "info" / "attributes").write_text("*.key binary\n")
    repository.commit({"app.key": B})
    assert found(complete(search(repository)), A, B) == {A, B}


def test_nothing_the_repository_configures_is_run(repository: GitRepository, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    program = executable(tmp_path / "program", trace)
    hook = repository.path / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    executable(hook, trace)
    repository.write(".gitattributes", "*.env diff=hide filter=hide\n")
    repository.commit({"app.env": A, "sub/app.env": "clean"})
    for setting in (
        "diff.hide.textconv", "diff.external", "diff.hide.command", "filter.hide.clean", "filter.hide.smudge",
        "filter.hide.process", "core.fsmonitor", "core.pager", "core.sshCommand", "core.alternateRefsCommand",
        "credential.helper", "core.askPass", "core.editor", "gpg.program", "uploadpack.packObjectsHook",
    ):  # fmt: skip
        repository.git("config", setting, program)
    repository.git("config", "core.hooksPath", str(hook.parent))
    repository.git("config", "filter.hide.required", "true")
    repository.write("app.env", f"changed {B}")
    repository.write("new.env", C)
    trace.unlink(missing_ok=True)
    assert found(complete(search(repository)), A, B, C) == {A, B, C}
    assert found(search(repository, Mode.STAGED), A) == set()
    assert not trace.exists()
    with suppress(AssertionError):  # the trap makes a poor monitor
        run("status", cwd=repository.path, environ=repository.environ)
    assert trace.exists(), "the traps were set"


def test_a_symlink_that_became_a_file(repository: GitRepository) -> None:
    (repository.path / "link").symlink_to("readme")
    repository.git("add", "link")
    repository.commit()
    (repository.path / "link").unlink()
    commit = repository.commit({"link": A})
    assert occurrence(complete(search(repository)), A).commit == commit


def test_the_stash_with_its_index_and_untracked_files(repository: GitRepository) -> None:
    repository.add({"staged": A})
    repository.write("readme", B)
    repository.write("untracked", C)
    repository.git("stash", "push", "--quiet", "--include-untracked", env=repository.dates())
    scan = complete(search(repository))
    assert found(scan, A, B, C) == {A, B, C}
    assert {(place.path, place.where) for one in scan.leaks for place in one.occurrences} == {
        ("staged", "history"), ("readme", "history"), ("untracked", "history"),
    }  # fmt: skip


def test_an_earlier_stash_stands_only_in_a_reflog(repository: GitRepository) -> None:
    for content in (A, B):
        repository.write("readme", content)
        repository.git("stash", "push", "--quiet", env=repository.dates())
    scan = complete(search(repository))
    assert (occurrence(scan, A).where, occurrence(scan, B).where) == ("history", "history")


def test_an_object_hidden_by_a_replace_ref(repository: GitRepository) -> None:
    commit = repository.commit({"f": A})
    repository.git("replace", repository.git("rev-parse", "HEAD:f"), repository.blob(b"clean"))
    assert occurrence(complete(search(repository)), A).commit == commit


def test_a_commit_hidden_by_a_replace_ref(repository: GitRepository) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.commit({"f": A})
    repository.git("replace", "HEAD", base)
    assert occurrence(complete(search(repository)), A).in_head


def test_a_commit_hidden_by_a_graft(repository: GitRepository) -> None:
    first = repository.commit({"f": A})
    last = repository.commit({"f": "clean"})
    (repository.path / ".git" / "info" / "grafts").write_text(f"{last}\n")
    assert occurrence(complete(search(repository)), A).commit == first


def test_a_commit_that_was_amended_away(repository: GitRepository) -> None:
    lost = repository.commit({"f": A})
    repository.commit({"f": "clean"}, options=["--amend"])
    assert occurrence(complete(search(repository)), A).commit == lost


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16(repository: GitRepository, codec: str) -> None:
    mark = "\ufeff".encode(codec)
    repository.commit({"f": mark + f"first\r\n{A}\r\n".encode(codec)})
    assert occurrence(complete(search(repository)), A).line == 2


def test_settings_that_change_what_git_prints(repository: GitRepository) -> None:
    for setting, value in {
        "diff.noprefix": "true", "color.ui": "always", "color.diff": "always", "core.quotePath": "true",
        "core.abbrev": "4", "log.showSignature": "true", "diff.renames": "copies", "core.logAllRefUpdates": "false",
        "log.date": "relative", "i18n.logOutputEncoding": "utf-16", "diff.ignoreSubmodules": "all",
        "status.showUntrackedFiles": "no", "core.worktree": "/", "log.excludeDecoration": "*",
    }.items():  # fmt: skip
        repository.git("config", setting, value)
    repository.write("untracked", C)
    run("update-index", "--add", "--cacheinfo", f"100644,{repository.blob(B.encode())},staged",
        cwd=repository.path, environ={**repository.environ, "GIT_WORK_TREE": "."})  # fmt: skip
    scan = search(repository)
    assert (occurrence(scan, B).where, occurrence(scan, C).where) == ("index", "worktree")


@pytest.mark.parametrize(
    "name",
    [
        b"line\nbreak", b"a tab\there", b'quo"te', b"back\\slash", "ünï/cödé".encode(), b"this and that",
        b" leading", b"trailing ", b"-option", b"--all", b"a:b", b"*?[x]", b"b/ and a/ b", "🔑".encode(),
    ],
)  # fmt: skip
def test_paths_that_confuse_parsers(repository: GitRepository, name: bytes) -> None:
    commit = repository.commit({name: f"x\n{A}"})
    scan = complete(search(repository))
    assert (occurrence(scan, A).path, occurrence(scan, A).commit) == (name.decode(), commit)


def test_a_path_that_is_not_utf_8(repository: GitRepository) -> None:
    repository.commit({b"caf\xe9": A})
    assert paths(complete(search(repository)), A) == ["caf\\xe9"]


def test_one_blob_under_several_paths(repository: GitRepository) -> None:
    repository.commit({"one": A, "two/three": A})
    assert paths(complete(search(repository)), A) == ["one", "two/three"]


def test_lines_that_end_with_carriage_returns(repository: GitRepository) -> None:
    repository.commit({"f": f"one\r\ntwo\r\nk = {A}\r\n"})
    place = occurrence(complete(search(repository)), A)
    assert (place.line, place.column) == (3, 5)


def test_lines_that_look_like_a_diff(repository: GitRepository) -> None:
    repository.commit({"f": f"--- a/f\n+++ b/g\n@@ -1 +1 @@\n++ {A}\n"})
    assert occurrence(complete(search(repository)), A).line == 4


def test_a_very_long_line_and_binary_content(repository: GitRepository) -> None:
    repository.commit({"long": b"x" * 200_000 + A.encode(), "binary": b"\0\1\2" + B.encode() + b"\0" * 5000})
    assert found(complete(search(repository)), A, B) == {A, B}


def test_a_blob_that_only_the_object_store_has(repository: GitRepository) -> None:
    blob = repository.blob(f"\n{A}".encode())
    place = occurrence(complete(search(repository)), A)
    assert (place.path, place.line, place.blob, place.where, place.commit) == (
        blob, 2, blob, "unreachable", None,
    )  # fmt: skip


def test_a_tag_at_a_blob_and_a_tag_at_a_tree(repository: GitRepository) -> None:
    repository.git("tag", "secret-file", repository.blob(A.encode()))
    tree = repository.git("mktree", feed=b"100644 blob %s\tname\n" % repository.blob(B.encode()).encode())
    repository.git("tag", "-a", "-m", "a tree", "secret-tree", tree, env=repository.dates())
    scan = complete(search(repository))
    assert (occurrence(scan, A).path, occurrence(scan, A).where) == ("refs/tags/secret-file", "tag")
    assert (occurrence(scan, B).path, occurrence(scan, B).where) == ("refs/tags/secret-tree:name", "tag")


def test_an_annotated_tag_message(repository: GitRepository) -> None:
    repository.git("tag", "-a", "-m", f"Release\n\nwith {A}", "v1", env=repository.dates())
    place = occurrence(complete(search(repository)), A)
    assert (place.path, place.line, place.where, place.author) == ("refs/tags/v1", 3, "tag", "Ann Author")
    assert place.introduced_at is not None


def test_a_commit_message(repository: GitRepository) -> None:
    first = repository.commit({}, message=f"Fix\n\nuse {A} instead")
    second = repository.commit({}, message=f"Again {A}")
    place = occurrence(complete(search(repository)), A)
    assert (place.path, place.line, place.where, place.in_head) == (first, 3, "commit-message", True)
    assert place.commits == (first, second)


def test_a_commit_message_that_was_amended_away(repository: GitRepository) -> None:
    lost = repository.commit({}, message=A)
    repository.commit({}, options=["--amend"], message="better")
    place = occurrence(complete(search(repository)), A)
    assert (place.path, place.in_head, place.where) == (lost, False, "commit-message")


def test_a_note(repository: GitRepository) -> None:
    repository.git("notes", "add", "-m", f"remember {A}", "HEAD", env=repository.dates())
    place = occurrence(complete(search(repository)), A)
    head = repository.git("rev-parse", "HEAD")
    assert (place.where, place.line) == ("note", 1)
    assert place.path.replace("/", "") == f"refs/notes/commits:{head}".replace("/", "")


def test_what_is_staged_and_what_lies_in_the_work_tree(repository: GitRepository) -> None:
    repository.commit({"kept": A})
    repository.add({"staged": B})
    repository.write("readme", f"\n{C}")
    repository.write("copy", A)
    repository.write("ignored", "tok_dddddddd")
    repository.write(".gitignore", "ignored\n")
    scan = complete(search(repository))
    assert (occurrence(scan, B).where, occurrence(scan, C).where) == ("index", "worktree")
    assert [(one.path, one.where) for one in leak(scan, A).occurrences] == [
        ("copy", "worktree"), ("kept", "history"),
    ]  # fmt: skip
    assert not found(scan, "tok_dddddddd")


def test_a_work_tree_link_out_of_the_repository_is_not_followed(
    repository: GitRepository, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f").write_text(A)
    repository.commit({"dir/f": "clean"})
    (repository.path / "dir" / "f").unlink()
    (repository.path / "dir").rmdir()
    (repository.path / "dir").symlink_to(tmp_path / "outside")
    (repository.path / "g").symlink_to(tmp_path / "outside" / "f")
    scan = complete(search(repository))
    assert not scan.leaks
    assert scan.coverage.blobs_skipped == {"excluded": 3}


def test_what_a_work_tree_deletes_is_no_gap(repository: GitRepository) -> None:
    repository.commit({"f": "f"})
    (repository.path / "f").unlink()
    complete(search(repository))


def test_an_empty_repository(tmp_path: Path) -> None:
    scan = complete(search(GitRepository.create(tmp_path / "r")))
    assert (scan.leaks, scan.coverage.commits, scan.coverage.refs) == ((), 0, 0)


def test_an_unborn_branch_with_something_staged(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.add({"f": A})
    assert occurrence(complete(search(repository)), A).where == "index"


def test_a_detached_head(repository: GitRepository) -> None:
    repository.commit({"f": A})
    repository.commit({"f": "clean"})
    repository.git("switch", "--quiet", "--detach", "HEAD~1")
    assert occurrence(complete(search(repository)), A).in_head


def test_a_commit_only_a_linked_worktree_is_at(repository: GitRepository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    linked = repository.at(tmp_path / "linked")
    commit = linked.commit({"f": A})
    for logs in repository.path.rglob("logs/HEAD"):
        logs.unlink()
    outside, inside = occurrence(search(repository), A), occurrence(search(linked), A)
    assert (outside.where, outside.commit, outside.in_head) == ("history", commit, False)
    assert (inside.where, inside.commit, inside.in_head) == ("history", commit, True)


def test_a_submodule_is_searched_by_itself_and_named_by_its_parent(
    repository: GitRepository, tmp_path: Path
) -> None:
    inner = GitRepository.create(tmp_path / "inner")
    inner.commit({"f": A})
    repository.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.path), "libs/inner"
    )
    repository.commit()
    scan = complete(search(repository))
    assert not found(scan, A)
    assert scan.coverage.blobs_skipped == {"excluded": 1}
    assert "libs/inner is a submodule" in scan.coverage.notes[0]
    assert (repository.path / "libs" / "inner" / ".git").is_file()
    assert occurrence(complete(search(repository.at(repository.path / "libs" / "inner"))), A).in_head


def test_a_repository_inside_the_work_tree_is_named(repository: GitRepository) -> None:
    GitRepository.create(repository.path / "nested").commit({"f": A})
    scan = complete(search(repository))
    assert not scan.leaks
    assert "nested/ is a repository of its own" in scan.coverage.notes[0]


def test_a_bare_repository(repository: GitRepository, tmp_path: Path) -> None:
    commit = repository.commit({"f": A})
    bare = repository.clone(tmp_path / "bare", "--bare")
    assert occurrence(complete(search(bare)), A).commit == commit


def test_a_git_folder_named_itself(repository: GitRepository) -> None:
    repository.commit({"f": A})
    assert occurrence(complete(search(repository.at(repository.path / ".git"))), A).in_head


def test_a_sha_256_repository(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r", "--object-format=sha256")
    commit = repository.commit({"dir/f": A})
    repository.add({"staged": B})
    repository.write("untracked", C)
    scan = complete(search(repository))
    assert (occurrence(scan, A).commit, len(commit)) == (commit, 64)
    assert found(scan, A, B, C) == {A, B, C}


def test_packed_objects(repository: GitRepository) -> None:
    for number in range(20):
        repository.commit({"f": "line\n" * 200 + f"{number}\n" + (A if number == 7 else "")})
    repository.git("repack", "-a", "-d", "-f", "--quiet", "--depth=50")
    repository.git("pack-refs", "--all")
    place = occurrence(complete(search(repository)), A)
    assert place.line == 202


def test_objects_of_alternates(repository: GitRepository, tmp_path: Path) -> None:
    commit = repository.commit({"f": A})
    repository.blob(B.encode())
    borrower = repository.clone(tmp_path / "borrower", "--shared")
    alternates = borrower.path / ".git" / "objects" / "info" / "alternates"
    alternates.write_text(f"{repository.path}/.git/objects\n")
    scan = complete(search(borrower))
    assert (occurrence(scan, A).commit, occurrence(scan, B).where) == (commit, "unreachable")


def test_a_shallow_clone_is_incomplete(repository: GitRepository, tmp_path: Path) -> None:
    repository.commit({"f": A})
    repository.commit({"f": "clean"})
    shallow = repository.clone(tmp_path / "shallow", "--depth=1")
    scan = search(shallow)
    assert (scan.leaks, scan.coverage.shallow, scan.coverage.complete) == ((), True, False)
    assert scan.coverage.problems == (
        "the history of this shallow clone ends at 1 commit; run `git fetch --unshallow`",
    )
    shallow.git("fetch", "--quiet", "--unshallow")
    assert found(complete(search(shallow)), A) == {A}


def test_a_partial_clone_is_incomplete_and_nothing_is_fetched(
    repository: GitRepository, tmp_path: Path
) -> None:
    repository.commit({"f": A})
    repository.commit({"f": "clean"})
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    partial = repository.clone(tmp_path / "partial", "--filter=blob:none")
    before = sorted((partial.path / ".git").rglob("*"))
    scan = search(partial)
    assert (scan.leaks, scan.coverage.partial, scan.coverage.complete) == ((), True, False)
    assert scan.coverage.blobs_skipped == {"missing": 1}
    assert "git fetch --refetch --no-filter" in scan.coverage.problems[0]
    assert sorted((partial.path / ".git").rglob("*")) == before
    # Refetching starts maintenance in the background, which takes packs away under a search.
    partial.git("-c", "maintenance.auto=false", "fetch", "--quiet", "--refetch", "--no-filter")
    assert found(complete(search(partial)), A) == {A}


def test_a_partial_clone_without_trees(repository: GitRepository, tmp_path: Path) -> None:
    repository.commit({"d/f": A})
    repository.commit({"d/f": "clean"})
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    scan = search(repository.clone(tmp_path / "partial", "--filter=tree:0"))
    assert (scan.coverage.partial, scan.coverage.complete) == (True, False)


@pytest.mark.parametrize("damage", [b"", b"not an object at all", None])
def test_a_damaged_object_is_named_and_the_rest_found(
    repository: GitRepository, damage: bytes | None
) -> None:
    repository.commit({f"f{number}": f"{'x' * 3000}{number}" for number in range(4)} | {"s": A})
    broken = repository.git("rev-parse", "HEAD:f1")
    file = repository.loose_object(broken)
    file.chmod(0o644)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] + b"\xff" * 20 if damage is None else damage)
    scan = search(repository)
    assert found(scan, A) == {A}
    assert (scan.coverage.blobs_skipped, scan.coverage.complete) == ({"unreadable": 1}, False)
    assert broken in scan.coverage.problems[0]
    assert "git fsck --full" in scan.coverage.problems[0]


@pytest.mark.parametrize("what", ["HEAD:gone", "HEAD~1", "HEAD~1^{tree}", "HEAD"])
def test_a_missing_object_is_a_gap_and_the_rest_found(repository: GitRepository, what: str) -> None:
    repository.commit({"gone": "gone", "s": A})
    repository.commit({"t": B})
    lost = repository.git("rev-parse", what)
    repository.loose_object(lost).unlink()
    scan = search(repository)
    assert found(scan, A, B) == {A, B}
    assert not scan.coverage.complete
    assert scan.coverage.problems


def test_many_damaged_objects_in_a_row(repository: GitRepository) -> None:
    repository.commit({f"f{number}": f"{'x' * 3000}{number}" for number in range(30)} | {"s": A})
    for number in range(25):
        file = repository.loose_object(repository.git("rev-parse", f"HEAD:f{number}"))
        file.chmod(0o644)
        file.write_bytes(file.read_bytes()[:30])
    scan = search(repository)
    assert found(scan, A) == {A}
    assert scan.coverage.blobs_skipped == {"unreadable": 25}


def test_a_damaged_index_is_a_gap_and_the_history_found(repository: GitRepository) -> None:
    repository.commit({"f": A})
    (repository.path / ".git" / "index").write_bytes(b"no index")
    scan = search(repository)
    assert (found(scan, A), scan.coverage.complete) == ({A}, False)


def test_a_ref_to_nothing_is_a_gap(repository: GitRepository) -> None:
    repository.commit({"f": A})
    (repository.path / ".git" / "refs" / "heads" / "broken").write_text("1" * 40 + "\n")
    scan = search(repository)
    assert (found(scan, A), scan.coverage.complete) == ({A}, False)


def test_a_large_blob_is_skipped_with_its_reason(repository: GitRepository) -> None:
    repository.commit({"large": "x" * 5000 + A, "small": B})
    scan = search(repository, largest=4000)
    assert (found(scan, A, B), scan.coverage.complete) == ({B}, False)
    assert scan.coverage.blobs_skipped == {"size": 2}  # the stored blob and the file


def test_every_object_is_accounted_for(repository: GitRepository) -> None:
    for number in range(300):
        repository.write(f"d/{number}", f"{number}")
    repository.commit({"f": "f"}, options=["--all"])
    repository.git("add", ".")
    watch = Watch()
    coverage = complete(search(repository, watch=watch)).coverage
    assert (coverage.blobs_scanned, watch.totals, watch.done) == (302, [302], 302)
    assert (coverage.commits, coverage.refs, coverage.mode) == (2, 1, "history")


def test_malformed_commits_and_trees_do_not_stop_a_scan(repository: GitRepository) -> None:
    tree = repository.git("mktree", feed=b"100644 blob %s\tf\n" % repository.blob(A.encode()).encode())
    for commit in (
        f"tree {tree}\n\nno author",
        f"tree {tree}\nauthor nobody\ncommitter nobody\n\nno date",
        f"tree {tree}\nauthor A <a@b> 99999999999999999999999 +9999\ncommitter A <a@b> -5 x\n\nodd dates",
        f"tree {tree}\nauthor A < 12 +0000\nencoding klingon\n\n",
        "tree 123\nparent xyz\n\n",
        "",
    ):
        repository.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", feed=commit.encode())
    entry = b"100644 a/b\0" + bytes.fromhex(repository.blob(B.encode()))
    repository.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", feed=entry * 2 + b"rubbish")
    assert found(search(repository), A, B) == {A, B}


def test_a_tree_with_doubled_and_slashed_names_is_attributed(repository: GitRepository) -> None:
    blobs = [bytes.fromhex(repository.blob(token.encode())) for token in (A, B, C)]
    entries = b"".join(
        b"100644 %s\0%s" % (name, blob) for name, blob in zip((b"f", b"f", b"x/y"), blobs, strict=True)
    )
    tree = repository.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", feed=entries)
    commit = repository.git("commit-tree", tree, feed=b"odd", env=repository.dates())
    repository.git("update-ref", "refs/heads/odd", commit)
    scan = search(repository)
    assert [paths(scan, token) for token in (A, B, C)] == [["f"], ["f"], ["x/y"]]
    assert {occurrence(scan, token).commit for token in (A, B, C)} == {commit}


def test_a_tree_bomb_ends(repository: GitRepository) -> None:
    tree = repository.git("mktree", feed=b"100644 blob %s\tf\n" % repository.blob(A.encode()).encode())
    for _ in range(9):
        entries = b"".join(b"040000 tree %s\td%d\n" % (tree.encode(), number) for number in range(10))
        tree = repository.git("mktree", feed=entries)
    commit = repository.git("commit-tree", tree, feed=b"bomb", env=repository.dates())
    repository.git("update-ref", "refs/heads/bomb", commit)
    scan = search(repository)
    assert found(scan, A) == {A}
    assert "too many paths" in scan.coverage.problems[0]


@pytest.mark.parametrize("what", ["HEAD~1", "HEAD~1^{tree}", "v1"])
def test_a_damaged_commit_tree_or_tag_is_named_and_the_rest_found(
    repository: GitRepository, what: str
) -> None:
    repository.commit({"f": A})
    repository.git("tag", "-a", "-m", "m" * 3000, "v1", env=repository.dates())
    repository.commit({"g": B})
    broken = repository.git("rev-parse", what)
    file = repository.loose_object(broken)
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-8])
    scan = search(repository)
    assert (found(scan, A, B), scan.coverage.complete) == ({A, B}, False)
    assert any(broken in problem for problem in scan.coverage.problems)


def test_folders_nested_beyond_measure_are_a_gap_and_the_secret_found(tmp_path: Path) -> None:
    deep = b"d/" * 420 + b"f"
    history = PlannedHistory((PlannedCommit((), {deep: A.encode(), b"g": B.encode()}),), {"main": 0})
    repository, ids = history.build(tmp_path / "deep")
    scan = search(repository)
    assert (found(scan, A, B), occurrence(scan, B).commit) == ({A, B}, ids[0])
    assert "nested too deeply" in scan.coverage.problems[0]
