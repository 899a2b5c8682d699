"""The loops over deltas against a naive reading of the format, interpreted and compiled."""

import importlib.util
import re
import subprocess
import sys
from array import array
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.leaks.git import delta

_SOURCE = Path(__file__).parents[3] / "src/keyproof/leaks/git/delta.py"
Op = tuple[int, int] | bytes
"""A copy (offset, size) or inserted bytes."""
TEXTS = st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\n", b"\0", b"longer words"]), max_size=12).map(
    b"".join
)


@pytest.fixture(scope="module")
def interpreted() -> ModuleType:
    """The module as plain Python, whether or not a compiled one lies beside it."""
    spec = importlib.util.spec_from_file_location("interpreted_delta", _SOURCE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The module compiled by the hook that builds wheels."""
    pytest.importorskip("Cython", reason="Cython is not installed")
    folder = tmp_path_factory.mktemp("compiled")
    hook = Path(__file__).parents[3] / "hatch_build.py"
    run = subprocess.run(
        [sys.executable, str(hook), str(folder)], check=False, capture_output=True, text=True
    )
    if run.returncode:
        pytest.skip(f"no working compiler: {run.stderr[-200:]}")
    spec = importlib.util.spec_from_file_location("keyproof.leaks.git.delta", run.stdout.strip())
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def encode(base: bytes, ops: list[Op]) -> tuple[bytes, bytes]:
    """The delta and the child, byte by byte as gitformat-pack(5) has it."""
    body, child = bytearray(), bytearray()
    for op in ops:
        if isinstance(op, bytes):
            body += bytes([len(op)]) + op
            child += op
        else:
            offset, size = op
            fields = [offset >> shift & 255 for shift in (0, 8, 16, 24)]
            fields += [size >> shift & 255 for shift in (0, 8, 16)] if size != 0x10000 else [0, 0, 0]
            body.append(128 | sum(1 << place for place, field in enumerate(fields) if field))
            body += bytes(field for field in fields if field)
            child += base[offset : offset + size]
    return varint(len(base)) + varint(len(child)) + bytes(body), bytes(child)


@st.composite
def deltas(draw: st.DrawFn) -> tuple[bytes, list[Op]]:
    base = draw(TEXTS.filter(bool))
    places = st.tuples(st.integers(0, len(base) - 1), st.integers(1, len(base)))
    copies = places.map(lambda one: (one[0], min(one[1], len(base) - one[0])))
    return base, draw(st.lists(copies | TEXTS.filter(bool), max_size=8))


@given(deltas())
def test_a_delta_makes_what_its_operations_say(case: tuple[bytes, list[Op]]) -> None:
    base, ops = case
    raw, child = encode(base, ops)
    made, _ = delta.apply_delta(base, raw, 1 << 20)
    assert made == child


@given(deltas())
def test_what_is_not_touched_was_copied_in_one_run(case: tuple[bytes, list[Op]]) -> None:
    base, ops = case
    raw, child = encode(base, ops)
    _, touched = delta.apply_delta(base, raw, 1 << 20)
    pairs = list(zip(touched[::2], touched[1::2], strict=True))
    assert touched == sorted(touched)
    for start in range(len(child)):
        for end in range(start + 1, len(child) + 1):
            # Whoever stands at the very start or end may look for it, so that counts as a touch there.
            if not any(low <= end and start <= high for low, high in pairs):
                assert child[start:end] in base


@given(TEXTS, st.lists(st.integers(0, 60), max_size=6), st.integers(0, 9))
def test_windows_hold_the_touched_lines_whole(text: bytes, places: list[int], margin: int) -> None:
    ends = sorted(min(place, len(text)) for place in places)
    touched = ends[: len(ends) // 2 * 2]
    part = delta.windows(text, touched, margin)
    for low, high in zip(touched[::2], touched[1::2], strict=True):
        start = text.rfind(b"\n", 0, max(0, low - margin)) + 1
        stop = text.find(b"\n", min(high + margin, len(text)))
        assert text[start : len(text) if stop < 0 else stop] in part


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff" * 20,
        b"\x05\x05",  # makes nothing
        b"\x04\x01\x01x",  # of another base
        b"\x05\x01\x00",  # the reserved operation
        b"\x05\x05\x05abc",  # an insertion cut short
        b"\x05\x05\x91",  # a copy cut short
        b"\x05\x03\x91\x03\x03",  # a copy beyond the base
        b"\x05\x02\x90\x05",  # more than was said
        b"\x05\xff\xff\xff\xff\x0f",  # larger than allowed
    ],
)
def test_a_malformed_delta_is_refused(raw: bytes, interpreted: ModuleType, compiled: ModuleType) -> None:
    for module in (interpreted, compiled):
        with pytest.raises(ValueError, match=r"\w"):
            module.apply_delta(b"hello", raw, 1 << 20)


def test_both_builds_agree(interpreted: ModuleType, compiled: ModuleType) -> None:
    assert compiled.__file__ != interpreted.__file__

    @given(deltas(), st.integers(0, 9))
    def agree(case: tuple[bytes, list[Op]], margin: int) -> None:
        base, ops = case
        raw, _ = encode(base, ops)
        plain = interpreted.apply_delta(base, raw, 1 << 20)
        assert compiled.apply_delta(base, raw, 1 << 20) == plain
        assert compiled.windows(*plain, margin) == interpreted.windows(*plain, margin)

    @given(st.binary(min_size=3, max_size=40))
    def agree_on_any_bytes(raw: bytes) -> None:
        results = []
        for module in (interpreted, compiled):
            try:
                results.append(module.apply_delta(b"hello", b"\x05" + raw, 1 << 20))
            except ValueError as error:
                results.append(str(error))
            kinds, numbers = bytearray(1), [array("q", [0]) for _ in range(3)]
            try:
                named = module.read_headers(raw, array("q", [0, len(raw)]), kinds, *numbers)
                results.append((named, bytes(kinds), *map(list, numbers)))
            except ValueError as error:
                results.append(str(error))
        assert results[:2] == results[2:]

    agree()
    agree_on_any_bytes()


def test_a_base_elsewhere_than_at_an_object_is_refused(interpreted: ModuleType) -> None:
    raw = b"\x30\x00\x60\x01"
    with pytest.raises(ValueError, match="none"):
        interpreted.read_headers(
            raw, array("q", [0, 2, 4]), bytearray(2), *(array("q", [0, 0]) for _ in range(3))
        )


RAW = [bytes([number]) * 20 for number in (0, 32, 48, 49)]
MODES = st.sampled_from([b"40000", b"040000", b"100644", b"0", b"4" * 30, b"1000000000040000"])
ENTRIES = st.lists(
    st.tuples(MODES, st.sampled_from([b"a", b"40000 x", b"", b"\xff"]), st.sampled_from(RAW)), max_size=6
)


def test_both_builds_read_trees_as_the_expression_does(interpreted: ModuleType, compiled: ModuleType) -> None:
    pattern = re.compile(rb"([0-7]+) ([^\0]*)\0(.{20})", re.DOTALL)
    wanted = {RAW[3]: 0}

    @given(ENTRIES, st.integers(0, 30))
    def agree(entries: list[tuple[bytes, bytes, bytes]], cut: int) -> None:
        content = b"".join(mode + b" " + name + b"\0" + raw for mode, name, raw in entries)
        whole = [
            (name, raw)
            for mode, name, raw in pattern.findall(content)
            if raw in wanted or mode.lstrip(b"0") == b"40000"
        ]
        for module in (interpreted, compiled):
            assert module.tree_entries(content, 20, wanted) == (whole, len(content))
        part = content[: len(content) - cut]
        assert compiled.tree_entries(part, 20, wanted) == interpreted.tree_entries(part, 20, wanted)

    agree()
    assert compiled.COMPILED
    assert not interpreted.COMPILED
