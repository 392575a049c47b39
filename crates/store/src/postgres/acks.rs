//! Acknowledgements: many devices' by one way there and back and one commit, and what is forgotten by them.

use std::collections::BTreeMap;

use huis_proto::{ConversationId, Member};
use tokio_postgres::types::ToSql;

use super::columns::signed;
use super::db::Db;
use super::fault::Outcome;
use super::floors::LOOK_BY_ID;

pub(super) const HOLD_FLOORS: &str = "SELECT f.conversation FROM unnest($1::bytea[]) AS u (id) \
     JOIN conversations c ON c.id = u.id JOIN floors f ON f.conversation = c.conversation \
     ORDER BY f.conversation FOR NO KEY UPDATE OF f";
/// As far as the device may go. Who is meant is found first: joined with the rest, the database may look through all
/// conversations of a device.
pub(super) const ACKNOWLEDGE: &str = "WITH u AS MATERIALIZED (SELECT c.conversation, c.head, d.device, i.seq \
     FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[]) AS i (conversation, account, device, seq) \
     JOIN conversations c ON c.id = i.conversation JOIN accounts a ON a.id = i.account \
     JOIN devices d ON d.account = a.account AND d.id = i.device) \
     UPDATE members m SET acked = least(u.seq, u.head, m.last) FROM u \
     WHERE m.conversation = u.conversation AND m.device = u.device AND least(u.seq, u.head, m.last) > m.acked";
/// Who left and has everything.
pub(super) const FREE_SEATS: &str = "WITH u AS MATERIALIZED (SELECT c.conversation, d.device \
     FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS i (conversation, account, device) \
     JOIN conversations c ON c.id = i.conversation JOIN accounts a ON a.id = i.account \
     JOIN devices d ON d.account = a.account AND d.id = i.device) \
     DELETE FROM members m USING u \
     WHERE m.conversation = u.conversation AND m.device = u.device AND NOT m.leaf AND m.acked >= m.last";

/// What devices acknowledge: the highest place of each.
pub(super) type Acks = BTreeMap<(ConversationId, Member), u64>;

/// Takes them down in a transaction of its own.
pub(super) async fn acknowledge(db: &Db, acks: &Acks) -> Outcome<()> {
    let statements = [
        db.prepare(HOLD_FLOORS).await?,
        db.prepare(ACKNOWLEDGE).await?,
        db.prepare(FREE_SEATS).await?,
        db.prepare(LOOK_BY_ID).await?,
    ];
    let [hold, acknowledge, free, look] = &statements;
    let ids = |of: fn(&(ConversationId, Member)) -> &[u8; 16]| -> Vec<&[u8]> {
        acks.keys().map(|key| of(key).as_slice()).collect()
    };
    let conversations = ids(|(conversation, _)| conversation.as_bytes());
    let accounts = ids(|(_, member)| member.account.as_bytes());
    let devices = ids(|(_, member)| member.device.as_bytes());
    let places: Vec<i64> = acks.values().map(|seq| signed(*seq)).collect();
    let mut each = conversations.clone();
    each.dedup();
    let each: [&(dyn ToSql + Sync); 1] = [&each];
    let moved: [&(dyn ToSql + Sync); 4] = [&conversations, &accounts, &devices, &places];
    let [conversations, accounts, devices, _] = moved;
    let freed = [conversations, accounts, devices];
    let connection = db.connection()?;
    db.begun();
    let (begun, held, acknowledged, freed, looked, ended) = tokio::join!(
        connection.batch_execute(super::BEGIN),
        connection.query(hold, &each),
        connection.execute(acknowledge, &moved),
        connection.execute(free, &freed),
        connection.execute(look, &each),
        connection.batch_execute("COMMIT"),
    );
    if ended.is_ok() {
        db.ended();
    }
    begun?;
    held?;
    acknowledged?;
    freed?;
    looked?;
    ended?;
    Ok(())
}
