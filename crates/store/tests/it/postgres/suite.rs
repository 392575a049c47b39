huis_store::conformance!({
    let Some(database) = super::database() else { return };
    let store = super::node(&database).await;
    (store as huis_store::SharedStore, database)
});
