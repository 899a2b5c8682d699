"""Facts that sources and tags state in words."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.stated import day_of, stated, stated_flag, stated_number, why_unstated
from tests.fakes.secrets import secret


@pytest.mark.parametrize("tag", ["key-bits", "Key_Bits", "KEY BITS", "key--bits"])
def test_a_tag_is_found_however_it_is_written(tag: str) -> None:
    assert stated(secret(tags={tag: " 256 "}), "key-bits") == "256"


def test_an_attribute_goes_before_a_tag_unless_it_is_blank() -> None:
    assert stated(secret(attributes={"bits": 128}, tags={"bits": "256"}), "bits") == "128"
    assert stated(secret(attributes={"bits": " "}, tags={"bits": "256"}), "bits") == "256"
    assert stated(secret(tags={"bit": "256"}), "bits") == ""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("256", 256),
        ("0", 0),
        ("-1", None),
        ("2.5", None),
        ("0x10", None),
        ("٣", None),
        ("9" * 10, None),
        ("", None),
    ],
)
def test_only_whole_numbers_are_numbers(text: str, number: int | None) -> None:
    assert stated_number(secret(tags={"bits": text}), "bits") == number


@pytest.mark.parametrize(
    ("value", "flag"), [(True, True), (False, False), ("Yes", True), ("OFF", False), (1, True), ("?", None)]
)
def test_yes_and_no_are_read_as_written(value: str | int | bool, flag: bool | None) -> None:
    assert stated_flag(secret(attributes={"tls": value}), "tls") is flag


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-02-29", date(2024, 2, 29)),
        ("2025-02-29", None),
        ("2025-12-31T23:30:00-01:00", date(2026, 1, 1)),
        ("2025-03-30T02:30:00+02:00", date(2025, 3, 30)),
        ("2025-03-30 01:30", date(2025, 3, 30)),
        ("0001-01-01T00:00:00+05:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_day_is_that_of_utc(text: str, day: date | None) -> None:
    assert day_of(text) == day


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_a_day(text: str) -> None:
    assert day_of(text) is None or isinstance(day_of(text), date)


def test_why_a_fact_is_missing_names_the_source_and_its_reason() -> None:
    assert why_unstated(secret(backend="vault"), "bits") == "vault does not state it, and no tag does"
    assert why_unstated(secret(unread={"tags": "denied"}), "bits") == "denied"
    assert why_unstated(secret(unread={"tags": "denied", "bits": "no such right"}), "bits") == "no such right"
