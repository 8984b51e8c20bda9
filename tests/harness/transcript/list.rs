//! The transcripts by name: one list for every stage.

/// Hands the names of all transcripts to a macro, which makes tests of them.
#[macro_export]
macro_rules! for_each_transcript {
    ($make:ident) => {
        $make! {
            access_of_others
            allow_only_contacts
            block_and_unblock
            call_back_dead
            call_back_hangs_up
            call_back_off
            call_back_policy
            call_back_ranges
            call_back_silent
            call_back_unreachable
            conversation_of_three
            dialects
            everything_crashes
            file_invitation
            home_crashes
            home_is_away
            home_restarts
            home_restarts_and_leases_are_over
            log_on_as_librvp_with_digest
            log_on_as_librvp_with_ntlm
            log_on_as_miranda_with_digest
            log_on_as_miranda_with_ntlm
            log_on_as_net_rvp
            log_on_as_windows_with_negotiate
            log_on_of_a_disabled_account
            log_on_of_a_new_account
            log_on_of_a_removed_account
            log_on_refused
            message_between_homes
            message_is_acknowledged
            message_non_ascii
            message_refused
            message_sent_again
            message_sent_again_elsewhere
            message_to_self
            message_to_two_clients
            offline_half
            offline_log_on
            offline_off
            offline_quota
            offline_typing
            presence_flat
            presence_in_views
            presence_lapses
            presence_lease_is_bounded
            presence_of_a_watcher_elsewhere
            presence_of_all_states
            presence_of_one_client_lapses
            presence_of_two_clients
            properties
            router_is_lost
            routers_are_equal
            spellings
            subscribe_again
            subscriptions_lapse
            subscriptions_renewed_and_ended
            typing
        }
    };
}
