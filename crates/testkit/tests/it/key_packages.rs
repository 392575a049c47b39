//! One-time key packages: used up, and made again.

use std::cell::Cell;
use std::rc::Rc;

use huis_proto::rest::{ClaimedKeyPackages, PutKeyPackages};
use huis_testkit::{Device, story};

#[test]
fn when_the_last_one_time_key_package_is_used_the_last_resort_serves_and_the_stock_is_refilled() {
    story(async |world| {
        let ann = world.account("ann").await;
        let bea = world.blank_account("bea");
        let stock = keeps_the_stock_small(&bea);
        bea.start();
        bea.registers().await;
        bea.stops().await;
        let stock = stock.get();

        let last_resorts = counts_last_resorts(&ann);
        let mut groups = Vec::new();
        for number in 1..=stock + 2 {
            let id = ann.opens_a_group(&format!("group {number}"), &[&bea]).await.to_string();
            ann.says(&id, "welcome").await;
            groups.push(id);
        }
        assert_eq!(last_resorts.get(), 2, "{stock} one-time key packages, then the last resort");

        let refills = counts_refills(&bea);
        bea.start();
        for id in &groups {
            bea.is_in(id).await;
            bea.reads_exactly(id, &["welcome"]).await;
        }
        bea.until("the stock is refilled", async || refills.get() > 0).await;
        ann.opens_a_group("one more", &[&bea]).await;
        assert_eq!(last_resorts.get(), 2, "a fresh one-time key package was there");
        bea.hears_title("one more").await;
    });
}

/// Of what the device leaves with the server only a few one-time key packages arrive each time; gives how many there are.
fn keeps_the_stock_small(device: &Device) -> Rc<Cell<usize>> {
    let stock = Rc::new(Cell::new(0));
    let count = Rc::clone(&stock);
    device.requests_pass(move |mut request| {
        if is_stock(&request.path) {
            let mut body: PutKeyPackages = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
            body.one_time.truncate(3);
            count.set(count.get() + body.one_time.len());
            request.body = Some(serde_json::to_vec(&body).unwrap());
        }
        Some(request)
    });
    stock
}

fn is_stock(path: &str) -> bool {
    path == "/api/v1/key-packages"
}

fn counts_refills(device: &Device) -> Rc<Cell<u32>> {
    let refills = Rc::new(Cell::new(0));
    let count = Rc::clone(&refills);
    device.requests_pass(Some);
    device.answers_pass(move |request, response| {
        count.set(count.get() + u32::from(is_stock(&request.path) && response.status == 200));
        Some(response)
    });
    refills
}

fn counts_last_resorts(device: &Device) -> Rc<Cell<usize>> {
    let seen = Rc::new(Cell::new(0));
    let count = Rc::clone(&seen);
    device.answers_pass(move |request, response| {
        if request.path.ends_with("/key-packages/claim") {
            let claimed: ClaimedKeyPackages = serde_json::from_slice(&response.body).unwrap();
            count.set(count.get() + claimed.packages.iter().filter(|claimed| claimed.last_resort).count());
        }
        Some(response)
    });
    seen
}
