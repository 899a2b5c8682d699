"""Whatever a secret is packed in, it is found, with the way to it."""

import json
import zipfile
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyproof.leaks.blob import Match
from keyproof.leaks.decoding.deep import DeepScan
from keyproof.leaks.decoding.kinds import kind_of, opens
from keyproof.leaks.decoding.opening import decoded
from keyproof.leaks.decoding.part import Budget, Closed, Part
from tests.leaks.decoding import packed
from tests.leaks.git.searching import TokenScanner

TOKEN = b"tok_" + b"aaaa" + b"bbbb"
LINES = b"first\nsecond " + TOKEN + b"\n"
TEXT = LINES.decode()


class Scanned:
    def __init__(self, content: bytes) -> None:
        self.closed: list[str] = []
        scan = DeepScan(TokenScanner().scan, lambda name, reason: self.closed.append(f"{name[40:]} {reason}"))
        self.matches = scan(content)

    @property
    def places(self) -> list[tuple[str, int, str]]:
        return [(one.inner, one.line, " ".join(one.chain)) for one in self.matches]


@pytest.mark.parametrize("kind", packed.COMPRESSORS)
def test_a_compressed_file(kind: str) -> None:
    assert Scanned(packed.COMPRESSORS[kind](LINES)).places == [("", 2, kind)]


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_zip_file(method: int) -> None:
    """Where the bytes are stored as they are the raw blob shows them too: they are told of once."""
    made = packed.zipped({"a": b"nothing", "conf/.env": LINES}, method)
    assert Scanned(made).places == [("!/conf/.env", 2, "zip")]


def test_archives_in_archives() -> None:
    inner = packed.COMPRESSORS["gzip"](packed.tarred({"etc/app.conf": LINES}))
    made = packed.zipped({"lib/backup.tar.gz": inner})
    assert Scanned(made).places == [("!/lib/backup.tar.gz!/etc/app.conf", 2, "zip gzip tar")]


def test_a_word_document_and_a_sheet() -> None:
    word = packed.document(["tok_", "aaaa", "bbbb", " &amp; more"])
    assert Scanned(word).places == [("!/word/document.xml", 2, "zip")]
    cells = packed.sheet(["password", TOKEN.decode()])
    assert Scanned(cells).places == [("!/xl/sharedStrings.xml", 2, "zip")]


def test_what_a_notebook_shows() -> None:
    shown = {
        "data": {"application/json": {"key": TOKEN.decode()}, "image/png": "iVBO"},
        "output_type": "display_data",
    }
    made = json.loads(packed.notebook("a", printed="b"))
    made["cells"][1]["outputs"] += [shown, {"output_type": "error", "traceback": ["one", TOKEN.decode()]}]
    assert Scanned(json.dumps(made).encode()).places == [
        ("!/cell-2-output", 3, "notebook"),
        ("!/cell-2-output", 5, "notebook"),
    ]


def test_the_cells_of_a_notebook() -> None:
    made = packed.notebook(TEXT, printed=f"> {TOKEN.decode()}")
    assert Scanned(made).places == [("!/cell-2", 2, "notebook"), ("!/cell-2-output", 1, "notebook")]


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_database(journal: str) -> None:
    made = packed.database('odd "name"', [("a", "b"), ("key", TOKEN.decode())], journal=journal)
    assert Scanned(made).places == [('!/odd "name"', 2, "sqlite")]
    (part,) = decoded(made)
    assert isinstance(part, Part)
    assert part.content.splitlines()[0] == b"name = 'a', value = 'b'"


def test_compiled_python() -> None:
    made = packed.bytecode(f"def f():\n    '''{'long ' * 80}'''\n    return '{TOKEN.decode()}'\n")
    ((inner, _, chain),) = Scanned(made).places
    assert (inner, chain) == ("", "pyc")


@pytest.mark.parametrize(
    "operations",
    [
        b"BT /F1 12 Tf (first) Tj 0 -14 Td (second " + TOKEN + b") Tj ET",
        b"BT (first) Tj T* [(to) -20 (k_aa) 10 (aabb) (bb)] TJ ET",
        b"BT (first) ' <" + TOKEN.hex().encode() + b"> Tj ET",
        b"BT (first) Tj T* (tok\\137aaaabbbb) Tj ET",
        b"BT (first) Tj T* [(a \\(b\\)\\\n) -250 (" + TOKEN + b")] TJ ET",
    ],
)
def test_the_text_of_a_pdf(operations: bytes) -> None:
    scanned = Scanned(packed.pdf(operations))
    assert scanned.places == [("!/stream-1", 2, "pdf")]
    assert not scanned.closed


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"plain text",
        b"{}",
        b"PK",
        b"BZh9 is a word",
        b"%PD",
        b"\x1f\x8b",
        b"\x7fELF" + b"\0" * 600,
        b"MZ\r\n" * 9,
    ],
)
def test_ordinary_content_is_not_opened(content: bytes) -> None:
    assert not opens(content)
    assert list(decoded(content)) == []


# What bounds the work.


def test_bytes_are_bounded_and_what_came_before_the_bound_is_searched() -> None:
    for pack in packed.COMPRESSORS.values():
        first, closed = decoded(pack(LINES + b"x" * 5000), Budget(room=1000))
        assert isinstance(first, Part)
        assert (first.content[: len(LINES)], len(first.content)) == (LINES, 1000)
        assert closed == Closed(path="", reason="too large")


def test_a_bomb_of_many_layers_ends() -> None:
    made = b"\0" * (8 << 20)
    for _ in range(8):
        made = packed.COMPRESSORS["gzip"](made)
    assert Closed(path="", reason="too deep") in decoded(made)


def test_the_parts_of_an_archive_share_one_bound() -> None:
    made = packed.zipped({str(number): b"x" * 400 for number in range(9)})
    opened = list(decoded(made, Budget(room=1000)))
    assert [type(one) for one in opened] == [Part, Part, Closed]
    assert list(decoded(made, Budget(parts=5))) == [Closed(path="", reason="too many")]
    assert list(decoded(packed.tarred({str(n): b"" for n in range(9)}), Budget(parts=5)))[-1].path == ""


def test_a_member_larger_than_it_says_is_bounded() -> None:
    made = bytearray(packed.zipped({"a": b"x" * 100_000}))
    for at in (22, made.index(b"PK\x01\x02") + 24):
        made[at : at + 4] = (5).to_bytes(4, "little")
    assert all(isinstance(one, Closed) or len(one.content) <= 5 for one in decoded(bytes(made)))


def test_what_is_opened_of_all_blobs_together_is_bounded() -> None:
    closed: list[str] = []
    scan = DeepScan(TokenScanner().scan, lambda _, reason: closed.append(reason), room=len(LINES) + 5)
    assert [len(scan(packed.zipped({"a": LINES}))) for _ in range(3)] == [1, 0, 0]
    assert closed == ["too large", "too large"]


# What cannot be opened.


def test_an_encrypted_member_is_told_and_the_rest_opened() -> None:
    made = bytearray(packed.zipped({"a": LINES, "b": LINES}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        made[made.index(mark) + at] |= 1
    scanned = Scanned(bytes(made))
    assert (scanned.places, scanned.closed) == ([("!/b", 2, "zip")], ["!/a encrypted"])
    assert Scanned(packed.pdf(b"") + b"trailer << /Encrypt 5 0 R >>").closed == [" encrypted"]


def test_a_stream_that_does_not_inflate_is_told() -> None:
    made = packed.pdf(b"BT (a) Tj ET")
    at = made.index(b"stream\n") + 9
    scanned = Scanned(
        made[:at] + b"\xff" * 8 + made[at + 8 :] + b"\n5 0 obj\n<< >>\nstream\nplain\nendstream"
    )
    assert scanned.closed == ["!/stream-1 damaged"]


def test_rows_beyond_the_bound_are_left() -> None:
    made = packed.database("t", [(str(number), "x" * 100) for number in range(50)])
    (part,) = decoded(made, Budget(room=2000))
    assert isinstance(part, Part)
    assert 10 < part.content.count(b"\n") < 20


def test_an_unknown_compression_is_told() -> None:
    made = bytearray(packed.zipped({"a": LINES}))
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        made[made.index(mark) + at] = 97
    assert Scanned(bytes(made)).closed == ["!/a unsupported"]


SAMPLES = [
    *(pack(LINES) for pack in packed.COMPRESSORS.values()),
    packed.zipped({"a": LINES, "b": LINES}),
    packed.tarred({"a": LINES}),
    packed.document(["one", "two"]),
    packed.notebook("a = 1"),
    packed.database("t", [("a", "b")]),
    packed.pdf(b"BT (a) Tj ET"),
    packed.bytecode("A = 'text of some length'"),
]


@pytest.mark.parametrize("content", SAMPLES, ids=kind_of)
def test_what_is_cut_short_raises_nothing(content: bytes) -> None:
    for cut in range(20, len(content), max(1, len(content) // 60)):
        list(decoded(content[:cut]))


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, len(SAMPLES) - 1),
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), max_size=8),
)
def test_damage_raises_nothing_and_keeps_the_bounds(sample: int, damage: list[tuple[int, int]]) -> None:
    broken = bytearray(SAMPLES[sample])
    for place, byte in damage:
        broken[place % len(broken)] = byte
    opened = [
        len(one.content) for one in decoded(bytes(broken), Budget(room=10_000)) if isinstance(one, Part)
    ]
    assert sum(opened) <= 10_000 + max(opened, default=0)


def test_matches_keep_their_plaintext_hidden() -> None:
    matches = Scanned(packed.zipped({"a": LINES})).matches
    assert all(isinstance(one, Match) for one in matches)
    (part,) = decoded(packed.zipped({"a": LINES}))
    assert TOKEN.decode() not in repr(matches) + repr(part)


def test_depth_is_counted_in_layers() -> None:
    made, reached = LINES, []
    for _ in range(6):
        made = packed.zipped({"a": made})
        reached.append(bool(Scanned(made).places))
    assert reached == [True] * 4 + [False] * 2
    assert all(first >= second for first, second in pairwise(reached))
