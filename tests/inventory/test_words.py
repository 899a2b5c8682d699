"""The words of inventory tables."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.inventory import words
from keyproof.inventory.words import Field


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Secret", Field.NAME),
        ("Secret Name", Field.NAME),
        ("secret_name", Field.NAME),
        ("Secret Type", Field.SECRET_TYPE),
        ("Service", Field.SERVICE),
        ("lastRotated", Field.LAST_ROTATED),
        ("🔄 Last Rotated (UTC)", Field.LAST_ROTATED),
        ("Next Rotation", Field.NEXT_ROTATION),
        ("Rotation Frequency", Field.PERIOD),
        ("rotation-period-days", Field.PERIOD),
        ("Rotation [days]", Field.PERIOD),
        ("Storage Method", Field.STORAGE),
        ("Secret Strength", None),
        ("Trigger", None),
        ("Last Updated", None),
        ("", None),
    ],
)
def test_a_header_means_one_field_or_nothing(header: str, field: Field | None) -> None:
    assert words.header_field(header) is field


def test_no_synonym_means_two_fields() -> None:
    synonyms = [word for texts in words._HEADERS.values() for word in texts.split("|")]
    assert len(synonyms) == len(set(synonyms))
    assert all(words.header_words(word) == word for word in synonyms)


@given(st.dates(date(1000, 1, 1)))
def test_every_unambiguous_form_gives_the_same_day(day: date) -> None:
    english = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[
        day.month - 1
    ]
    year = f"{day.year:04}"
    for text in (
        day.isoformat(),
        day.isoformat().replace("-", "/"),
        f"{day.day} {english} {year}",
        f"{day.day:02}-{english.upper()}-{year}",
        f"{english} {day.day}, {year}",
        f"{english.lower()}. {day.day}th {year}",
        f"{day.isoformat()}T12:30:00Z",
        f"{day.isoformat()} 23:59",
    ):
        assert words.parse_day(text) == day


def test_a_moment_with_an_offset_gives_its_utc_date() -> None:
    assert words.parse_day("2025-09-15T23:30:00-05:00") == date(2025, 9, 16)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("03/04/2025", "'03/04/2025' can mean 3 Apr or 4 Mar; write it as YYYY-MM-DD"),
        ("3.4.25", "'3.4.25' can mean 3 Apr or 4 Mar; write it as YYYY-MM-DD"),
        ("25/12/2025", "'25/12/2025' does not say which number is the month; write it as YYYY-MM-DD"),
        ("2025-02-30", "'2025-02-30' is not a day of the calendar; write it as YYYY-MM-DD"),
        ("31 Sep 2025", "'31 Sep 2025' is not a day of the calendar; write it as YYYY-MM-DD"),
        ("2025-13-01T00:00Z", "'2025-13-01T00:00Z' is not a day of the calendar; write it as YYYY-MM-DD"),
        ("15 Foo 2025", "'15 Foo 2025' is not a date; write it as YYYY-MM-DD"),
        ("Foo 15, 2025", "'Foo 15, 2025' is not a date; write it as YYYY-MM-DD"),
        ("2025-9-5", "'2025-9-5' is not a date; write it as YYYY-MM-DD"),
        ("2025-W38-1", "'2025-W38-1' is not a date; write it as YYYY-MM-DD"),
        ("20250915", "'20250915' is not a date; write it as YYYY-MM-DD"),
        ("2025/09-15", "'2025/09-15' is not a date; write it as YYYY-MM-DD"),
    ],
)
def test_what_could_be_read_in_two_ways_is_not_read(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM-DD") as caught:
        words.parse_day(text)
    assert str(caught.value) == message


@given(st.text(max_size=20).filter(lambda text: not text[:1].isalnum()))
def test_any_other_text_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="write it as YYYY-MM-DD"):
        words.parse_day(text)


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("✅ Current", "current"),
        ("⚠️ Due Soon", "due-soon"),
        ("🔴 Overdue", "overdue"),
        (":white_check_mark: OK", "current"),
        ("due-soon", "due-soon"),
        ("Parked 🅿️", "Parked"),
        ("-", ""),
        ("", ""),
    ],
)
def test_a_status_is_a_known_word_or_the_one_written(cell: str, status: str) -> None:
    assert words.status_word(cell) == status


def test_only_pictures_are_taken_out() -> None:
    assert words.without_emoji("👍🏽 a^b `c` 1\ufe0f\u20e3 :ok: é") == "a^b `c` 1 é"
    for text in ("2025-07-01T00:00:00+02:00", "arn:aws:kms:us-east-1", "a :1: b"):
        assert words.without_emoji(text) == text


def test_a_sign_alone_is_no_status_and_no_priority() -> None:
    with pytest.raises(ValueError, match="holds a sign but no word; write Current"):
        words.status_word("🔴")
    with pytest.raises(ValueError, match="holds a sign but no word; write Critical"):
        words.priority_word("🔴")


def test_a_priority_is_one_of_four_words() -> None:
    assert [words.priority_word(cell) for cell in ("🔥 CRITICAL", "low", "n/a", "")] == [
        "critical",
        "low",
        "",
        "",
    ]
    with pytest.raises(ValueError, match="'p1' is none of critical, high, medium, low"):
        words.priority_word("P1")


def test_a_bare_number_takes_the_unit_of_its_header() -> None:
    assert words.parse_period("90", words.header_unit("Rotation (days)")).span.days == 90
    assert words.parse_period("3", words.header_unit("rotation_months")).months == 3
    with pytest.raises(ValueError, match="not a duration"):
        words.parse_period("90", words.header_unit("Rotation"))


def test_a_period_said_twice_must_be_the_same() -> None:
    assert words.parse_period("Quarterly (90 days)").span.days == 90
    for text in ("90 days (prod only)", "Monthly (31 days)"):
        with pytest.raises(ValueError, match=r"is not a duration|states two periods"):
            words.parse_period(text)


def test_environments_are_listed_in_lower_case() -> None:
    assert words.environments("Production / Staging and QA, production") == ("production", "staging", "qa")
    assert words.environments(" - ") == ()
    assert words.environments("All environments") == words.environments("*") == ()


VALUES = [
    "AK" + "IA" + "Z7Q3M9X2C5V8B1N4",
    "gh" + "p_" + "a8Kd02Lm4Qz7Xv1Bn6Tc9Rw3Yp5Ue0Hf8Jg2",
    "0123456789abcdef" * 2,
    "postgres" + "://app:hunter2@db/orders",
    "-----BEGIN " + "PRIVATE KEY-----",
]


@pytest.mark.parametrize("text", VALUES)
def test_a_value_is_recognised(text: str) -> None:
    assert words.looks_like_value(text)
    assert words.looks_like_value(f"the key {text} of mail")


@pytest.mark.parametrize(
    "text",
    [
        "AWS_SECRET_ACCESS_KEY",
        "halcyon/production/openai-api-key",
        "MyServiceV2KeyForProduction2024",
        "Payment-Gateway-Key-2025-Q3",
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/db-AbCdEf",
        "550e8400-e29b-41d4-a716-446655440000",
        "https://vault.example:8200/ui",
        "Google Service Account (Docs API v1)",
    ],
)
def test_a_name_is_not_taken_for_a_value(text: str) -> None:
    assert not words.looks_like_value(text)
