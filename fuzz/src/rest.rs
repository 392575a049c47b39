//! Bodies of REST requests and answers, as JSON.

use huis_proto::rest::*;
use huis_proto::{ErrorCode, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads the bytes as each of these, and again what was read.
macro_rules! bodies {
    ($($body:ty),* $(,)?) => {
        pub fn bodies(bytes: &[u8]) {
            $(read_again::<$body>(bytes);)*
        }
    };
}

bodies! {
    ServerInfo, StartRegistration, RegistrationStarted, FinishRegistration, StartSignIn, SignInStarted, FinishSignIn,
    SignedIn, EnrolDevice, SessionGrant, RefreshSession, SessionInfo, AccountCard, DeviceLists, PutDeviceList,
    AccountState, Vault, PutKeyPackages, KeyPackageStock, ClaimKeyPackages, ClaimedKeyPackages, CreateConversation,
    SubmitCommit, Committed, SubmitMessage, MessageAccepted, Conversations, ConversationInfo, GroupInfo, Rooms,
    CreateInvitation, InvitationMade, InvitationInfo, ChangeSetting, SettingInfo, Archive, ArchiveBody, ChangeArchive, Problem,
}

fn read_again<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else { return };
    let written = serde_json::to_vec(&read).expect("JSON");
    let again: T = serde_json::from_slice(&written).expect("what was written is read");
    assert_eq!(serde_json::to_vec(&again).expect("JSON"), written);
}

pub fn bodies_seeds() -> Vec<Vec<u8>> {
    let id = "ab".repeat(16);
    let key = "A".repeat(43);
    let list = format!(r#"{{"list":"AQID","signature":"AQID"}}"#);
    let bodies = [
        format!(r#"{{"username":"anna","access_passphrase":"amber basket","invitation":"{id}","opaque":"AQID"}}"#),
        format!(
            r#"{{"username":"anna","email":"a@b.example","claim":"x","opaque":"AQID","stretch":{{"memory_kib":65536,"passes":3,"lanes":1}},"account":"{id}","device":"{id}","identity_key":"{key}","recovery_key":"{key}","device_list":{list},"vault":"AQID","account_state":"AQID","stay_signed_in":true}}"#
        ),
        r#"{"state":"AQID","opaque":"AQID"}"#.to_owned(),
        format!(r#"{{"ticket":"t","device":"{id}","device_list":{list},"proof":"AQID","stay_signed_in":false}}"#),
        r#"{"refresh_token":"t","proof":"AQID"}"#.to_owned(),
        format!(r#"{{"account":"{id}","username":"anna","identity_key":"{key}","device_list":{list}}}"#),
        r#"{"version":2,"number":2,"sealed":"AQID"}"#.to_owned(),
        r#"{"one_time":["AQID"],"last_resort":"AQID","replace":true}"#.to_owned(),
        format!(r#"{{"devices":["{id}"]}}"#),
        format!(
            r#"{{"conversation":"{id}","kind":"group","peer":"{id}","room":"club","group_info":"AQID","submission":1,"commit":"AQID","welcome":"AQID"}}"#
        ),
        r#"{"uses":5,"expires_in_s":3600,"at":"https://chat.example"}"#.to_owned(),
        r#"{"value":"open"}"#.to_owned(),
        r#"{"name":"registration","value":"open","configured":"closed","choices":["open"],"set_by":"head","since_ms":1}"#.to_owned(),
        format!(
            r#"{{"number":2,"head":"AQID","bytes":9,"most_bytes":99,"segments":[{{"number":1,"outline":"AQID","body_hash":"{key}","bytes":9}}],"more":true}}"#
        ),
        r#"{"number":2,"head":"AQID","segment":{"outline":"AQID","body":"AQID"},"drops":[1],"drops_all":true}"#
            .to_owned(),
        format!(r#"{{"invitation":"x","id":"{id}","uses":5,"uses_left":5,"made_by":"head","made_at_ms":1,"expires_at_ms":2}}"#),
    ];
    let problem = serde_json::to_vec(&Problem::new(ErrorCode::TooLarge, "It is too large.")).expect("JSON");
    bodies.into_iter().map(String::into_bytes).chain([problem]).collect()
}
