"""Looking through folders, and what could not be looked at."""

from pathlib import Path

import pytest

from keyproof.domain.assessment import Gap
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError
from keyproof.file_search import Place, holds


def _place(root: Path, path: str = ".") -> Place:
    return Place(source="files", root=root, path=path, patterns=("*.x",), exclude=("skip", "deep/no.x"))


def test_a_folder_is_searched_with_all_below_it(tmp_path: Path) -> None:
    for name in ("a.x", "a.y", "deep/b.x", "deep/no.x", "skip/c.x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    place = _place(tmp_path)
    assert place.scopes(lambda _: True) == ["./", "a.x", "deep/b.x"]
    assert place.scopes(lambda path: path.name == "b.x") == ["./", "deep/b.x"]
    assert list(place.searched(lambda _: True)) == [
        Evidence(name="searched", value="2 folders for *.x: 2 files, 2 of this kind"),
        Evidence(name="excluded, not read", value="skip"),
        Evidence(name="excluded, not read", value="deep/no.x"),
    ]
    assert _place(tmp_path, "a.x").scopes(lambda _: False) == ["a.x"]


def test_what_is_closed_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.x").write_text("x", encoding="utf-8")
    (tmp_path / "closed").mkdir()

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    place = _place(tmp_path)
    (gap,) = [item for item in place.searched(lambda _: True) if isinstance(item, Gap)]
    assert (gap.scope, gap.reason) == ("./ (a.x)", "Permission denied")
    with pytest.raises(AccessDeniedError, match=r"a\.x may not be read"):
        place.read("a.x", largest=10)
    assert holds(tmp_path / "a.x", b"x", within=10) is False


def test_folders_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def walk(start: Path, onerror: object) -> list[object]:
        assert callable(onerror)
        onerror(PermissionError(13, "Permission denied", str(tmp_path / "closed")))
        return []

    monkeypatch.setattr("os.walk", walk)
    (gap,) = [item for item in _place(tmp_path).searched(lambda _: True) if isinstance(item, Gap)]
    assert gap.scope == "./ (closed)"


def test_files_that_are_too_large_or_gone(tmp_path: Path) -> None:
    (tmp_path / "a.x").write_bytes(b"x" * 11)
    with pytest.raises(BackendProtocolError, match="larger than 0 MiB"):
        _place(tmp_path).read("a.x", largest=10)
    with pytest.raises(BackendUnreachableError, match="No such file"):
        _place(tmp_path).read("b.x", largest=10)
    assert _place(tmp_path).read("a.x", largest=11) == b"x" * 11
