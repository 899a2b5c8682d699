"""From page to page, wherever they lead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.rest.paging import linked, walk

_PLACES = st.sampled_from("abcdef")


class _CircleError(Exception):
    pass


@given(_PLACES, st.dictionaries(_PLACES, _PLACES))
def test_no_page_is_read_twice_and_the_walk_ends(first: str, after: dict[str, str]) -> None:
    read: list[str] = []

    def page(place: str) -> str:
        read.append(place)
        return place

    told: list[str] = []
    try:
        for one in walk(first, page, lambda place: after.get(place, ""), circle=_CircleError):
            told.append(one)  # noqa: PERF402 (what came before a circle counts)
    except _CircleError:
        assert after[told[-1]] in told
    else:
        assert told[-1] not in after
    assert told == read
    assert len(set(read)) == len(read)


def test_a_page_is_told_before_the_next_is_read() -> None:
    read: list[str] = []

    def page(place: str) -> str:
        read.append(place)
        return place

    pages = walk("1", page, lambda place: str(int(place) + 1), circle=_CircleError)
    assert (next(pages), next(pages), read) == ("1", "2", ["1", "2"])


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ('<https://a/?page=2>; rel="next"', "https://a/?page=2"),
        ('<https://a/?p=1>; rel="first", <https://a/?p=3>; rel=next', "https://a/?p=3"),
        ('<https://a/?p=1>; rel="prev"', ""),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_the_next_link(link: str, found: str) -> None:
    assert linked({"link": link}) == found
