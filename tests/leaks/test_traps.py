"""Every trap on the page about them has a test that plants the secret; none is on the page alone, or missing there."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli import test_leaks as cli
from tests.leaks import test_source as source
from tests.leaks.decoding import test_in_history as packed_history
from tests.leaks.decoding import test_opening as opening
from tests.leaks.detection import test_allow as allow
from tests.leaks.detection import test_decoders as decoders
from tests.leaks.detection import test_scanner as scanner
from tests.leaks.git import test_attribution as attribution
from tests.leaks.git import test_history as history
from tests.leaks.git import test_odd_repositories as odd
from tests.leaks.git import test_packs as packs
from tests.leaks.git import test_repository as repository
from tests.leaks.git import test_span as span
from tests.leaks.git import test_staged as staged

Test = Callable[..., Any]

TRAPS: Mapping[str, tuple[Test, ...]] = {
    "evil-merge": (attribution.test_an_evil_merge_is_an_introduction, span.test_an_evil_merge_in_the_range),
    "attribute-binary": (history.test_a_file_that_an_attribute_declares_binary,),
    "textconv": (history.test_nothing_the_repository_configures_is_run,),
    "fsmonitor": (
        history.test_nothing_the_repository_configures_is_run,
        odd.test_settings_of_a_worktree_of_its_own,
    ),
    "type-change": (history.test_a_symlink_that_became_a_file, staged.test_a_symlink_that_became_a_file),
    "stash": (
        history.test_the_stash_with_its_index_and_untracked_files,
        history.test_an_earlier_stash_stands_only_in_a_reflog,
    ),
    "replace-refs": (
        history.test_an_object_hidden_by_a_replace_ref,
        history.test_a_commit_hidden_by_a_replace_ref,
    ),
    "amended": (
        history.test_a_commit_that_was_amended_away,
        history.test_a_commit_message_that_was_amended_away,
    ),
    "utf-16": (
        history.test_utf_16,
        scanner.test_utf_16_is_searched_with_and_without_a_mark,
        decoders.test_utf_32_of_ascii_is_recognised,
    ),
    "output-settings": (history.test_settings_that_change_what_git_prints,),
    "newline-in-path": (
        history.test_paths_that_confuse_parsers,
        span.test_a_path_with_a_line_break,
        repository.test_a_path_with_a_line_break_opens,
    ),
    "line-limits": (
        history.test_a_very_long_line_and_binary_content,
        scanner.test_a_secret_is_found_wherever_it_stands_in_a_line_of_any_length,
    ),
    "chunk-edges": (odd.test_no_edge_splits_a_secret, packs.test_the_walk_finds_what_the_stream_finds),
    "lookalike-diff": (history.test_lines_that_look_like_a_diff,),
    "odd-names": (
        history.test_paths_that_confuse_parsers,
        staged.test_paths_that_confuse_parsers,
        history.test_a_path_that_is_not_utf_8,
        odd.test_names_longer_than_any_file_system_takes,
    ),
    "binary-content": (history.test_a_very_long_line_and_binary_content,),
    "locale": (odd.test_the_language_and_dates_of_the_user_change_nothing,),
    "malformed": (
        history.test_malformed_commits_and_trees_do_not_stop_a_scan,
        history.test_a_tree_with_doubled_and_slashed_names_is_attributed,
        odd.test_modes_that_git_no_longer_writes,
    ),
    "line-endings": (
        history.test_lines_that_end_with_carriage_returns,
        scanner.test_place_is_counted_in_characters_from_one,
    ),
    "rename-limit": (odd.test_many_renames_beyond_the_limit,),
    "maintenance": (odd.test_a_search_leaves_the_repository_as_it_was,),
    "git-fails": (
        repository.test_a_failure_carries_gits_last_words,
        history.test_a_damaged_index_is_a_gap_and_the_history_found,
    ),
    "external-diff": (history.test_nothing_the_repository_configures_is_run,),
    "baseline-paths": (
        allow.test_a_baseline_accepts_its_value_in_its_file_only,
        allow.test_a_baseline_in_a_folder_speaks_of_paths_below_it,
    ),
    "safe-directory": (
        repository.test_another_users_repository_is_refused_with_the_next_step,
        repository.test_the_users_safe_directory_is_honoured,
        repository.test_the_repositorys_own_safe_directory_counts_for_nothing,
    ),
    "several-paths": (
        history.test_one_blob_under_several_paths,
        source.test_one_path_outside_the_examples_is_enough_to_be_taken_seriously,
    ),
    "remote-helpers": (odd.test_an_address_that_runs_a_program_is_not_asked,),
    "zip-slip": (odd.test_a_name_that_climbs_out_of_its_archive_is_only_a_name,),
    "bombs": (
        opening.test_a_bomb_of_many_layers_ends,
        opening.test_the_parts_of_an_archive_share_one_bound,
        opening.test_a_member_larger_than_it_says_is_bounded,
        opening.test_what_is_opened_of_all_blobs_together_is_bounded,
        history.test_a_tree_bomb_ends,
    ),
    "damaged-archive": (odd.test_a_damaged_archive_is_searched_as_it_is,),
    "packed-archives": (packed_history.test_the_walk_over_packs_leaves_nothing_packed_behind,),
    "forced-push": (odd.test_a_forced_push_brings_in_what_it_puts_there_only,),
    "new-branch": (odd.test_a_new_branch_brings_in_what_the_remote_has_not,),
    "quarantine": (
        span.test_a_pre_receive_hook_searches_the_quarantine,
        cli.test_a_push_and_a_server_are_guarded,
    ),
    "unmerged": (staged.test_every_version_of_an_unmerged_path_is_searched,),
    "intent-to-add": (staged.test_what_is_only_intended_is_named_and_no_gap,),
    "sparse-index": (odd.test_a_sparse_index,),
    "git-file": (
        history.test_a_commit_only_a_linked_worktree_is_at,
        repository.test_a_linked_worktree_shares_the_objects,
        history.test_a_submodule_is_searched_by_itself_and_named_by_its_parent,
    ),
    "alternates": (history.test_objects_of_alternates, packs.test_alternates_go_through_the_stream),
    "partial-clone": (
        history.test_a_partial_clone_is_incomplete_and_nothing_is_fetched,
        history.test_a_partial_clone_without_trees,
        span.test_a_blob_missing_from_a_partial_clone_is_a_gap,
    ),
    "shallow": (
        history.test_a_shallow_clone_is_incomplete,
        span.test_a_range_inside_a_shallow_clone_is_complete_until_it_meets_the_cut,
    ),
    "damaged-objects": (
        history.test_a_damaged_object_is_named_and_the_rest_found,
        history.test_a_missing_object_is_a_gap_and_the_rest_found,
        history.test_many_damaged_objects_in_a_row,
        history.test_a_damaged_commit_tree_or_tag_is_named_and_the_rest_found,
        packs.test_a_damaged_pack_is_accounted_for_like_the_stream_does,
    ),
    "sha-256": (
        history.test_a_sha_256_repository,
        staged.test_an_unborn_branch_of_a_sha_256_repository,
        span.test_a_range_of_a_sha_256_repository,
        packs.test_sha256_is_walked_as_well,
    ),
    "reftable": (odd.test_refs_in_a_reftable,),
    "parent-folder": (
        repository.test_a_folder_inside_a_work_tree_is_not_the_work_tree,
        repository.test_a_broken_repository_is_not_searched_above,
    ),
    "memory": (odd.test_a_finding_holds_on_to_nothing_but_itself,),
    "unreachable": (
        history.test_a_blob_that_only_the_object_store_has,
        attribution.test_a_secret_of_an_unreachable_commit_keeps_its_path_and_author,
    ),
    "odd-tags": (history.test_a_tag_at_a_blob_and_a_tag_at_a_tree,),
    "messages": (
        history.test_a_commit_message,
        history.test_an_annotated_tag_message,
        history.test_a_note,
        span.test_messages_and_tags_of_the_range,
    ),
    "grafts": (history.test_a_commit_hidden_by_a_graft, span.test_a_graft_does_not_shorten_a_range),
    "planted-git": (repository.test_a_git_inside_the_repository_never_runs,),
    "submodules": (
        history.test_a_submodule_is_searched_by_itself_and_named_by_its_parent,
        staged.test_a_staged_submodule_is_named,
        cli.test_submodules_are_searched_when_asked,
    ),
    "symlinks": (history.test_a_work_tree_link_out_of_the_repository_is_not_followed,),
    "elsewhere": (odd.test_what_lies_elsewhere_is_named,),
}


def test_every_trap_of_the_page_is_tested(checkout: Path) -> None:
    page = (checkout / "docs" / "explanation" / "git-traps.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z0-9-]+)`: ", page, re.MULTILINE) == list(TRAPS)


@pytest.mark.parametrize("trap", TRAPS)
def test_what_is_named_is_a_test_that_always_runs(trap: str) -> None:
    assert TRAPS[trap]
    for test in TRAPS[trap]:
        assert test.__name__.startswith("test_")
        marks = {mark.name for mark in getattr(test, "pytestmark", [])}
        assert marks <= {"parametrize", "hypothesis", "usefixtures"}, "skipped or expected to fail"
