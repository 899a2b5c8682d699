"""Listing on servers that know less than OpenBao."""

from collections.abc import Mapping
from typing import Any

import pytest

from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.vault.api import Answer
from keyproof.vault.tree import PAGE, Folder, Tree, pages

UNKNOWN_PATH = {
    "data": None,
    "warnings": [
        "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate endpoints."
    ],
}


class FakeVault:
    """A server from before detailed listings and paging: it gives every key at once, whatever is asked."""

    def __init__(
        self, listings: Mapping[str, list[str]], *, denied: tuple[str, ...] = (), broken: bool = False
    ) -> None:
        self.listings = listings
        self.denied = denied
        self.broken = broken
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def ask(self, verb: str, path: str, *, params: Mapping[str, Any] | None = None) -> Answer:
        assert verb == "LIST"
        self.asked.append((path, params or {}))
        if path.startswith(self.denied or ("\0",)):
            if self.broken and (params or {}).get("limit") == "max":
                raise BackendProtocolError("400", scope="s")
            raise AccessDeniedError(f"no list on {path}", scope="s")
        if "detailed-metadata" in path:
            return Answer(status=404, body=UNKNOWN_PATH)
        keys = self.listings.get(path)
        if keys is None:
            return Answer(status=404, body={"errors": []})
        return Answer(status=200, body={"data": {"keys": keys}})


def test_vault_is_asked_for_details_once_only() -> None:
    vault = FakeVault({"kv/metadata/": ["app", "app/", "b/"], "kv/metadata/app/": ["db"]})
    tree = Tree(vault, mount="kv/", version=2)
    assert list(tree.folder("")) == [Folder(folders=("app/", "b/"), secrets=("app",))]
    assert list(tree.folder("app/")) == [Folder(secrets=("app/db",))]
    assert list(tree.folder("b/")) == [Folder()]
    assert [path for path, _ in vault.asked] == [
        "kv/detailed-metadata/",
        "kv/metadata/",
        "kv/metadata/app/",
        "kv/metadata/b/",
    ]


def test_a_server_that_ignores_the_size_of_a_page_ends_all_the_same() -> None:
    for count in (PAGE - 1, PAGE, PAGE + 1, 2 * PAGE):
        names = [f"s{number:05}" for number in range(count)]
        vault = FakeVault({"kv1/": names})
        found = Tree(vault, mount="kv1/", version=1).folder("")
        assert [path for page in found for path in page.secrets] == names
        assert len(vault.asked) == (2 if count == PAGE else 1)


@pytest.mark.parametrize("broken", [False, True])
def test_a_denied_folder_stays_denied(broken: bool) -> None:
    vault = FakeVault({}, denied=("kv/",), broken=broken)
    with pytest.raises(AccessDeniedError, match="no list on kv/metadata/a/"):
        list(Tree(vault, mount="kv/", version=2).folder("a/"))


def test_a_mount_that_went_away_is_no_empty_mount() -> None:
    class Gone(FakeVault):
        def ask(self, verb: str, path: str, *, params: Mapping[str, Any] | None = None) -> Answer:
            return Answer(
                status=404, body={"errors": ['no handler for route "kv/metadata/". route entry not found.']}
            )

    with pytest.raises(BackendProtocolError, match="kv/metadata/ cannot be listed: no handler for route"):
        list(Tree(Gone({}), mount="kv/", version=2).folder(""))


def test_a_remark_about_unknown_parameters_is_no_error() -> None:
    answer = Answer(
        status=404,
        body={"data": None, "warnings": ["Endpoint ignored these unrecognized parameters: [limit]"]},
    )
    assert answer.empty
    assert not Answer(status=404, body=UNKNOWN_PATH).empty


def test_a_denial_in_the_middle_of_pages_is_raised() -> None:
    class Closing(FakeVault):
        def ask(self, verb: str, path: str, *, params: Mapping[str, Any] | None = None) -> Answer:
            if (params or {}).get("after"):
                raise AccessDeniedError("revoked", scope="s")
            return Answer(status=200, body={"data": {"keys": [str(number) for number in range(PAGE)]}})

    with pytest.raises(AccessDeniedError, match="revoked"):
        list(pages(Closing({}), "kv/metadata/"))


def test_what_was_listed_with_details_before_a_denial_is_kept() -> None:
    class Closing(FakeVault):
        def ask(self, verb: str, path: str, *, params: Mapping[str, Any] | None = None) -> Answer:
            self.asked.append((path, params or {}))
            if (params or {}).get("after"):
                raise AccessDeniedError("revoked", scope="s")
            keys = [str(number) for number in range(PAGE)]
            return Answer(status=200, body={"data": {"keys": keys, "key_info": {"7": {"versions": {}}}}})

    vault = Closing({})
    found = Tree(vault, mount="kv/", version=2).folder("a/")
    first = next(found)
    assert (len(first.secrets), first.metadata) == (PAGE, {"a/7": {"versions": {}}})
    with pytest.raises(AccessDeniedError, match="revoked"):
        next(found)
    assert {path for path, _ in vault.asked} == {"kv/detailed-metadata/a/"}


@pytest.mark.parametrize("body", [{}, {"keys": ["a"]}])
def test_an_answer_without_a_list_is_no_empty_folder(body: Mapping[str, Any]) -> None:
    class Strange(FakeVault):
        def ask(self, verb: str, path: str, *, params: Mapping[str, Any] | None = None) -> Answer:
            return Answer(status=200, body=body)

    with pytest.raises(BackendProtocolError, match="kv/metadata/ is answered with no list"):
        list(pages(Strange({}), "kv/metadata/"))
