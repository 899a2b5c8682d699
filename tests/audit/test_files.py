"""Files of audit logs."""

import gzip
from pathlib import Path

import pytest

from keyproof.audit.files import LogFileError, log_files, opened, shown


def test_files_are_found_by_globs(tmp_path: Path) -> None:
    for name in ("b/1.json", "a/2.json", "a/3.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = log_files(["**/*.json", str(tmp_path / "a/*")], tmp_path, key="event-logs")
    assert [path.name for path in found] == ["2.json", "3.txt", "1.json"]
    assert shown(found) == "2.json, 3.txt and 1 more"
    assert shown(found[:2]) == "2.json, 3.txt"
    with pytest.raises(LogFileError, match="no file matches what audit-log names"):
        log_files(["a", "*.log"], tmp_path, key="audit-log")


def test_a_packed_file_is_unpacked(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.log", tmp_path / "a.log.gz"
    plain.write_bytes(b"text")
    packed.write_bytes(gzip.compress(b"text"))
    for path in (plain, packed):
        with opened(path) as file:
            assert file.read() == b"text"
