"""The organisation's key: from the environment, or made once and kept private."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from keyproof.errors import ConfigError
from keyproof.leaks.key import default_path, load_key


def test_hex_is_read_as_the_bytes_it_spells() -> None:
    assert load_key({"KEYPROOF_KEY": " " + "0aFF" * 8 + "\n"}) == b"\x0a\xff" * 8


def test_other_text_is_read_as_it_stands() -> None:
    text = "correct horse battery staple, and then some"
    assert load_key({"KEYPROOF_KEY": text}) == text.encode()


@pytest.mark.parametrize("text", ["", "short", "a" * 31])
def test_a_short_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_key({"KEYPROOF_KEY": text})
    (problem,) = refusal.value.problems
    assert f"{len(text)} characters" in problem.message
    assert "openssl rand" in problem.hint
    assert not text or text not in f"{refusal.value} {problem}"


def test_a_file_is_made_on_first_use_and_kept_private(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    first = load_key(environ)
    file = default_path(environ)
    assert file == tmp_path / "config" / "keyproof" / "key"
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
    assert (len(first), load_key(environ), load_key({}, file)) == (32, first, first)
    assert [one.name for one in file.parent.iterdir()] == ["key"]


def test_two_folders_get_two_keys(tmp_path: Path) -> None:
    assert load_key({}, tmp_path / "a" / "key") != load_key({}, tmp_path / "b" / "key")


def test_the_file_lies_in_the_home_when_no_folder_is_set(tmp_path: Path) -> None:
    assert default_path({"HOME": str(tmp_path)}) == tmp_path / ".config" / "keyproof" / "key"


def test_without_a_home_the_key_is_for_one_run_alone() -> None:
    assert len(load_key({})) == 32
    assert load_key({}) != load_key({})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o601])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    file.write_text("k" * 40)
    file.chmod(mode)
    with pytest.raises(ConfigError) as refusal:
        load_key({}, file)
    assert refusal.value.problems[0].hint == f"run: chmod 600 {file}"
    file.chmod(0o400)
    assert load_key({}, file) == b"k" * 40


def test_a_short_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("k\n")
    file.chmod(0o600)
    with pytest.raises(ConfigError):
        load_key({}, file)


@pytest.mark.parametrize("kind", ["folder", "below a file"])
def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir(mode=0o700)
    with pytest.raises(ConfigError):
        load_key({}, tmp_path / ("folder" if kind == "folder" else "file/key"))


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError):
        load_key({}, tmp_path / "key")


def test_many_at_once_take_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_key({}, tmp_path / "new" / "key"), range(32)))
    assert len(keys) == 1
