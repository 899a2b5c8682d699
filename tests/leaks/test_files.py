"""Reading files as they lie there: regular ones only, and never through a link."""

import os
from pathlib import Path

from keyproof.leaks.files import Folder, Unseen


def test_a_walk_names_everything_but_git_in_order(tmp_path: Path) -> None:
    for name in ("b/c", "a", "b/d/e", ".git/config", "b/.git", "z", ".hidden"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "b")
    assert list(Folder(tmp_path, 10).walk()) == [b".hidden", b"a", b"link", b"z", b"b/c", b"b/d/e"]


def test_only_plain_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_text("text")
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("d/f")
    (tmp_path / "folder").symlink_to("d")
    os.mkfifo(tmp_path / "pipe")
    folder = Folder(tmp_path, 4)
    assert (folder.read(b"d/f"), folder.read(b"empty")) == (b"text", b"")
    for name in (b"link", b"folder/f", b"pipe", b"d", b"../f", b"/etc/passwd", b"d/../d/f", b""):
        assert folder.read(name) == Unseen("excluded"), name
    assert folder.read(b"nothing") == Unseen("gone")
    assert Folder(tmp_path, 3).read(b"d/f") == Unseen("size")


def test_a_name_that_is_not_utf_8_is_read(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")).write_text("x")
    (name,) = Folder(tmp_path, 10).walk()
    assert (name, Folder(tmp_path, 10).read(name)) == (b"caf\xe9", b"x")


def test_a_folder_that_cannot_be_listed_is_kept_account_of(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "nothing", 10)
    assert (list(folder.walk()), folder.unreadable) == ([], [b""])
