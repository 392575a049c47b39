//! Groups of many devices.

use huis_testkit::{Device, World, is_long_run, story};

use crate::nobody_is_alarmed;

#[test]
fn in_a_large_group_everybody_who_looks_has_heard_it() {
    story(async |world| {
        // Two hundred devices in a long run; each takes a password and a database.
        let (accounts, devices) = if is_long_run() { (20, 10) } else { (4, 3) };
        let ann = world.account("ann").await;
        let crowd = a_crowd(&world, accounts, devices).await;
        let first: Vec<&Device> = crowd.iter().step_by(devices).collect();
        ann.opens_a_group("square", &first).await;
        let members: usize = ann.members("#square").await.iter().map(|member| member.devices.len()).sum();
        assert_eq!(members, 1 + accounts * devices);

        ann.says("#square", "listen, all").await;
        // Whoever is switched on finds it; a few stand for all.
        let few: Vec<&Device> = crowd.iter().step_by(crowd.len() / 4).collect();
        for device in &few {
            device.start();
            device.hears_title("square").await;
            device.reads_exactly("#square", &["listen, all"]).await;
        }
        few[1].says("#square", "I listen").await;
        ann.hears("#square", "I listen").await;
        ann.agrees_with(&few, "#square").await;
        nobody_is_alarmed(&few).await;
    });
}

/// Devices that have signed in once, left key packages, and are switched off; those of one account follow each other.
async fn a_crowd(world: &World, accounts: usize, devices: usize) -> Vec<Device> {
    let mut crowd = Vec::new();
    for number in 0..accounts {
        let account = world.account(&format!("member-{}", letters(number))).await;
        for _ in 1..devices {
            let further = world.another_device_of(&account).await;
            further.stops().await;
            crowd.push(further);
        }
        account.stops().await;
        crowd.insert(crowd.len() + 1 - devices, account);
    }
    crowd
}

/// Names that cannot be mistaken for each other.
fn letters(number: usize) -> String {
    const LETTERS: [char; 10] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k'];
    [LETTERS[number / 10 % 10], LETTERS[number % 10]].iter().collect()
}
