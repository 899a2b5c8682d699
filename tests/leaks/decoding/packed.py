"""Texts packed in every form that decoding opens, made by the standard library."""

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from py_compile import compile as compile_python

Files = Mapping[str, bytes]


STORED = zipfile.ZIP_STORED


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED, *, prefix: bytes = b"") -> bytes:
    """A zip file, or the zip file `prefix` with more in it."""
    made = io.BytesIO(prefix)
    with zipfile.ZipFile(made, "a" if prefix else "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return made.getvalue()


def tarred(files: Files) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def notebook(source: str, printed: str = "") -> bytes:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# A title"},
        {
            "cell_type": "code", "execution_count": 1, "metadata": {}, "source": source.splitlines(keepends=True),
            "outputs": [{"output_type": "stream", "name": "stdout", "text": [printed]}] if printed else [],
        },
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1).encode()


def document(words: list[str]) -> bytes:
    """A Word document that shows `words` as one line, each in a run of its own, below an empty one."""
    runs = "".join(f"<w:r><w:rPr><w:b/></w:rPr><w:t>{word}</w:t></w:r>" for word in words)
    body = f"<w:document><w:body><w:p></w:p><w:p>{runs}</w:p></w:body></w:document>"
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": body.encode()})


def sheet(texts: list[str]) -> bytes:
    strings = "".join(f"<si><t>{text}</t></si>" for text in texts)
    return zipped(
        {"[Content_Types].xml": b"<Types/>", "xl/sharedStrings.xml": f"<sst>{strings}</sst>".encode()}
    )


def database(table: str, rows: list[tuple[str, str]], *, journal: str = "delete") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "db"
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA journal_mode = {journal}")
        quoted = '"' + table.replace('"', '""') + '"'
        connection.execute(f"CREATE TABLE {quoted} (name TEXT, value TEXT)")
        connection.executemany(f"INSERT INTO {quoted} VALUES (?, ?)", rows)
        connection.commit()
        connection.close()
        return path.read_bytes()


def pdf(operations: bytes) -> bytes:
    stream = zlib.compress(operations)
    return b"%%PDF-1.7\n4 0 obj\n<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream\nendobj\n%%%%EOF\n" % (
        len(stream), stream,
    )  # fmt: skip


def bytecode(source: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.py"
        path.write_text(source)
        compiled = compile_python(str(path), cfile=str(path) + "c", dfile="settings.py", doraise=True)
        assert compiled
        return Path(compiled).read_bytes()


COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
