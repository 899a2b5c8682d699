"""Tells by the first bytes whether a blob holds others; asked of every blob, so it imports nothing."""

_STARTS = {
    b"\x1f\x8b\x08": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"PK\x03\x04": "zip",
    b"%PDF-": "pdf",
    b"SQLite format 3\0": "sqlite",
    b"# v2 git bundle\n": "bundle",
    b"# v3 git bundle\n": "bundle",
    b"version https://git-lfs.github.com/spec/": "lfs",
}
_FIRSTS = tuple(_STARTS)
_TAR_MARK = slice(257, 262)
_PYC_MARK = slice(2, 4)
_NOTEBOOK = b'"nbformat"'
_END = 2048
"""Bytes at either end of a notebook in one of which its format stands: tools write it first or last."""


def kind_of(content: bytes) -> str | None:
    """What `content` is, when decoding has something to open in it; None for everything else."""
    if content.startswith(_FIRSTS):
        kind = next(kind for start, kind in _STARTS.items() if content.startswith(start))
        return None if kind == "bzip2" and content[4:10] != b"1AY&SY" else kind
    if content[_TAR_MARK] == b"ustar":
        return "tar"
    if (
        content[_PYC_MARK] == b"\r\n"
        and len(content) > 16
        and content[4:8] in {b"\0\0\0\0", b"\1\0\0\0", b"\3\0\0\0"}
    ):
        return "pyc"
    if content[:1] == b"{" and (_NOTEBOOK in content[:_END] or _NOTEBOOK in content[-_END:]):
        return "notebook"
    return None


def opens(content: bytes) -> bool:
    """Whether decoding opens `content`: whoever scans parts of blobs must leave such a one whole."""
    return kind_of(content) is not None
