//! Databases that earlier versions wrote.
//!
//! `tests/kept/client-N-server-M` holds a world as the last version with these schemas left it. Nothing is kept of the
//! newest schemas: they are still being written, and the first story makes such a world anew. When a schema gets its next
//! step, the world of the one before is kept first, by `HUIS_TEST_KEEP=1 cargo test -p huis-testkit --test it a_kept_world`.

use std::path::{Path, PathBuf};

use huis_engine::NEWEST_SCHEMA as CLIENT;
use huis_store::sqlite::NEWEST_SCHEMA as SERVER;
use huis_testkit::{KeptWorld, story, story_of};
use huis_views::{Command, Found, Reply};

use crate::{nobody_is_alarmed, two_friends};

fn shelf() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept")
}

/// The kept worlds, with the numbers of their schemas.
fn kept_worlds() -> Vec<(u32, u32, PathBuf)> {
    let Ok(folders) = std::fs::read_dir(shelf()) else { return Vec::new() };
    let world = |folder: PathBuf| {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let (client, server) = name.strip_prefix("client-").unwrap().split_once("-server-").unwrap();
        (client.parse().unwrap(), server.parse().unwrap(), folder)
    };
    folders.map(|folder| world(folder.unwrap().path())).collect()
}

/// A world in which all kinds of things were said, kept.
fn is_kept(folder: &Path) {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.says("@ann", "a word that is easily found: heliotrope").await;
        ann.opens_a_group("garden", &[&bea]).await;
        ann.says("#garden", "in the garden").await;
        bea.hears("#garden", "in the garden").await;
        bea.joins_room("lobby").await;
        ann.joins_room("lobby").await;
        ann.hears("@bea", "a word that is easily found: heliotrope").await;
        ann.has_settled().await;
        bea.has_settled().await;
        // What is written and not sent has to survive too.
        ann.goes_offline();
        ann.writes("#garden", "written before the update").await;
        world.is_kept_in(folder, &[&ann, &bea]).await;
    });
}

/// Everything is there, and the groups open: what was sealed before is read, and what is said goes on.
fn goes_on(kept: &KeptWorld) {
    story_of(kept, async |world| {
        let (ann, bea) = (world.device_of(kept, "ann"), world.device_of(kept, "bea"));
        ann.start();
        let found = match ann.command(Command::Search { words: "helio".into(), most: 10 }).await {
            Reply::Found(found) => found,
            other => panic!("{other:?}"),
        };
        let texts: Vec<&str> = found.iter().map(|Found { message, .. }| message.text.as_str()).collect();
        assert_eq!(texts, ["a word that is easily found: heliotrope"]);
        bea.start();
        bea.reads_exactly("#garden", &["in the garden", "written before the update"]).await;
        bea.says("#garden", "said after the update").await;
        ann.says("@bea", "and so was this").await;
        ann.hears("#garden", "said after the update").await;
        bea.hears("@ann", "and so was this").await;
        for place in ["#garden", "#lobby"] {
            ann.agrees_with(&[&bea], place).await;
        }
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_kept_world_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    is_kept(folder.path());
    goes_on(&KeptWorld::in_folder(folder.path()));
    if std::env::var_os("HUIS_TEST_KEEP").is_some() {
        let place = shelf().join(format!("client-{CLIENT}-server-{SERVER}"));
        assert!(!place.exists(), "{} is kept already; a released world is never kept anew", place.display());
        is_kept(&place);
    }
}

#[test]
fn the_worlds_of_earlier_versions_go_on() {
    for (_, _, folder) in kept_worlds() {
        goes_on(&KeptWorld::in_folder(folder));
    }
}

#[test]
fn a_world_is_kept_of_every_earlier_schema() {
    let kept = kept_worlds();
    for schema in (1..).take_while(|schema| *schema < CLIENT) {
        assert!(kept.iter().any(|(client, _, _)| *client == schema), "no world is kept with the client's {schema}");
    }
    for schema in (1..).take_while(|schema| *schema < SERVER) {
        assert!(kept.iter().any(|(_, server, _)| *server == schema), "no world is kept with the server's {schema}");
    }
}
