"""Both ways to read a commit against each other."""

from hypothesis import given
from hypothesis import strategies as st

from keyproof.leaks.git import commits

ID = "1" * 40
HEADS = st.sampled_from(
    [
        f"tree {ID}", f"tree {ID}{'2' * 24}", "tree x", f"parent {ID}", "parent 12", "parent ",
        "author A U Thor <a@example.com> 1112911993 -0700", "author A <> 7 +0000", "author  <a> -7 +0000",
        "author \xe9 <\xe9> 1 +0000", "author A <b <c> 1 +0000", "author none", " continued", "committer C <c> 2 +0000",
        "encoding latin-1", "gpgsig -----BEGIN PGP SIGNATURE-----", "",
    ]
)  # fmt: skip


@given(
    st.lists(HEADS, max_size=8),
    st.sampled_from(["", "\n", "\nmessage\n\nmore", "\nparent 1\n"]),
    st.booleans(),
)
def test_a_plain_commit_is_read_like_any(lines: list[str], rest: str, whole: bool) -> None:
    if whole:
        lines = [
            f"tree {ID}",
            *(line for line in lines if line.startswith("parent")),
            "author A <a> 5 +0100",
            *lines,
        ]
    for codec in ("latin-1", "utf-8"):
        content = "\n".join([*lines, rest]).encode(codec)
        plain = commits._parse_plain(ID, content)
        assert plain is None or plain == commits._parse_any(ID, content)


def test_usual_commits_are_plain() -> None:
    content = f"tree {ID}\nparent {ID}\nparent {ID}\nauthor A <a@b> 5 +0100\ncommitter A <a@b> 5 +0100\n\nm".encode()
    commit = commits._parse_plain(ID, content)
    assert commit
    assert (commit.parents, commit.author.seconds, commit.message) == ((ID, ID), 5, b"m")
