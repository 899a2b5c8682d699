"""Every rule of another tool's file is translated, approximated or refused, and works as there."""

import shutil
from pathlib import Path

import pytest

from keyproof.domain.leak import LeakConfidence
from keyproof.errors import PolicyError
from keyproof.leaks.detection.compiled import open_scanner
from keyproof.leaks.detection.engine import RegexEngine
from keyproof.leaks.detection.foreign_rules import ForeignRule, Outcome, read, read_all
from keyproof.leaks.detection.scanner import Scanner

_VALUE = "k7Qp2" + "vXw9Lm4Rt6"

_GITLEAKS = r"""
title = "ours"
[extend]
useDefault = true
disabledRules = ["off"]
[[rules]]
id = "acme-token"
description = "Acme token"
regex = '''(?i)acme[_-]token\s*=\s*['"]([a-z0-9]{15})['"]'''
keywords = ["acme"]
entropy = 2
[[rules.allowlists]]
stopwords = ["example"]
regexes = ['''^000''']
[[rules]]
id = "second-group"
regex = '''(foo)-(bar[0-9]{6})\z'''
secretGroup = 2
[[rules]]
id = "keyword-only"
regex = '''[a-f0-9]{32}'''
keywords = ["vendorx"]
[[rules]]
id = "names"
path = '''\.pem$'''
[[rules]]
id = "off"
regex = '''zzz'''
[[rules]]
id = "unicode"
regex = '''\p{Greek}abcd'''
[[rules]]
id = "demanding"
regex = '''wxyz_[0-9]{4}'''
filter = "entropy(secret) > 3"
[rules.allowlist]
condition = "AND"
regexes = ['''a''']
paths = ['''b''']
"""

_KINGFISHER = r"""
rules:
  - name: Acme
    id: kingfisher.acme.1
    pattern: |
      (?xi)
      \b
      (
        acme_ [a-z0-9]{12}   # the token
      )
      \b
    min_entropy: 2.5
    pattern_requirements:
      min_digits: 2
      ignore_if_contains: [sample]
    examples: [acme_a1b2c3d4e5f6]
    validation: {type: Http}
  - name: Wrong
    id: kingfisher.wrong.1
    pattern: 'abcd[0-9]{4}'
    examples: [efgh1234]
    confidence: low
  - name: Group
    id: np.group.1
    pattern: 'tok=(?P<TOKEN>[a-f0-9]{8});(b)'
"""

_CREDSWEEPER = r"""
- name: Acme key
  type: pattern
  confidence: strong
  values: ['(?P<value>acme-[0-9a-f]{8})(?(value)\b|x)']
  required_substrings: [acme-]
  filter_type: [ValuePatternCheck]
- name: Passphrase
  type: keyword
  use_ml: true
  values: ['pass(?:phrase)']
- name: Pair
  type: multi
  values: [a, b]
- name: PEM
  type: pem_key
  values: ['-----BEGIN']
"""


def _read(tmp_path: Path, name: str, text: str) -> dict[str, ForeignRule]:
    path = tmp_path / name
    path.write_text(text)
    return {rule.id: rule for rule in read(path)}


def _scan(rules: dict[str, ForeignRule], text: str) -> list[tuple[str, bytes, LeakConfidence]]:
    detectors = [rule.detector for rule in rules.values() if rule.detector]
    scanner = Scanner(detectors, RegexEngine([one.prefilter for one in detectors]), digest="")
    return [(one.detector, one.secret, one.confidence) for one in scanner.scan(text.encode())]


def test_gitleaks(tmp_path: Path) -> None:
    rules = _read(tmp_path, "gitleaks.toml", _GITLEAKS)
    assert {name: (str(rule.outcome), rule.reason) for name, rule in rules.items()} == {
        "extend.useDefault": (
            "refused",
            "gitleaks' own rules are not shipped here: give the path of its file",
        ),
        "acme-token": ("approximated", "a match stays within one line and 2048 bytes"),
        "second-group": ("translated", ""),
        "keyword-only": ("approximated", "a keyword must stand on the line of the match"),
        "names": ("refused", "it looks at file names only"),
        "off": ("refused", "the file disables it"),
        "unicode": ("refused", r"\p has no counterpart"),
        "demanding": (
            "approximated",
            "an allow list of several conditions at once is not applied; its filter expression is not evaluated",
        ),
    }
    assert _scan(rules, f"ACME_TOKEN = '{_VALUE}'") == [
        ("gitleaks-acme-token", _VALUE.encode(), LeakConfidence.LIKELY)
    ]
    assert _scan(rules, f"acme-token='{'000' + _VALUE[3:]}' acme-token='example{_VALUE[7:]}'") == []
    assert _scan(rules, "foo-bar123987") == [("gitleaks-second-group", b"bar123987", LeakConfidence.LIKELY)]
    digits = "8f14e45fceea167a" + "5a36dedd4bea2543"
    assert _scan(rules, f"{digits}\nvendorx: {digits}") == [
        ("gitleaks-keyword-only", digits.encode(), LeakConfidence.LIKELY)
    ]


def test_kingfisher_and_nosey_parker(tmp_path: Path) -> None:
    rules = _read(tmp_path, "rules.yml", _KINGFISHER)
    assert {name: (str(rule.outcome), rule.reason) for name, rule in rules.items()} == {
        "kingfisher.acme.1": ("approximated", "nothing is asked over the network"),
        "kingfisher.wrong.1": ("refused", "it does not match its own examples here"),
        "np.group.1": ("translated", ""),
    }
    found = _scan(rules, "acme_k7qp2vxw9lm4 acme_kqpzvxwhlmrt acme_samplew9lm4 tok=8f14e45f;b")
    assert found == [
        ("kingfisher-kingfisher-acme-1", b"acme_k7qp2vxw9lm4", LeakConfidence.LIKELY),
        ("kingfisher-np-group-1", b"8f14e45f", LeakConfidence.LIKELY),
    ]


def test_credsweeper(tmp_path: Path) -> None:
    rules = _read(tmp_path, "config.yaml", _CREDSWEEPER)
    assert {name: (str(rule.outcome), rule.reason) for name, rule in rules.items()} == {
        "Acme key": (
            "approximated",
            "its filters are not run, ours are; a keyword must stand on the line of the match",
        ),
        "Passphrase": (
            "approximated",
            "its model is not asked; a match stays within one line and 2048 bytes",
        ),
        "Pair": ("refused", "it spans several places"),
        "PEM": ("refused", "our own detectors find private keys"),
    }
    assert _scan(rules, f"acme-8f14e45f\nmy_passphrase = '{_VALUE}'") == [
        ("credsweeper-acme-key", b"acme-8f14e45f", LeakConfidence.LIKELY),
        ("credsweeper-passphrase", _VALUE.encode(), LeakConfidence.POSSIBLE),
    ]


def test_two_rules_of_one_name_have_two_ids(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("- {name: A b, type: pattern, values: ['abcd[0-9]{4}', 'efgh[0-9]{4}']}\n")
    assert [rule.detector.id for rule in read(path) if rule.detector] == [
        "credsweeper-a-b",
        "credsweeper-a-b-2",
    ]


def test_a_rule_of_two_files_is_kept_twice(tmp_path: Path) -> None:
    paths = [tmp_path / "a.toml", tmp_path / "b.toml"]
    for path in paths:
        path.write_text('[[rules]]\nid = "one"\nregex = "abcd[0-9]{4}"\n')
    assert [rule.detector.id for rule in read_all(paths) if rule.detector] == [
        "gitleaks-one",
        "gitleaks-one-2",
    ]


def test_a_key_over_several_lines(tmp_path: Path) -> None:
    rules = _read(
        tmp_path, "gitleaks.toml", "[[rules]]\nid = 'block'\nregex = '''BEGIN X\\n([a-z]{8})\\nEND'''\n"
    )
    assert rules["block"].outcome is Outcome.TRANSLATED
    assert _scan(rules, "BEGIN X\nqwzxvbnm\nEND") == [("gitleaks-block", b"qwzxvbnm", LeakConfidence.LIKELY)]


@pytest.mark.parametrize(
    ("name", "text"), [("a.toml", "x = ["), ("a.yaml", "a: b"), ("a.yaml", "a: ["), ("a.yaml", "3")]
)
def test_another_file_is_an_error(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(PolicyError):
        read(path)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        read(tmp_path / "none.toml")
    assert "cannot be read" in str(caught.value.problems[0])


def test_a_scanner_looks_for_them_too_and_keeps_them(tmp_path: Path, rules: Path) -> None:
    folder, cache, path = tmp_path / "rules", tmp_path / "cache", tmp_path / "gitleaks.toml"
    folder.mkdir()
    shutil.copy(rules / "github.yaml", folder)
    path.write_text(_GITLEAKS)
    text = f"ACME_TOKEN = '{_VALUE}'".encode()
    for _ in range(2):
        scanner = open_scanner(folder, cache=cache, rules=[path])
        assert [match.detector for match in scanner.scan(text)] == ["gitleaks-acme-token"]
    assert open_scanner(folder, cache=cache).scan(text) == ()
