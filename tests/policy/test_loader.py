"""What is refused, with the exact place and words, and what a loaded policy holds."""

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from keyproof.errors import PolicyError
from tests.policy.stand_ins import (
    HEAD,
    RULE,
    RequiredMetadata,
    load,
    load_house,
    problems,
    problems_of_house,
    write,
)


def test_a_pack_becomes_rules_with_ready_checks_and_places(tmp_path: Path) -> None:
    policy = load_house(
        tmp_path,
        """\
        rules:
          - id: rotation
            title: Rotation
            check: max-age
            select: {environment: production}
            with: {period: 90d}
            severity: critical
            controls: [{id: "soc2:CC6.1", strength: partial}]
            remediation: |
              Rotate
              it.
        """,
    )
    (pack,) = policy.packs
    (rule,) = pack.rules
    assert (rule.id, rule.pack, rule.severity, rule.remediation) == (
        "rotation",
        "house",
        "critical",
        "Rotate it.",
    )
    assert (rule.selector.describe(), str(rule.place)) == snapshot(
        ("environment production", "SourceLine(path='house.yaml', line=5, commit='')")
    )
    assert rule.check.rotation_period is not None
    assert rule.check.rotation_period.text == "90d"
    assert [framework.id for framework in policy.frameworks] == ["soc2"]


def test_no_policy_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no policy is named"):
        load(tmp_path, [])


def test_an_empty_pack_is_refused(tmp_path: Path) -> None:
    assert problems_of_house(tmp_path, "") == snapshot(
        "house.yaml:1:1: the pack has no rules; add a rule, or extend a pack"
    )


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": "# nothing yet\n"})
    assert problems(tmp_path) == snapshot(
        "house.yaml:1:1: is not a policy pack; begin with 'apiVersion: keyproof/v1' and 'kind: PolicyPack'"
    )


def test_another_kind_of_document_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": "apiVersion: keyproof/v2\nkind: Waivers\nwaivers: []\n"})
    assert problems(tmp_path) == snapshot("""\
house.yaml:1:1: the key 'metadata' is missing; add 'metadata:'
house.yaml:1:13: 'keyproof/v2' is not allowed here; did you mean 'keyproof/v1'?
house.yaml:2:7: 'Waivers' is not allowed here; known here: PolicyPack
house.yaml:3:1: unknown key 'waivers'; known here: apiVersion, classes, disable, extends, kind, metadata, parameters, roles, rules\
""")


def test_duplicate_rule_ids_are_refused(tmp_path: Path) -> None:
    body = RULE + "  - {id: rotation, title: Again, check: max-age, with: {period: 30d}}\n"
    assert problems_of_house(tmp_path, body) == snapshot(
        "house.yaml:6:10: the rule 'rotation' stands twice; it first stands on line 5; keep one or rename one"
    )


def test_unknown_keys_are_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    assert problems_of_house(
        tmp_path,
        """\
            clases: []
            rules:
              - {id: rotation, title: Rotation, check: max-age, with: {perod: 90d}, sevrity: high}
              - {id: other, title: Other, check: max-age, selct: {class: x}, with: {period: 90d}}
            """,
    ) == snapshot("""\
house.yaml:4:1: unknown key 'clases'; did you mean 'classes'?
house.yaml:6:59: the key 'period' is missing; add 'period:'
house.yaml:6:60: unknown key 'perod'; did you mean 'period'?
house.yaml:6:73: unknown key 'sevrity'; did you mean 'severity'?
house.yaml:7:47: unknown key 'selct'; did you mean 'select'?\
""")


def test_wrong_types_are_refused(tmp_path: Path) -> None:
    assert problems_of_house(
        tmp_path,
        """\
            roles: [developer]
            rules:
              - {id: Rotation, title: "", check: max-age, with: {period: 90}}
              - {id: other, title: Other, check: max-age, severity: grave, with: {period: soon, runs: many}}
              - {id: third, title: Third, check: max-age, with: [90d]}
            """,
    ) == snapshot("""\
house.yaml:4:8: 'roles' must be a mapping (key: value); found a list
house.yaml:6:10: 'id' must be of the form ^[a-z0-9]+([.-][a-z0-9]+)*$; found 'Rotation'
house.yaml:6:27: 'title' must not be empty; found ''
house.yaml:6:62: a duration is written with its unit, for example 90d; found 90
house.yaml:7:57: 'grave' is not allowed here; known here: critical, high, medium, low
house.yaml:7:79: 'soon' is not a duration; write for example 90d, 24h, 15min, 3mo, P90D, quarterly or 'on compromise'
house.yaml:7:91: 'runs' must be a whole number; found 'many'
house.yaml:8:53: 'with' must be a mapping (key: value); found a list
house.yaml:8:53: the key 'period' is missing; add 'period:'\
""")


def test_python_spellings_of_keys_are_no_part_of_the_language(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": HEAD.replace("id: house", "id: house, review_every: annually") + RULE})
    assert problems(tmp_path) == snapshot(
        "house.yaml:3:23: unknown key 'review_every'; did you mean 'review-every'?"
    )


def test_duplicate_keys_are_refused(tmp_path: Path) -> None:
    assert problems_of_house(tmp_path, RULE + "rules: []\n") == snapshot(
        "house.yaml:6:1: the key 'rules' stands twice; it first stands on line 4; keep one"
    )


def test_tabs_are_refused(tmp_path: Path) -> None:
    assert problems_of_house(tmp_path, "rules:\n\t- {}\n") == snapshot(
        "house.yaml:5:1: a tab is used to indent; YAML wants spaces"
    )


def test_an_unknown_check_is_refused(tmp_path: Path) -> None:
    assert problems_of_house(
        tmp_path, "rules:\n  - {id: rotation, title: Rotation, check: maxage}\n"
    ) == snapshot("house.yaml:5:44: there is no check 'maxage'; did you mean 'max-age'?")


def test_a_check_without_its_parameters_is_refused(tmp_path: Path) -> None:
    assert problems_of_house(
        tmp_path, "rules:\n  - {id: rotation, title: Rotation, check: max-age}\n"
    ) == snapshot("house.yaml:5:5: the key 'period' is missing; add 'period:'")


def test_unknown_controls_and_frameworks_are_refused(tmp_path: Path) -> None:
    assert problems_of_house(
        tmp_path,
        """\
            rules:
              - id: rotation
                title: Rotation
                check: max-age
                with: {period: 90d}
                controls:
                  - {id: "soc2:CC6.11", strength: partial}
                  - {id: "sox2:CC6.1", strength: partial}
                  - {id: "soc2:privacy", strength: partial}
                  - {id: CC6.1, strength: partial}
            """,
    ) == snapshot("""\
house.yaml:10:14: there is no control 'soc2:CC6.11'; did you mean 'soc2:CC6.1'?
house.yaml:11:14: there is no framework 'sox2'; did you mean 'soc2'?
house.yaml:12:14: there is no control 'soc2:privacy'; policies/controls/soc2.yaml lists them
house.yaml:13:14: 'CC6.1' names no framework; write it as framework:control, for example soc2:CC6.1\
""")


def test_a_framework_without_catalogue_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": HEAD + RULE})
    assert problems(tmp_path, frameworks=["soc2", "pci-dss-4.0"]) == snapshot(
        "frameworks: there is no control catalogue 'pci-dss-4.0'; did you mean 'pci-dss-4.0.1'?"
    )


def test_only_the_frameworks_asked_for_are_loaded(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": HEAD + RULE})
    policy = load(tmp_path, frameworks=["hipaa", "soc2", "hipaa"])
    assert [framework.id for framework in policy.frameworks] == ["hipaa", "soc2"]


def test_an_impossible_date_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": HEAD.replace("id: house", "id: house, reviewed: 2026-02-30") + RULE})
    assert problems(tmp_path) == snapshot("house.yaml:3:33: 2026-02-30 is not a day of the calendar")


def test_unknown_classes_in_selectors_are_refused(tmp_path: Path) -> None:
    assert problems_of_house(
        tmp_path,
        """\
            classes:
              - {id: openai-key, match: {name: "*openai*"}}
              - {id: other, match: {class: openai-key}}
              - {id: unclassified, match: {name: "*"}}
            rules:
              - {id: a, title: A, check: max-age, select: {class: open-ai-key}, with: {period: 90d}}
              - {id: b, title: B, check: max-age, select: {any: [{class: [openai-*, jwt]}]}, with: {period: 90d}}
              - {id: c, title: C, check: max-age, select: {not: {class: unclassified}}, with: {period: 90d}}
            """,
    ) == snapshot("""\
house.yaml:6:32: a class cannot be matched by class; match by name, tag, backend or another key
house.yaml:7:10: 'unclassified' means the secrets without a class; choose another id
house.yaml:9:55: there is no class 'open-ai-key'; did you mean 'openai-key'?
house.yaml:10:73: there is no class 'jwt'; known here: openai-key, other, unclassified\
""")


def test_unknown_kinds_and_priorities_in_selectors_are_refused(tmp_path: Path) -> None:
    assert problems_of_house(
        tmp_path,
        """\
            rules:
              - {id: a, title: A, check: max-age, select: {kind: certifcate, priority: urgent}, with: {period: 90d}}
            """,
    ) == snapshot("""\
house.yaml:5:54: there is no kind of subject 'certifcate'; did you mean 'certificate'?
house.yaml:5:76: there is no priority 'urgent'; known here: critical, high, low, medium\
""")


def test_empty_selectors_are_refused(tmp_path: Path) -> None:
    assert problems_of_house(
        tmp_path,
        """\
            rules:
              - {id: a, title: A, check: max-age, select: {}, with: {period: 90d}}
              - {id: b, title: B, check: max-age, select: {class: }, with: {period: 90d}}
              - {id: c, title: C, check: max-age, select: {name: []}, with: {period: 90d}}
              - {id: d, title: D, check: max-age, select: {all: []}, with: {period: 90d}}
              - {id: e, title: E, check: max-age, select: , with: {period: 90d}}
            """,
    ) == snapshot("""\
house.yaml:5:47: an empty selector selects nothing and everything; name what is meant
house.yaml:6:47: the key 'class' of the selector has no value; give it one or remove it
house.yaml:7:54: 'name' must not be empty; found a list
house.yaml:8:53: 'all' must not be empty; found a list
house.yaml:9:47: the key has no value; give it one or remove it\
""")


def test_jmespath_faults_are_shown_at_their_column(tmp_path: Path) -> None:
    assert problems_of_house(
        tmp_path,
        """\
            rules:
              - {id: a, title: A, check: max-age, select: {where: "owner =="}, with: {period: 90d}}
              - {id: b, title: B, check: max-age, select: {where: tags.team ~ 'a'}, with: {period: 90d}}
              - {id: c, title: C, check: max-age, select: {where: "name && onwer == 'a'"}, with: {period: 90d}}
              - {id: d, title: D, check: max-age, select: {where: matches(name)}, with: {period: 90d}}
              - {id: e, title: E, check: max-age, select: {where: length(expires_at)}, with: {period: 90d}}
              - {id: g, title: G, check: max-age, select: {where: " "}, with: {period: 90d}}
              - {id: h, title: H, check: max-age, select: {where: "owner && !attributes.storage"}, with: {period: 90d}}
              - id: f
                title: F
                check: max-age
                select:
                  where: |
                    owner ==
                with: {period: 90d}
            """,
    ) == snapshot("""\
house.yaml:5:64: 'where' is not usable JMESPath: Incomplete expression; see https://jmespath.org for the syntax
house.yaml:6:65: 'where' is not usable JMESPath: Unknown token ~; see https://jmespath.org for the syntax
house.yaml:7:64: 'where' is not usable JMESPath: no subject has a field 'onwer'; did you mean 'owner'?
house.yaml:8:55: 'where' is not usable JMESPath: Unknown function: matches(); see https://jmespath.org for the syntax
house.yaml:9:55: 'where' is not usable JMESPath: In function length(), invalid type for value: None, expected one of: ['string', 'array', 'object'], received: "null"; guard what may be absent, for example `expires_at && starts_with(expires_at, '2026')`
house.yaml:10:57: 'where' is not usable JMESPath: Incomplete expression; see https://jmespath.org for the syntax
house.yaml:11:56: 'where' is not usable JMESPath: '!a.b' means '(!a).b', which is never true; write '!(a.b)'
house.yaml:16:14: 'where' is not usable JMESPath: Incomplete expression; see https://jmespath.org for the syntax\
""")


def test_over_claims_are_refused(tmp_path: Path) -> None:
    assert problems_of_house(
        tmp_path,
        """\
            rules:
              - id: rotation
                title: Rotation
                check: max-age
                with: {period: 90d}
                controls:
                  - {id: "soc2:CC6.1", strength: full}
                  - {id: "soc2:CC8.1", strength: partial}
                  - {id: "pci-dss-4.0.1:8.3.9", strength: supporting}
                  - {id: "pci-dss-4.0.1:8.6.3", strength: full}
                  - {id: "pci-dss-4.0.1:8.6.2", strength: full, preconditions: All scanned.}
                  - {id: "nist-800-53-r5:IA-5f", strength: full, preconditions: The period is ours.}
            """,
    ) == snapshot("""\
house.yaml:10:38: full over-claims soc2:CC6.1: a criterion is met by the organisation's own control and tested by an auditor, never by a scan; write 'partial'
house.yaml:11:38: partial over-claims soc2:CC8.1: finding no secret in the code touches one risk of change management only; write 'supporting'
house.yaml:12:14: no rule about secrets can give evidence for pci-dss-4.0.1:8.3.9: it concerns passwords of people who log in without a second factor, not API keys or service accounts; 90 days for those is house policy; remove the mapping
house.yaml:13:47: pci-dss-4.0.1:8.6.3 is fully shown only on a condition; add 'preconditions:'; it holds where the rule selects all application and system accounts in scope, and the period is that of the documented targeted risk analysis
house.yaml:14:47: pci-dss-4.0.1:8.6.2 cannot be fully shown by max-age; write 'partial'; only no-leak may claim full\
""")


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.yaml": HEAD.replace("house", "a") + "rules:\n  - {id: x, title: X, check: nope}\n  - {}\n",
            "b.yaml": HEAD.replace("house", "b") + "rule: []\n",
            "waivers.yaml": "apiVersion: keyproof/v1\nkind: Waivers\nwaivers: [{id: x}]\n",
        },
    )
    assert problems(tmp_path, ["*.yaml", "baselin"], waivers=["waivers.yaml", "gone.yaml"]) == snapshot("""\
a.yaml:5:30: there is no check 'nope'; known here: max-age, no-leak, required-metadata
a.yaml:6:5: the key 'check' is missing; add 'check:'
a.yaml:6:5: the key 'id' is missing; add 'id:'
a.yaml:6:5: the key 'title' is missing; add 'title:'
b.yaml:4:1: unknown key 'rule'; did you mean 'rules'?
baselin: there is no such policy pack; did you mean 'baseline'?
gone.yaml: there is no such waiver file; check the path
waivers.yaml:1:1: the key 'metadata' is missing; add 'metadata:'
waivers.yaml:2:7: 'Waivers' is not allowed here; known here: PolicyPack
waivers.yaml:3:1: unknown key 'waivers'; known here: apiVersion, classes, disable, extends, kind, metadata, parameters, roles, rules
waivers.yaml:3:11: the key 'approved-by' is missing; add 'approved-by:'
waivers.yaml:3:11: the key 'from' is missing; add 'from:'
waivers.yaml:3:11: the key 'reason' is missing; add 'reason:'
waivers.yaml:3:11: the key 'requested-by' is missing; add 'requested-by:'
waivers.yaml:3:11: the key 'until' is missing; add 'until:'\
""")


def test_references_that_mean_no_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    assert problems(tmp_path, ["basline", "missing.yaml", "policies/*.yaml", "./policies"]) == snapshot("""\
./policies: there is no such policy pack; it is a folder; write ./policies/*.yaml
basline: there is no such policy pack; did you mean 'baseline'?
missing.yaml: there is no such policy pack; check the path
policies/*.yaml: there is no such policy pack; check the path\
""")


def test_two_packs_with_one_id_are_refused(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": HEAD + RULE, "b.yaml": HEAD + RULE})
    assert problems(tmp_path, ["a.yaml", "b.yaml"]) == snapshot(
        "b.yaml:3:16: the pack id 'house' is also used by a.yaml; give each pack an id of its own"
    )


def test_a_file_meant_twice_is_loaded_once(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": HEAD + RULE})
    assert len(load(tmp_path, ["house.yaml", "*.yaml", "./house.yaml"]).packs) == 1


def test_a_pack_with_classes_demands_a_class_of_every_secret(tmp_path: Path) -> None:
    (pack,) = load_house(tmp_path, 'classes: [{id: jwt, match: {name: "*jwt*"}}]\n' + RULE).packs
    rule = pack.rules[-1]
    assert (rule.id, rule.check.kind, rule.title) == snapshot(
        (
            "unclassified",
            "required-metadata",
            "Every secret belongs to a class: one that matches none has no rotation period",
        )
    )
    assert rule.check == RequiredMetadata.model_validate({"fields": ["class"]})


@pytest.mark.parametrize(
    "body",
    [
        RULE,
        "classes: [{id: jwt, match: {name: '*jwt*'}}]\n"
        + RULE
        + "  - {id: classified, title: Classified, check: required-metadata, with: {fields: [owner, class]}}\n",
        "classes: [{id: jwt, match: {name: '*jwt*'}}]\ndisable: {unclassified: One team only.}\n" + RULE,
    ],
    ids=["no classes", "a rule of its own", "switched off with a reason"],
)
def test_no_rule_is_added_where_none_is_needed(tmp_path: Path, body: str) -> None:
    (pack,) = load_house(tmp_path, body).packs
    assert "unclassified" not in {rule.id for rule in pack.rules}


def test_a_rule_that_asks_some_secrets_for_their_class_spares_no_other(tmp_path: Path) -> None:
    body = (
        "classes: [{id: jwt, match: {name: '*jwt*'}}]\n"
        + RULE
        + "  - {id: some, title: Some, check: required-metadata, select: {class: jwt}, with: {fields: [class]}}\n"
    )
    (pack,) = load_house(tmp_path, body).packs
    assert pack.rules[-1].id == "unclassified"


def test_the_id_of_the_added_rule_is_kept_free(tmp_path: Path) -> None:
    body = 'classes: [{id: jwt, match: {name: "*jwt*"}}]\n' + RULE.replace("id: rotation", "id: unclassified")
    assert problems_of_house(tmp_path, body) == snapshot(
        "house.yaml:6:10: the id 'unclassified' is kept for the rule that every secret has a class; choose another id"
    )


def test_ambiguous_words_become_notes_with_their_line(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "house.yaml": HEAD.replace("id: house", "id: house, review-every: biannually")
            + RULE.replace("90d", "bi-annually")
        },
    )
    assert load(tmp_path).packs[0].notes == snapshot(
        (
            "house.yaml:3: 'bi-annually' can mean twice a year or every two years; read as 182 days",
            "house.yaml:5: 'bi-annually' can mean twice a year or every two years; read as 182 days",
        )
    )


def test_the_pack_is_a_document_to_be_kept_current(tmp_path: Path) -> None:
    head = HEAD.replace(
        "id: house",
        "id: house, owner: DevOps, reviewed: 2026-02-12, review-every: quarterly, approved-by: [Ana, Ben]",
    )
    write(tmp_path, {"house.yaml": head + RULE})
    document = load(tmp_path).packs[0].document
    assert (document.owner, str(document.reviewed), document.approved_by) == (
        "DevOps",
        "2026-02-12",
        ("Ana", "Ben"),
    )
    assert document.review_every is not None
    assert document.review_every.text == "quarterly"
    assert document.place is not None
    assert (document.place.path, document.place.line) == ("house.yaml", 3)


def test_a_control_that_a_rule_names_twice_is_refused(tmp_path: Path) -> None:
    edge = '{id: "soc2:CC6.1", strength: supporting}'
    assert problems_of_house(
        tmp_path, RULE.replace("with:", f"controls: [{edge}, {edge}], with:")
    ) == snapshot("house.yaml:5:111: the control 'soc2:CC6.1' stands twice; keep one mapping")


EDGES = """\
rules:
  - id: rotation
    title: Rotation
    check: max-age
    with: {period: 90d}
    controls:
      - {id: "soc2:CC6.1", strength: partial}
      - {id: "gdpr:32(1)(b)", strength: supporting}
      - {id: "iso27001-2022:A.5.17", strength: partial}
"""


@pytest.mark.parametrize(
    ("frameworks", "kept"),
    [
        ((), ["soc2:CC6.1", "gdpr:32(1)(b)", "iso27001-2022:A.5.17"]),
        (("soc2",), ["soc2:CC6.1"]),
        (("gdpr", "hipaa"), ["gdpr:32(1)(b)"]),
    ],
)
def test_rules_keep_the_mappings_to_the_frameworks_asked_for(
    tmp_path: Path, frameworks: tuple[str, ...], kept: list[str]
) -> None:
    write(tmp_path, {"house.yaml": HEAD + EDGES})
    rule = load(tmp_path, frameworks=frameworks).packs[0].rules[0]
    assert [edge.id for edge in rule.controls] == kept


def test_a_mapping_that_a_waiver_rests_on_is_kept_whatever_framework_is_asked_for(tmp_path: Path) -> None:
    waiver = (
        "{id: w, control: 'iso27001-2022:A.5.17', select: {name: a}, reason: r, ticket: T-1, requested-by: x, "
        "approved-by: y, from: 2026-01-01, until: 2026-01-31}"
    )
    write(
        tmp_path,
        {
            "house.yaml": HEAD + EDGES,
            "waivers.yaml": f"apiVersion: keyproof/v1\nkind: Waivers\nwaivers: [{waiver}]\n",
        },
    )
    rule = load(tmp_path, frameworks=["soc2"], waivers=["waivers.yaml"]).packs[0].rules[0]
    assert [edge.id for edge in rule.controls] == ["soc2:CC6.1", "iso27001-2022:A.5.17"]
