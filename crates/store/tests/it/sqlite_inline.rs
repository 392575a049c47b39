huis_store::conformance!({
    let folder = tempfile::tempdir().expect("a folder");
    let store = crate::open(folder.path(), huis_store::sqlite::Mode::Inline).expect("a store");
    (store as huis_store::SharedStore, folder)
});
