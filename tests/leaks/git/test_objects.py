"""Listing and reading objects in bulk: each once, in order, around what is damaged."""

from pathlib import Path

import pytest

from keyproof.leaks.git.objects import GitObject, Unread, list_objects, object_types, read_objects
from keyproof.leaks.git.repository import Repository
from tests.fakes.repositories import GitRepository


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return GitRepository.create(tmp_path / "r")


def test_every_object_is_listed_once(repository: GitRepository) -> None:
    commit = repository.commit({"f": "four", "g": "four", "h": "seven!!"})
    repository.git("repack", "-a", "--quiet")  # keeps the loose copies: every object is stored twice
    repository.git("tag", "-a", "-m", "m", "v1", env=repository.dates())
    listing = list_objects(Repository.open(repository.path, repository.environ))
    assert sorted(listing.blobs) == sorted(repository.git("rev-parse", f"HEAD:{name}") for name in "fh")
    assert (list(listing.commits), list(listing.tags)) == ([commit], [repository.git("rev-parse", "v1")])


def test_objects_are_read_in_the_order_asked(repository: GitRepository) -> None:
    contents = [f"{number}".encode() * number for number in range(600)]
    for number, content in enumerate(contents):
        repository.write(f"{number}", content)
    repository.git("add", ".")
    names = [repository.git("rev-parse", f":{number}") for number in (599, 0, 1, 300, 599)]
    opened = Repository.open(repository.path, repository.environ)
    assert list(read_objects(opened, names)) == [
        GitObject(id=name, type="blob", content=contents[number])
        for name, number in zip(names, (599, 0, 1, 300, 599), strict=True)
    ]


def test_missing_and_damaged_objects_are_answered_in_their_place(repository: GitRepository) -> None:
    names = [repository.blob(letter.encode() * 2000) for letter in "abcde"]
    for name in names[1], names[3]:
        file = repository.loose_object(name)
        file.chmod(0o644)
        file.write_bytes(file.read_bytes()[:-4])
    asked = [*names, "0" * 40]
    answers = list(read_objects(Repository.open(repository.path, repository.environ), asked))
    assert [answer.id for answer in answers] == asked
    assert [answer.reason if isinstance(answer, Unread) else len(answer.content) for answer in answers] == [
        2000, "unreadable", 2000, "unreadable", 2000, "missing",
    ]  # fmt: skip


def test_types_are_told_of_stored_objects_only(repository: GitRepository) -> None:
    blob = repository.blob(b"b")
    opened = Repository.open(repository.path, repository.environ)
    assert object_types(opened, [blob, "1" * 40]) == {blob: "blob"}


def test_reading_nothing_gives_nothing(repository: GitRepository) -> None:
    assert list(read_objects(Repository.open(repository.path, repository.environ), [])) == []


def test_a_commit_beyond_all_measure_is_passed_over(repository: GitRepository) -> None:
    content = b"tree %s\n\n" % (b"1" * 40) + b"x" * (65 << 20)
    large = repository.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", feed=content)
    blob = repository.blob(b"after it")
    answers = list(read_objects(Repository.open(repository.path, repository.environ), [large, blob]))
    assert answers == [
        Unread(id=large, reason="size"),
        GitObject(id=blob, type="blob", content=b"after it"),
    ]
