"""Waiver files: what a waiver must say, and what is refused."""

from pathlib import Path

from inline_snapshot import snapshot

from keyproof.domain.leak import Leak, LeakConfidence
from keyproof.domain.secret import SecretMetadata
from tests.policy.stand_ins import HEAD, RULE, load, problems, problems_of_waivers, write

GOOD = """\
- id: freeze
  rule: rotation
  select: {name: "*crm*"}
  reason: The provider issues no keys.
  ticket: SEC-1
  requested-by: Ana
  approved-by: [Ben, Cleo]
  from: 2026-01-01
  until: "2026-02-01"
  compensating-control: Watched daily.
"""


def _with(**changes: str) -> str:
    lines = []
    for line in GOOD.splitlines():
        key = line[2:].partition(":")[0]
        if key not in changes:
            lines.append(line)
        elif changes[key]:
            lines.append(f"{line[:2]}{key}: {changes[key]}")
    return "\n".join(lines) + "\n"


def test_a_waiver_carries_who_why_and_until_when(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "house.yaml": HEAD + RULE,
            "waivers.yaml": f"apiVersion: keyproof/v1\nkind: Waivers\nwaivers:\n{GOOD}",
        },
    )
    (waiver,) = load(tmp_path, waivers=["waivers.yaml"]).waivers
    assert (waiver.requested_by, waiver.approved_by, str(waiver.starts), str(waiver.until)) == (
        "Ana",
        ("Ben", "Cleo"),
        "2026-01-01",
        "2026-02-01",
    )
    crm = SecretMetadata(id="x://crm", name="prod/CRM-key", source="x", backend="x", scope="x")
    assert waiver.selector.matches(crm, "")
    assert str(waiver.place) == snapshot("SourceLine(path='waivers.yaml', line=4, commit='')")


def test_a_reason_over_several_lines_is_one_sentence(tmp_path: Path) -> None:
    folded = GOOD.replace("reason: The provider", "reason: |\n    The provider\n    ")
    write(
        tmp_path,
        {
            "house.yaml": HEAD + RULE,
            "waivers.yaml": f"apiVersion: keyproof/v1\nkind: Waivers\nwaivers:\n{folded}",
        },
    )
    (waiver,) = load(tmp_path, waivers=["waivers.yaml"]).waivers
    assert waiver.reason == "The provider issues no keys."


def test_a_waiver_by_fingerprint_is_about_that_leak_alone(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "house.yaml": HEAD + RULE,
            "waivers.yaml": "apiVersion: keyproof/v1\nkind: Waivers\nwaivers:\n"
            + _with(select="").replace("  reason", "  fingerprint: 0a1b2c3d4e5f6071\n  reason"),
        },
    )
    (waiver,) = load(tmp_path, waivers=["waivers.yaml"]).waivers

    def leak(fingerprint: str) -> Leak:
        return Leak(
            fingerprint=fingerprint,
            detector="x",
            title="X",
            secret_class="",
            repository="r",
            confidence=LeakConfidence.LIKELY,
            preview="X",
            occurrences=(),
        )

    assert waiver.selector.matches(leak("0a1b2c3d4e5f6071"), "")
    assert not waiver.selector.matches(leak("ffffffffffffffff"), "")


def test_a_waiver_without_expiry_is_refused(tmp_path: Path) -> None:
    assert problems_of_waivers(tmp_path, _with(until="")) == snapshot(
        "waivers.yaml:4:3: the key 'until' is missing; add 'until:'"
    )


def test_a_waiver_without_approver_is_refused(tmp_path: Path) -> None:
    assert problems_of_waivers(tmp_path, _with(**{"approved-by": ""})) == snapshot(
        "waivers.yaml:4:3: the key 'approved-by' is missing; add 'approved-by:'"
    )
    assert problems_of_waivers(tmp_path, _with(**{"approved-by": "[]"})) == snapshot(
        "waivers.yaml:10:16: 'approved-by' must not be empty; found a list"
    )
    assert problems_of_waivers(tmp_path, _with(**{"approved-by": '" "'})) == snapshot(
        "waivers.yaml:10:16: an approver has no name; write who approved it"
    )


def test_a_waiver_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    assert problems_of_waivers(tmp_path, _with(until="2025-12-31")) == snapshot(
        "waivers.yaml:12:10: the waiver ends on 2025-12-31, before it begins on 2026-01-01; write a later last day"
    )


def test_a_waiver_of_one_day_is_accepted(tmp_path: Path) -> None:
    text = "apiVersion: keyproof/v1\nkind: Waivers\nwaivers:\n" + _with(until="2026-01-01")
    write(tmp_path, {"house.yaml": HEAD + RULE, "waivers.yaml": text})
    assert len(load(tmp_path, waivers=["waivers.yaml"]).waivers) == 1


def test_nobody_approves_their_own_request(tmp_path: Path) -> None:
    assert problems_of_waivers(tmp_path, _with(**{"approved-by": "[Ben, ' ana ', ben]"})) == snapshot("""\
waivers.yaml:10:22: ana approves what ana requested; let somebody else approve it
waivers.yaml:10:31: ben approves twice; name each approver once\
""")


def test_impossible_dates_are_refused(tmp_path: Path) -> None:
    changed = _with(**{"from": "2026-02-30", "until": "31.12.2026"})
    assert problems_of_waivers(tmp_path, changed) == snapshot("""\
waivers.yaml:11:9: 2026-02-30 is not a day of the calendar
waivers.yaml:12:10: a date is written YYYY-MM-DD; found '31.12.2026'\
""")


def test_a_waiver_names_one_target(tmp_path: Path) -> None:
    assert problems_of_waivers(tmp_path, _with(rule="")) == snapshot(
        "waivers.yaml:4:3: a waiver names a rule or a control; write exactly one of 'rule' and 'control'"
    )
    assert problems_of_waivers(tmp_path, _with(select="")) == snapshot(
        "waivers.yaml:4:3: a waiver says what it is about; write exactly one of 'select' and 'fingerprint'"
    )


def test_unknown_controls_and_classes_are_refused(tmp_path: Path) -> None:
    changed = _with(rule="", select="{class: crm}") + "  control: soc2:CC6.12\n"
    assert problems_of_waivers(tmp_path, changed) == snapshot("""\
waivers.yaml:5:19: there is no class 'crm'; known here: unclassified
waivers.yaml:13:12: there is no control 'soc2:CC6.12'; did you mean 'soc2:CC6.2'?\
""")


def test_duplicate_ids_are_refused(tmp_path: Path) -> None:
    assert problems_of_waivers(tmp_path, GOOD + GOOD) == snapshot(
        "waivers.yaml:14:7: the waiver 'freeze' stands twice; it first stands in waivers.yaml:4; rename one"
    )


def test_unknown_keys_are_refused(tmp_path: Path) -> None:
    assert problems_of_waivers(tmp_path, GOOD + "  approver: Ben\n  ends: 2027-01-01\n") == snapshot("""\
waivers.yaml:14:3: unknown key 'approver'; did you mean 'approved-by'?
waivers.yaml:15:3: unknown key 'ends'; known here: approved-by, compensating-control, control, fingerprint, from, id, reason, requested-by, rule, select, ticket, until\
""")


def test_another_document_is_no_waiver_file(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": HEAD + RULE, "list.yaml": "- a\n"})
    assert problems(tmp_path, waivers=["list.yaml", "house.yaml"]) == snapshot("""\
house.yaml:1:1: the key 'waivers' is missing; add 'waivers:'
house.yaml:2:7: 'PolicyPack' is not allowed here; known here: Waivers
house.yaml:3:1: unknown key 'metadata'; known here: apiVersion, kind, longest, quorum, waivers
house.yaml:4:1: unknown key 'rules'; known here: apiVersion, kind, longest, quorum, waivers
list.yaml:1:1: is not a waiver file; begin with 'apiVersion: keyproof/v1' and 'kind: Waivers'\
""")


def test_a_file_meant_twice_is_read_once(tmp_path: Path) -> None:
    text = f"apiVersion: keyproof/v1\nkind: Waivers\nwaivers:\n{GOOD}"
    write(tmp_path, {"house.yaml": HEAD + RULE, "waivers/a.yaml": text})
    assert len(load(tmp_path, waivers=["waivers/*.yaml", "waivers/a.yaml"]).waivers) == 1


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": HEAD + RULE})
    (tmp_path / "waivers.yaml").write_bytes(b"\xff\xfe")
    assert problems(tmp_path, waivers=["waivers.yaml"]) == snapshot(
        "waivers.yaml:1: is not UTF-8; save the file as UTF-8"
    )


def test_a_glob_may_mean_no_waiver_file_but_a_path_may_not(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": HEAD + RULE})
    assert load(tmp_path, waivers=["waivers/*.yaml"]).waivers == ()
    assert problems(tmp_path, waivers=["waivers/all.yaml"]) == snapshot(
        "waivers/all.yaml: there is no such waiver file; check the path"
    )


def test_a_waiver_of_a_rule_that_no_pack_has_is_refused(tmp_path: Path) -> None:
    changed = (
        _with(rule="rotatoin")
        + _with(rule="house/rotation", id="fits")
        + _with(rule="other/rotation", id="o")
    )
    assert problems_of_waivers(tmp_path, changed) == snapshot("""\
waivers.yaml:5:9: no loaded pack has a rule 'rotatoin'; did you mean 'rotation'?
waivers.yaml:25:9: no loaded pack has a rule 'other/rotation'; did you mean 'house/rotation'?\
""")


def test_a_rule_that_a_broken_pack_may_have_is_not_called_unknown(tmp_path: Path) -> None:
    head = "apiVersion: keyproof/v1\nkind: Waivers\nwaivers:\n"
    broken = HEAD + RULE.replace("period: 90d", "perod: 90d") + "rule: []\n"
    write(tmp_path, {"house.yaml": broken, "waivers.yaml": head + _with(rule="anything")})
    assert "anything" not in problems(tmp_path, waivers=["waivers.yaml"])
