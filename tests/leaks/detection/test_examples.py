"""Templates are written out the same way every time, and an unknown generator is an error."""

import pytest

from keyproof.leaks.detection.examples import expand


def test_the_secret_is_what_stands_between_the_brackets() -> None:
    example = expand("kéy = [[{hex:8}]];", "seed")
    assert example.text[: example.start].decode() == "kéy = "
    assert len(example.text[example.start : example.end]) == 8
    assert example.text[example.end :] == b";"


def test_without_brackets_it_is_the_whole() -> None:
    example = expand("a{digits:3}", "seed")
    assert (example.start, example.end) == (0, 4)


def test_the_same_seed_gives_the_same_characters() -> None:
    assert expand("{alnum:20}", "a").text == expand("{alnum:20}", "a").text
    assert expand("{alnum:20}", "a").text != expand("{alnum:20}", "b").text


def test_an_unknown_generator_is_an_error() -> None:
    with pytest.raises(KeyError):
        expand("{dice:3}", "seed")


def test_a_shell_variable_stays() -> None:
    assert expand("${PASSWORD} #{Name}", "seed").text == b"${PASSWORD} #{Name}"


def test_its_repr_hides_the_text() -> None:
    assert "object at" in repr(expand("{hex:8}", "seed"))
