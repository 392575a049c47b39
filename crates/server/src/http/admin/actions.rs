//! What can be done to a server by those who look after it, and the role that it takes: the one place where that stands.
//! Handlers ask for it in their signature ([`Allowed`](super::Allowed)); tests and the table of `docs/administration.md` are
//! made from it.

use huis_proto::rest::ServerRole;

/// Something that not every account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdministrativeAction {
    /// Its name, by which the audit log knows it.
    pub name: &'static str,
    /// The least role that may do it.
    pub needs: ServerRole,
    /// The request's method.
    pub method: &'static str,
    /// The request's path, with its variable parts in braces.
    pub path: &'static str,
    /// What it does, as the end of "may …".
    pub what: &'static str,
}

macro_rules! actions {
    ($($action:ident = $name:literal, $needs:ident, $method:literal $path:literal, $what:literal;)*) => {
        /// The actions, each the place of its row.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(in crate::http) enum Action {
            $($action,)*
        }

        /// What each action is and takes.
        pub const ADMINISTRATIVE_ACTIONS: &[AdministrativeAction] = &[
            $(AdministrativeAction {
                name: $name,
                needs: ServerRole::$needs,
                method: $method,
                path: $path,
                what: $what,
            },)*
        ];
    };
}

actions! {
    ShowSelf = "self.show", Moderator, "GET" "/api/v1/admin/self",
        "see one's own role and address";
    AdmitVisit = "visits.admit", Moderator, "POST" "/api/v1/admin/visits/code",
        "open the administration pages";
    ListAccounts = "accounts.list", Moderator, "GET" "/api/v1/admin/accounts",
        "list and search accounts";
    ShowAccount = "accounts.show", Moderator, "GET" "/api/v1/admin/accounts/{username}",
        "see an account's state, devices and storage";
    EndSessions = "accounts.end-sessions", Moderator, "POST" "/api/v1/admin/accounts/{username}/sessions/end",
        "end all sessions of an account";
    Suspend = "accounts.suspend", Moderator, "POST" "/api/v1/admin/accounts/{username}/suspend",
        "suspend an account";
    Lift = "accounts.lift", Moderator, "POST" "/api/v1/admin/accounts/{username}/lift",
        "lift a suspension";
    SetRole = "accounts.set-role", Administrator, "PUT" "/api/v1/admin/accounts/{username}/role",
        "give an account a role below one's own";
    DeleteAccount = "accounts.delete", Administrator, "DELETE" "/api/v1/admin/accounts/{username}",
        "delete an account";
    ListBans = "bans.list", Moderator, "GET" "/api/v1/admin/bans",
        "list bans";
    SetBan = "bans.set", Moderator, "POST" "/api/v1/admin/bans",
        "ban a name, an address or a network";
    LiftBan = "bans.lift", Moderator, "DELETE" "/api/v1/admin/bans/{ban}",
        "lift a ban";
    ListReports = "reports.list", Moderator, "GET" "/api/v1/admin/reports",
        "list reports";
    ReadReport = "reports.read", Moderator, "GET" "/api/v1/admin/reports/{report}",
        "read a report and what it reveals";
    TakeReport = "reports.take", Moderator, "POST" "/api/v1/admin/reports/{report}/take",
        "take up a report";
    CloseReport = "reports.close", Moderator, "POST" "/api/v1/admin/reports/{report}/close",
        "close a report and answer it";
    ReadAudit = "audit.read", Administrator, "GET" "/api/v1/admin/audit",
        "read the audit log";
    ListInvitations = "invitations.list", Administrator, "GET" "/api/v1/admin/invitations",
        "list invitations";
    CreateInvitation = "invitations.create", Administrator, "POST" "/api/v1/admin/invitations",
        "make an invitation";
    RevokeInvitation = "invitations.revoke", Administrator, "DELETE" "/api/v1/admin/invitations/{invitation}",
        "revoke an invitation";
    ListSettings = "settings.list", Administrator, "GET" "/api/v1/admin/settings",
        "see the settings that change while the server runs";
    SetSetting = "settings.set", Administrator, "PUT" "/api/v1/admin/settings/{setting}",
        "change a setting";
    ResetSetting = "settings.reset", Administrator, "DELETE" "/api/v1/admin/settings/{setting}",
        "give a setting back to the configuration";
    RenewPassphrase = "server.renew-passphrase", Administrator, "POST" "/api/v1/admin/access-passphrase",
        "make a fresh access passphrase";
    Stop = "server.stop", SuperAdministrator, "POST" "/api/v1/admin/stop",
        "stop the server";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_action_has_a_name_and_a_request_of_its_own_and_is_not_for_everybody() {
        let names: BTreeSet<_> = ADMINISTRATIVE_ACTIONS.iter().map(|action| action.name).collect();
        let requests: BTreeSet<_> = ADMINISTRATIVE_ACTIONS.iter().map(|action| (action.method, action.path)).collect();
        assert_eq!((names.len(), requests.len()), (ADMINISTRATIVE_ACTIONS.len(), ADMINISTRATIVE_ACTIONS.len()));
        assert!(ADMINISTRATIVE_ACTIONS.iter().all(|action| action.needs > ServerRole::Member));
    }
}
