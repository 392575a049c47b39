//! What lies on the disks after a story: nothing that anybody said.

use huis_testkit::{PASSWORD, files_that_hold, story};
use huis_views::Command;

use crate::two_friends;

const SAID: &str = "the cormorant flies at midnight";
const ANSWERED: &str = "bring the marmalade jar";
const TITLE: &str = "grandmother's orchard";

#[test]
fn no_plaintext_is_on_the_servers_disk_nor_on_a_devices() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.says("@bea", SAID).await;
        bea.hears("@ann", SAID).await;
        bea.says("@ann", ANSWERED).await;
        ann.opens_a_group(TITLE, &[&bea]).await;
        bea.hears_title(TITLE).await;
        bea.says(&format!("#{TITLE}"), SAID).await;
        let tablet = world.another_device_of(&bea).await;
        tablet.hears_title(TITLE).await;
        let found = ann.command(Command::Search { words: "marmalade".into(), most: 10 }).await;
        assert!(format!("{found:?}").contains(ANSWERED), "the search index holds it: {found:?}");

        // Words of it too, for an index holds words.
        let texts = [SAID, ANSWERED, TITLE, "cormorant", "marmalade", "orchard", PASSWORD];
        // While everything runs, so that the logs of transactions are looked at as well.
        for folder in [world.server_folder(), ann.folder(), bea.folder(), tablet.folder()] {
            let (found, looked_at) = files_that_hold(&folder, &texts);
            assert_eq!(found, [], "{folder:?}");
            assert!(looked_at > 10_000, "{folder:?} holds only {looked_at} bytes");
        }
        for device in [&ann, &bea, &tablet] {
            device.stops().await;
            assert_eq!(files_that_hold(&device.folder(), &texts).0, [], "{device:?}");
        }
        world.server_crashes().await;
        assert_eq!(files_that_hold(&world.server_folder(), &texts).0, []);
    });
}

#[test]
fn usernames_and_everything_else_are_unreadable_in_a_devices_files() {
    story(async |world| {
        let name = "quetzalcoatl-the-second";
        let ann = world.account("ann").await;
        let device = world.account(name).await;
        ann.says(&device.address(), "hello").await;
        device.accepts("@ann").await;
        for device in [&ann, &device] {
            let (found, looked_at) = files_that_hold(&device.folder(), &[name, "SQLite format 3", "CREATE TABLE"]);
            assert_eq!(found, [], "{device:?}");
            assert!(looked_at > 10_000);
        }
        let (found, _) = files_that_hold(&world.server_folder(), &[name]);
        assert!(!found.is_empty(), "the server knows names; a scan that finds nothing there would look wrongly");
    });
}
