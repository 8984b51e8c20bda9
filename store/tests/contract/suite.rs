//! What every store must do, as functions over a [`Stage`], and their list.

#[path = "accounts.rs"]
pub(crate) mod accounts;
#[path = "archives.rs"]
pub(crate) mod archives;
#[path = "changes.rs"]
pub(crate) mod changes;
#[path = "claims.rs"]
pub(crate) mod claims;
#[path = "gated.rs"]
mod gated;
#[path = "messages.rs"]
pub(crate) mod messages;
#[path = "samples.rs"]
mod samples;
#[path = "writer.rs"]
pub(crate) mod writer;
#[path = "writes.rs"]
pub(crate) mod writes;

use async_trait::async_trait;
use std::sync::Arc;
use store::Store;

/// An empty store somewhere, which can be opened several times: again later, and twice at one time.
#[async_trait]
pub(crate) trait Stage: Sync {
    /// A new handle, as another process or a restart would have.
    async fn open(&self) -> Arc<dyn Store>;
}

/// Gives the names of all promises to another macro, which makes tests of them. A function that is not listed is
/// reported as unused.
macro_rules! promises {
    ($make_tests:ident) => {
        $make_tests! {
            accounts::an_account_comes_back_as_it_was_put,
            accounts::a_new_account_in_place_of_an_existing_one_is_refused,
            accounts::replacing_what_is_not_there_is_refused,
            accounts::replacing_keeps_what_belongs_to_the_person,
            accounts::replacing_can_end_the_legacy_secrets,
            accounts::accounts_are_ordered_by_principal,
            accounts::removal_takes_everything_with_it,
            accounts::removing_nobody_is_refused,
            accounts::of_many_who_create_one_account_one_succeeds,
            archives::what_was_said_is_there_in_order_and_chained,
            archives::each_domain_has_a_chain_of_its_own,
            archives::entries_are_appended_with_the_other_writes_or_not_at_all,
            archives::homes_that_write_at_one_time_make_one_chain,
            archives::an_entry_comes_back_as_it_was_put,
            archives::entries_are_read_within_limits,
            archives::what_is_old_is_removed_from_the_beginning_on,
            archives::a_purge_has_a_limit,
            changes::a_new_store_has_revision_zero_and_no_changes,
            changes::put_disabled_and_removed_are_told_in_order,
            changes::only_the_last_change_of_an_account_is_told,
            changes::an_account_removed_and_created_again_is_told_as_both,
            changes::a_refused_change_takes_no_revision,
            changes::a_display_name_set_by_the_person_takes_no_revision,
            changes::a_revision_of_the_future_finds_nothing,
            changes::another_handle_is_told,
            claims::a_slot_never_claimed_takes_writes_of_any_epoch,
            claims::writes_of_a_former_home_are_left_out_and_others_applied,
            claims::each_kind_of_change_of_a_former_home_is_left_out,
            claims::of_one_slot_older_writes_are_left_out_and_newer_applied,
            claims::who_is_fenced_among_very_many_slots_is_found,
            claims::a_claim_takes_all_slots_or_none,
            claims::another_member_cannot_claim_at_the_same_epoch,
            claims::of_many_who_claim_at_one_epoch_one_succeeds,
            claims::a_claim_returns_what_was_committed_just_before,
            claims::a_claim_is_seen_by_another_handle_and_after_a_restart,
            claims::operators_are_not_fenced,
            claims::what_is_kept_cannot_be_claimed_at_an_epoch_in_between,
            claims::who_has_lost_a_slot_cannot_keep_it,
            claims::no_slots_are_claimed_without_a_trace,
            claims::a_slot_named_twice_is_claimed_once,
            claims::the_newest_epoch_of_all_claims_is_known,
            claims::the_last_moves_of_a_slot_are_told_newest_first,
            claims::older_moves_are_forgotten,
            claims::every_state_told_comes_back_and_goes_with_the_account,
            messages::what_waits_is_read_in_order,
            messages::what_is_read_at_one_time_has_limits,
            messages::what_was_taken_is_known_by_its_header_only,
            messages::the_first_taking_counts,
            messages::what_was_forgotten_is_gone,
            messages::of_one_message_the_last_change_in_a_group_counts,
            messages::a_message_comes_back_as_it_was_put,
            messages::messages_of_two_people_are_apart,
            messages::messages_and_contacts_go_with_the_account,
            messages::a_thousand_messages_in_one_write_are_all_there,
            messages::a_contact_list_replaces_the_one_before,
            messages::a_long_contact_list_keeps_its_order,
            messages::an_operator_sets_a_contact_list_whoever_has_the_slot,
            messages::nobody_has_no_contact_list,
            writes::everything_survives_a_restart,
            writes::everything_is_seen_by_another_handle,
            writes::a_claim_returns_those_in_its_slots_only,
            writes::claimed_people_are_ordered_by_principal,
            writes::what_has_the_same_id_is_replaced,
            writes::the_last_change_of_one_thing_counts,
            writes::a_renewal_changes_the_end_of_what_is_there,
            writes::what_is_removed_is_gone,
            writes::one_id_of_two_people_is_two_things,
            writes::removing_what_is_not_there_does_nothing,
            writes::a_change_of_somebody_without_account_is_ignored,
            writes::a_thousand_changes_in_one_write_are_all_there,
            writes::ids_and_times_come_back_to_the_millisecond,
            writes::a_subscriber_other_than_the_watcher_comes_back,
            writes::nothing_written_is_fine,
            writer::what_is_submitted_during_a_commit_becomes_one_transaction,
            writer::what_is_submitted_together_is_one_transaction_with_an_outcome_for_each,
            writer::a_group_has_a_limit,
            writer::writes_are_applied_in_the_order_of_submission,
            writer::what_was_awaited_survives_a_restart,
            writer::who_was_fenced_is_told_and_the_rest_of_the_group_committed,
            writer::who_lost_a_slot_and_has_it_again_is_told_of_each,
            writer::an_error_reaches_everybody_in_the_group_and_nobody_else,
            writer::a_full_queue_refuses_and_what_was_queued_is_written,
            writer::a_submitter_who_goes_away_withdraws_nothing,
            writer::the_work_ends_when_all_writers_are_gone,
            writer::without_the_work_a_submission_fails,
            writer::a_renewal_is_answered_at_once_and_written_with_the_next_group,
            writer::what_renewals_are_left_is_written_at_the_end,
        }
    };
}
