//! Bans: listed, set, lifted.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use huis_proto::rest::{BanInfo, BanSet, BanTarget, CreateBan, ServerRole};
use huis_proto::{BanId, limits, names};
use huis_store::NewBan;
use rand::rngs::OsRng;

use super::accounts::another;
use super::actions::Action;
use super::{Allowed, ends_at_ms, finished, reason};
use crate::config::{Config, Network};
use crate::http::address::ClientAddress;
use crate::http::json::{JsonBody, UrlPath};
use crate::http::problem::Refusal;
use crate::http::resources::{OpenApiRouter, routes};
use crate::state::App;

/// From where the machine itself is reached.
const MACHINE: [&str; 2] = ["127.0.0.0/8", "::1"];

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list, set)).routes(routes!(lift))
}

/// The bans that are not over, oldest first, as a list.
#[utoipa::path(
    get,
    path = "/api/v1/admin/bans",
    tag = "administration",
    responses((status = 200, body = [BanInfo]), Refusal)
)]
async fn list(
    State(app): State<App>,
    _: Allowed<{ Action::ListBans as usize }>,
) -> Result<Json<Vec<BanInfo>>, Refusal> {
    Ok(Json(app.store.bans(app.clock.now_ms()).await?))
}

/// Bans a name, an address or a network, at once: connections from there are closed, and no request is answered any more.
#[utoipa::path(
    post,
    path = "/api/v1/admin/bans",
    tag = "administration",
    request_body = CreateBan,
    responses((status = 200, body = BanSet), Refusal)
)]
async fn set(
    State(app): State<App>,
    asker: Allowed<{ Action::SetBan as usize }>,
    JsonBody(request): JsonBody<CreateBan>,
) -> Result<Json<BanSet>, Refusal> {
    let now_ms = app.clock.now_ms();
    let mut act = asker.act(now_ms);
    let (target, skeleton) = match &request.target {
        BanTarget::Name(username) => {
            let username = another(username, &asker.username, "This is your own name, which would keep you out.")?;
            let skeleton = names::skeleton(&username);
            (BanTarget::Name(username), skeleton)
        }
        BanTarget::Network(network) => {
            let network =
                network.trim().parse::<Network>().map_err(|error| Refusal::bad_request(format!("{error}.")))?;
            refuse_unless_bannable(&network, asker.address, asker.role, &app.config)?;
            if is_for_administrators(&network) {
                act.needs = ServerRole::Administrator;
            }
            (BanTarget::Network(network.to_string()), String::new())
        }
    };
    let new = NewBan {
        id: BanId::random(&mut OsRng),
        target,
        skeleton,
        reason: reason(&request.reason)?,
        ends_at_ms: ends_at_ms(now_ms, request.ends_in_s)?,
    };
    let act = async move {
        let acted = app.store.put_ban(act, new, limits::BANS).await?;
        let put = asker.done(acted, String::new)?;
        match &put.ban.target {
            BanTarget::Name(_) => {
                if let Some(ended) = &put.ended {
                    app.hub.barred(ended.account);
                }
            }
            BanTarget::Network(_) => app.hub.bans_changed().await,
        }
        let ended_sessions = put.ended.map_or(0, |ended| u32::try_from(ended.sessions.len()).unwrap_or(u32::MAX));
        Ok(BanSet { ban: put.ban, ended_sessions })
    };
    finished(act).await.map(Json)
}

/// Lifts a ban.
#[utoipa::path(
    delete,
    path = "/api/v1/admin/bans/{ban}",
    tag = "administration",
    params(("ban" = BanId, Path)),
    responses((status = 204), Refusal)
)]
async fn lift(
    State(app): State<App>,
    asker: Allowed<{ Action::LiftBan as usize }>,
    UrlPath(ban): UrlPath<BanId>,
) -> Result<StatusCode, Refusal> {
    let act = async move {
        let acted = app.store.lift_ban(asker.act(app.clock.now_ms()), ban).await?;
        asker.done(acted, || "There is no such ban; it may be over, or was lifted.".into())?;
        app.hub.bans_changed().await;
        Ok(StatusCode::NO_CONTENT)
    };
    finished(act).await
}

/// Whether it is wider than what moderators ban, who could lock out those of higher roles by it.
fn is_for_administrators(network: &Network) -> bool {
    let (v4, v6) = limits::MODERATORS_BANNED_PREFIX;
    network.is_wider_than(v4, v6)
}

/// Nobody locks out themselves, the machine, or everybody at once.
fn refuse_unless_bannable(
    network: &Network,
    asker: ClientAddress,
    role: ServerRole,
    config: &Config,
) -> Result<(), Refusal> {
    let (v4, v6) = limits::BANNED_PREFIX;
    if network.is_wider_than(v4, v6) {
        let title = format!("A banned network is not wider than /{v4} (IPv4) or /{v6} (IPv6); ban smaller ones.");
        return Err(Refusal::bad_request(title));
    }
    if role < ServerRole::Administrator && is_for_administrators(network) {
        let (v4, v6) = limits::MODERATORS_BANNED_PREFIX;
        let title = format!(
            "Moderators ban no network wider than /{v4} (IPv4) or /{v6} (IPv6); ban smaller ones, or ask an administrator."
        );
        return Err(Refusal::forbidden(title));
    }
    if network.contains(asker.0) {
        let title = format!("You ask from {}, which lies in {network}: that would keep you out.", asker.0);
        return Err(Refusal::bad_request(title));
    }
    let machine = MACHINE.iter().filter_map(|own| own.parse().ok());
    let listen = config.listen.ip();
    if (!listen.is_unspecified() && network.contains(listen))
        || machine.chain(config.trusted_proxies.iter().copied()).any(|own: Network| own.overlaps(network))
    {
        let title = format!("{network} holds addresses of the server's own machine or of its proxies.");
        return Err(Refusal::bad_request(title));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_bannable_by(role: ServerRole, network: &str) -> bool {
        let asker = ClientAddress("203.0.113.5".parse().unwrap());
        let mut config = Config::in_folder("nowhere");
        config.trusted_proxies = vec!["10.0.0.1".parse().unwrap()];
        config.listen = "192.0.2.80:443".parse().unwrap();
        refuse_unless_bannable(&network.parse().unwrap(), asker, role, &config).is_ok()
    }

    fn is_bannable(network: &str) -> bool {
        is_bannable_by(ServerRole::Administrator, network)
    }

    #[test]
    fn what_is_wide_is_banned_by_administrators_alone() {
        for (network, by_moderators) in [
            ("172.0.0.0/8", false),
            ("172.16.0.0/15", false),
            ("172.16.0.0/16", true),
            ("2001:db8::/31", false),
            ("2001:db8::/32", true),
        ] {
            assert!(is_bannable(network), "{network}");
            assert_eq!(is_bannable_by(ServerRole::Moderator, network), by_moderators, "{network}");
        }
    }

    #[test]
    fn a_server_that_listens_everywhere_can_have_any_other_address_banned() {
        let asker = ClientAddress("203.0.113.5".parse().unwrap());
        let mut config = Config::in_folder("nowhere");
        config.listen = "0.0.0.0:443".parse().unwrap();
        let network = "0.0.0.0/8".parse().unwrap();
        assert!(refuse_unless_bannable(&network, asker, ServerRole::Administrator, &config).is_ok());
    }

    #[test]
    fn nobody_bans_their_own_address_the_machine_its_proxies_or_everybody() {
        for good in
            ["198.51.100.7", "198.51.100.0/24", "203.0.113.6", "2001:db8::/32", "::ffff:198.51.100.7", "172.0.0.0/8"]
        {
            assert!(is_bannable(good), "{good}");
        }
        for bad in [
            "203.0.113.5",
            "203.0.113.0/24",
            "::ffff:203.0.113.0/120",
            "127.0.0.1",
            "192.0.2.80",
            "192.0.2.0/24",
            "::1",
            "::/16",
            "10.0.0.0/8",
            "0.0.0.0/0",
            "128.0.0.0/7",
            "::/0",
            "2000::/15",
            "::ffff:0:0/96",
            "::ffff:0:0/95",
        ] {
            assert!(!is_bannable(bad), "{bad}");
        }
    }
}
