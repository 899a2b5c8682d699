"""Files of records as clouds export them."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.audit import records as module
from keyproof.audit.files import LogFileError
from keyproof.audit.records import records

RECORDS: list[dict[str, Any]] = [{"a": 'ü "] }, ['}, {"b": {"records": [1, 2]}}, {"c": "\\"}]


def _forms(items: list[Any]) -> dict[str, str]:
    return {
        "lines": "".join(f"{json.dumps(one)}\n" for one in items),
        "array": json.dumps(items),
        "pretty": json.dumps(items, indent=2),
        "wrapped": json.dumps({"records": items}, ensure_ascii=False),
        "wrapped by line": "\r\n".join(json.dumps({"records": [one]}) for one in items),
        "marked": "\ufeff" + json.dumps({"Records": items}, indent=1),
    }


def _read(path: Path) -> list[Any]:
    return [record for _, record in records([path])]


@pytest.mark.parametrize("form", _forms([]))
@pytest.mark.parametrize("chunk", [1, 13, 1 << 20])
@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
def test_every_form_is_read_however_the_file_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, chunk: int, name: str
) -> None:
    monkeypatch.setattr(module, "_CHUNK", chunk)
    monkeypatch.setattr(module, "_HEAD", 24)
    path, raw = tmp_path / name, _forms(RECORDS)[form].encode()
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    assert _read(path) == RECORDS


@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.none()))))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, items: list[Any]) -> None:
    path = tmp_path_factory.mktemp("records") / "a.json"
    for text in _forms(items).values():
        path.write_text(text, encoding="utf-8", newline="")
        assert _read(path) == items


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": 1',
        b"text",
        b"[1, 2]",
        b'{"a": 1}\n{"b"',
        b"\xff\xfe",
        b"\x1f\x8b",
        b"[",
        b'[{"a": 1}',
        b'{"records": [{"a": 1},',
    ],
)
def test_what_is_no_file_of_records_is_an_error(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(raw)
    with pytest.raises(LogFileError, match=r"a\.json: no JSON records"):
        _read(path)


def test_an_empty_file_is_no_listing(tmp_path: Path) -> None:
    (tmp_path / "a.json").touch()
    assert _read(tmp_path / "a.json") == []
    with pytest.raises(LogFileError, match=r"a\.json: no JSON records"):
        list(records([tmp_path / "a.json"], listings=True))


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("\n", encoding="utf-8")
    assert _read(tmp_path / "a.json") == []


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LogFileError, match="No such file"):
        _read(tmp_path / "gone.json")
