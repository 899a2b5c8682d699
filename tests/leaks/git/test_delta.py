"""The loops over deltas against a naive reading of the format, interpreted and compiled."""

from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.leaks.git import delta_plain
from tests.leaks.git.compiled import compiled

Op = tuple[int, int] | bytes
"""A copy (offset, size) or inserted bytes."""
TEXTS = st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\n", b"\0", b"longer words"]), max_size=12).map(
    b"".join
)


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
    made, _ = delta_plain.made(base, raw, 1 << 20)
    assert made == child


@given(deltas())
def test_what_is_not_touched_was_copied_in_one_run(case: tuple[bytes, list[Op]]) -> None:
    base, ops = case
    raw, child = encode(base, ops)
    _, touched = delta_plain.made(base, raw, 1 << 20)
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
    part = delta_plain.windows(text, touched, margin)
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
def test_a_malformed_delta_is_refused(raw: bytes) -> None:
    for module in (delta_plain, compiled()):
        with pytest.raises(ValueError, match=r"\w"):
            module.apply_delta(b"hello", raw, 1 << 20, 0)


def results_of(module: Any, raw: bytes, margin: int) -> list[object]:
    """What a module makes of any bytes, errors included."""
    results: list[object] = []
    try:
        results.append(module.apply_delta(b"hello", b"\x05" + raw, 1 << 20, margin))
    except ValueError as error:
        results.append(str(error))
    kinds, numbers = bytearray(1), [array("q", [0]) for _ in range(3)]
    try:
        named = module.read_headers(raw, array("q", [0, len(raw)]), kinds, *numbers, range(1))
        results.append((named, bytes(kinds), *map(list, numbers)))
    except ValueError as error:
        results.append(str(error))
    return results


@given(deltas(), st.integers(-1, 9))
def test_both_builds_agree_on_deltas(case: tuple[bytes, list[Op]], margin: int) -> None:
    base, ops = case
    raw, child = encode(base, ops)
    plain = delta_plain.apply_delta(base, raw, 1 << 20, margin)
    assert plain[0] == child
    assert compiled().apply_delta(base, raw, 1 << 20, margin) == plain


@given(st.binary(min_size=3, max_size=40), st.integers(-1, 2))
def test_both_builds_agree_on_any_bytes(raw: bytes, margin: int) -> None:
    assert results_of(compiled(), raw, margin) == results_of(delta_plain, raw, margin)


@given(st.lists(st.integers(0, 1 << 40), max_size=40))
def test_both_builds_agree_on_orders(places: list[int]) -> None:
    plain = delta_plain.in_order(array("q", places))
    assert list(plain[1]) == sorted(places)
    assert [places[position] for position in plain[0]] == list(plain[1])
    if len(set(places)) == len(places):
        assert compiled().in_order(array("q", places)) == plain


@given(st.sets(st.binary(min_size=4, max_size=4), max_size=300), st.binary(min_size=4, max_size=4))
def test_both_builds_agree_on_names(names: set[bytes], other: bytes) -> None:
    ordered = sorted(names)
    for name in [*ordered, other]:
        expected = ordered.index(name) if name in names else -1
        assert delta_plain.find(b"".join(ordered), name) == expected
        assert compiled().find(b"".join(ordered), name) == expected


@given(st.lists(st.tuples(st.integers(-1, 30), st.sampled_from([2, 3])), max_size=30))
def test_both_builds_agree_on_families(objects: list[tuple[int, int]]) -> None:
    bases = array("q", [base if base < number else -1 for number, (base, _) in enumerate(objects)])
    kinds = bytearray(kind for _, kind in objects)
    results = []
    for module in (delta_plain, compiled()):
        roots, first, following = (array("q", [-1]) * len(objects) for _ in range(3))
        module.families(bases, kinds, 3, roots)
        module.link(bases, first, following)
        results.append((roots, first, following))
    assert results[0] == results[1]


def test_a_base_elsewhere_than_at_an_object_is_refused() -> None:
    raw = b"\x30\x00\x60\x01"
    for module in (delta_plain, compiled()):
        numbers = [array("q", [0, 0]) for _ in range(3)]
        with pytest.raises(ValueError, match="none"):
            module.read_headers(raw, array("q", [0, 2, 4]), bytearray(2), *numbers, range(2))


@given(st.lists(st.tuples(st.integers(-1, 30), st.sampled_from([2, 3]), st.booleans()), max_size=30))
def test_both_builds_agree_on_weights(objects: list[tuple[int, int, bool]]) -> None:
    kinds = bytearray(kind for _, kind, _ in objects)
    wanted = bytearray(wish for _, _, wish in objects)
    roots = array("q", [root if root < len(objects) else -1 for root, _, _ in objects])
    offsets = array("q", [number * number for number in range(len(objects) + 1)])
    results = [
        (module.chosen(kinds, 3), module.weigh(roots, offsets, wanted))
        for module in (delta_plain, compiled())
    ]
    assert results[0] == results[1]
    assert sum(results[0][1][1]) == sum(w for root, w in zip(roots, wanted, strict=True) if root >= 0)
