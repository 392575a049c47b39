//! One suite for every backend: what the traits promise, story by story.
//!
//! [`conformance!`](crate::conformance!) turns every story into a test for one backend. A story gets a fresh store and panics where
//! the store breaks a promise.

mod accounts;
mod admin_visits;
mod administration;
mod archives;
mod commits;
mod contests;
mod delivery;
mod everything;
mod expiry;
mod files;
mod identities;
mod invitations;
mod key_packages;
mod lives;
mod log;
mod model;
mod overlapping;
mod passwords;
mod people;
mod push_subscriptions;
mod reports;
mod second_factors;
mod sessions;
mod taking_part;
mod time_locks;

pub use accounts::*;
pub use admin_visits::*;
pub use administration::*;
pub use archives::{
    an_archive_grows_by_compare_and_swap_and_is_read_in_its_order, an_archive_is_bounded_by_what_is_there_afterwards,
    of_many_changes_of_an_archive_at_once_one_wins, segments_go_with_the_head_that_takes_them_out,
};
pub use commits::*;
pub use contests::*;
pub use delivery::*;
pub use everything::{Everything, everything};
pub use expiry::*;
pub use files::*;
pub use identities::*;
pub use invitations::*;
pub use key_packages::*;
pub use lives::*;
pub use log::*;
pub use model::*;
pub use overlapping::*;
pub use passwords::*;
pub use people::{CountingFranking, People};
pub use push_subscriptions::*;
pub use reports::*;
pub use second_factors::*;
pub use sessions::*;
pub use taking_part::*;
pub use time_locks::*;

/// Makes a `#[tokio::test]` of each story for one backend.
///
/// `$make` is an expression that gives a fresh store (a [`SharedStore`](crate::SharedStore) whose franking is
/// [`CountingFranking`](crate::conformance::CountingFranking)) and whatever must live as long as it does. The calling crate needs
/// tokio with `macros` and `rt`.
#[macro_export]
macro_rules! conformance {
    ($make:expr) => {
        $crate::conformance!(@stories $make;
            an_account_is_made_once_and_found_by_name_and_id,
            names_are_unique_and_so_are_their_looks,
            the_super_administrators_slot_is_taken_once,
            of_two_registrations_of_one_name_at_once_one_wins,
            an_invitation_lets_in_as_many_as_it_was_made_for,
            many_newcomers_at_once_cannot_overuse_an_invitation,
            an_invitation_expires_and_is_revoked,
            good_invitations_are_bounded_in_number,
            device_lists_form_a_chain_by_compare_and_swap,
            vault_and_account_state_grow_by_compare_and_swap,
            a_new_password_replaces_record_and_vault_together,
            of_two_new_passwords_at_once_one_counts_whole,
            no_session_begins_by_a_password_that_was_replaced_meanwhile,
            a_new_password_ends_the_sessions_that_it_is_told_to,
            a_new_recovery_key_replaces_key_and_vault_together,
            of_a_new_recovery_key_and_a_new_password_at_once_one_counts_whole,
            a_new_identity_replaces_everything_of_the_old_one_together,
            a_new_identity_ends_all_sessions_but_one_and_takes_the_other_devices_off,
            of_two_new_identities_at_once_one_counts_whole,
            a_second_factor_is_turned_on_and_off_and_counted,
            of_two_sign_ins_with_one_code_at_once_one_counts,
            a_time_step_is_used_once_and_none_before_it,
            each_recovery_code_is_used_once,
            what_was_checked_of_another_second_factor_changes_nothing,
            an_account_state_may_skip_numbers_over_the_one_that_it_replaces,
            an_archive_grows_by_compare_and_swap_and_is_read_in_its_order,
            segments_go_with_the_head_that_takes_them_out,
            an_archive_is_bounded_by_what_is_there_afterwards,
            of_many_changes_of_an_archive_at_once_one_wins,
            a_device_off_the_list_loses_session_key_packages_and_welcomes,
            a_device_off_the_list_is_delivered_nothing_but_its_account_stays,
            a_device_that_is_listed_again_has_to_join_again,
            a_device_has_one_session,
            a_session_is_for_listed_devices_alone,
            a_lost_refresh_answer_costs_nothing,
            an_older_refresh_token_ends_the_session,
            the_token_of_a_lost_answer_is_no_second_way_in,
            looking_for_a_session_by_token_changes_nothing,
            a_session_is_ended_by_its_own_account_alone,
            idle_sessions_end_and_those_that_stay_end_later,
            a_code_lets_one_in_once_and_in_time,
            a_visit_ends_with_its_session_and_with_the_next_code,
            a_device_that_is_away_is_due_again_when_it_was_here_in_between,
            a_device_that_stays_away_is_due_again_after_a_while,
            a_subscription_ends_with_its_session,
            an_endpoint_that_is_gone_takes_no_newer_subscription_with_it,
            of_many_nodes_one_wakes_a_device,
            key_packages_are_handed_out_once_oldest_first,
            the_last_resort_key_package_is_handed_out_again_and_again,
            no_two_claims_at_once_get_the_same_key_package,
            a_stock_has_a_limit_and_can_be_replaced,
            only_listed_devices_that_were_asked_for_are_claimed,
            a_message_gets_the_next_place_and_its_mac,
            a_repeat_gets_the_same_answer,
            a_repeat_is_known_after_its_payload_is_gone,
            a_repeat_is_known_among_thousands,
            the_same_id_of_another_device_or_conversation_is_no_repeat,
            the_repeat_check_comes_before_every_other,
            membership_then_submission_then_commit_counter_are_checked,
            a_message_sealed_before_the_newest_commit_is_refused,
            a_refused_append_changes_nothing,
            the_submission_counter_counts_over_all_conversations,
            many_appends_at_once_leave_no_gap_and_keep_each_authors_order,
            of_many_commits_at_once_one_wins,
            a_repeated_commit_gets_the_same_answer,
            a_commit_moves_counter_group_info_and_roster_together,
            nobody_joins_twice,
            a_device_that_is_added_again_keeps_its_place_and_gets_the_welcome,
            who_has_no_seat_may_be_named_as_leaving,
            nobody_joins_who_is_not_listed,
            few_welcomes_wait_for_a_device_in_a_conversation,
            a_commit_can_replace_a_devices_leaf,
            a_participants_other_device_joins_by_an_external_commit,
            a_stranger_joins_by_an_external_commit_in_an_open_room_alone,
            an_external_commit_joins_its_author_and_removes_nobody_else,
            a_joiner_of_an_account_makes_it_a_participant,
            an_account_that_a_commit_takes_out_takes_part_no_longer,
            nothing_more_goes_to_any_device_of_an_account_that_is_out,
            an_account_that_keeps_its_place_comes_back_by_itself,
            removing_an_unlisted_device_is_mere_tidying,
            an_account_that_removes_its_own_device_stays,
            who_leaves_gets_the_leave_and_nothing_behind_it,
            a_leave_names_all_devices_of_the_account_and_no_others,
            a_leavers_leaf_is_tidied_by_a_later_commit,
            a_conversation_has_a_bound_of_members,
            a_direct_conversation_is_one_for_each_pair_until_somebody_leaves,
            the_other_of_a_direct_conversation_may_join_by_itself,
            notes_to_oneself_are_a_direct_conversation,
            a_third_account_never_joins_a_direct_conversation,
            an_open_room_is_one_for_each_name,
            a_creation_is_checked_in_order_and_repeats_alike,
            rooms_are_listed_by_name_with_their_accounts,
            conversations_are_shown_to_participants,
            one_who_kept_its_seat_and_dissents_gives_the_others_theirs_back,
            those_who_lost_their_seats_have_to_outnumber_those_who_kept_one,
            one_who_was_rightly_removed_and_dissents_alone_gets_nothing_more,
            the_authors_account_neither_contests_nor_undoes,
            only_who_could_have_a_commit_dissents_from_it,
            who_was_taken_out_twice_comes_back_when_both_are_undone,
            more_than_half_take_back_a_seat_that_a_commit_gave,
            in_a_direct_conversation_the_others_word_is_enough,
            more_than_half_take_back_the_welcome_of_a_commit_that_added_a_member_once_more,
            who_came_in_again_since_keeps_that_seat,
            who_was_taken_out_without_a_device_takes_part_again_once_that_is_undone,
            who_came_in_again_and_was_taken_out_once_more_gets_that_seat_back,
            who_is_taken_out_and_seated_again_by_bad_commits_keeps_the_first_seat,
            a_contest_ends_with_the_retention_of_its_commit,
            who_is_put_out_when_nobody_else_is_seated_takes_part_again,
            nobody_puts_the_other_of_a_direct_conversation_out,
            an_outsider_whom_bad_commits_brought_and_took_out_stays_out,
            who_is_added_by_a_bad_commit_and_then_by_a_good_one_keeps_the_seat,
            who_was_rightly_taken_out_stays_out_when_a_later_commit_is_undone,
            who_complains_and_who_brought_the_bad_group_info_put_none_in_its_place,
            dissents_of_most_make_the_group_info_wanted_once,
            a_joiner_asks_for_a_better_group_info_and_members_learn_of_it,
            a_commit_that_was_built_before_a_leave_was_seen_is_refused,
            cursors_move_forward_and_never_beyond_the_head,
            a_removed_device_reads_up_to_its_removing_entry,
            a_joiner_reads_nothing_from_before_it_joined,
            recipients_follow_the_roster,
            an_entry_that_everybody_has_is_forgotten,
            who_joins_anew_does_not_hold_back_what_it_missed,
            ones_own_messages_come_without_payload,
            pages_keep_their_bounds,
            strangers_read_nothing,
            a_welcome_stays_until_it_is_acknowledged,
            an_earlier_welcome_goes_when_the_device_joins_again,
            what_nobody_fetched_expires_and_cursors_say_so,
            repeat_keys_expire_by_age,
            expiry_keeps_to_its_bound,
            an_undelivered_welcome_expires,
            a_leaver_whose_entries_have_expired_holds_nothing_back,
            who_was_removed_and_keeps_its_place_is_told_what_expired_whenever_it_is_back,
            an_upload_goes_on_from_where_it_is_and_nowhere_else,
            uploads_and_what_they_take_are_bounded_for_each_account,
            a_file_is_read_by_its_uploader_and_by_who_takes_part_where_a_message_brings_it,
            a_message_brings_finished_files_that_are_its_authors_to_pass_on,
            a_refused_message_and_a_repeated_one_reference_nothing,
            who_forwards_a_file_keeps_it_and_it_counts_for_whose_messages_bring_it,
            what_no_message_brings_any_more_is_marked_and_then_forgotten,
            one_message_lets_go_of_a_file_and_the_others_keep_it,
            a_file_that_is_being_removed_is_nobodys,
            a_file_counts_until_it_is_forgotten,
            what_could_not_be_removed_stands_before_nobody,
            of_a_message_and_the_end_of_its_file_at_once_one_comes_first,
            the_end_of_files_keeps_to_its_bound,
            a_share_is_for_who_takes_part_and_from_its_time_on,
            a_lock_is_never_changed,
            a_refused_message_leaves_no_lock,
            a_withdrawn_share_is_destroyed,
            a_share_that_was_given_is_not_withdrawn_by_any_clock,
            locked_messages_that_wait_are_bounded_for_each_account,
            locks_end_when_their_time_to_be_kept_is_over,
            who_is_away_is_told_once_that_a_lock_opened,
            nobody_acts_on_an_account_whose_role_is_not_below_their_own,
            the_last_super_administrator_stays,
            two_super_administrators_cannot_both_step_down_at_once,
            a_suspension_ends_sessions_and_lets_none_begin_until_it_is_over,
            what_somebody_of_a_higher_role_has_set_is_not_lifted_from_below,
            a_ban_of_a_name_keeps_out_who_has_it_and_who_would,
            bans_are_bounded_in_number,
            a_report_is_kept_and_told_as_it_was_made,
            a_report_is_taken_up_closed_once_and_answered,
            nobody_sees_a_report_about_themselves_or_their_equals,
            reports_are_bounded_for_each_account,
            reports_are_listed_by_age_page_by_page,
            a_report_goes_with_its_reporter_and_some_time_after_its_closing,
            of_two_who_close_a_report_at_once_one_does,
            a_deleted_account_is_out_and_its_name_stays_taken,
            accounts_are_listed_by_name_page_by_page,
            when_an_account_was_there_is_known_by_the_day,
            every_act_is_in_the_audit_log_and_no_refused_one,
            the_audit_log_is_read_backwards_page_by_page,
            a_changed_setting_is_kept_until_it_is_given_back,
            many_acts_at_once_make_one_chain,
            an_act_looks_at_the_role_anew,
            an_act_looks_at_the_session_anew,
            who_is_barred_becomes_no_super_administrator_and_counts_as_none,
            the_incarnation_stays_until_it_is_renewed,
            a_restore_notes_where_each_log_was_cut,
            of_several_restores_the_lowest_cut_since_the_known_life_counts,
            who_knows_no_life_of_the_store_is_told_what_it_acknowledged,
            no_key_package_from_before_a_restore_is_handed_out_again,
            a_store_that_is_closed_says_so,
            random_operations_agree_with_a_simple_model,
        );
    };
    (@stories $make:expr; $($story:ident,)*) => {
        $(
            #[tokio::test]
            async fn $story() {
                let (store, _kept) = $make;
                $crate::conformance::$story(store).await;
            }
        )*
    };
}
