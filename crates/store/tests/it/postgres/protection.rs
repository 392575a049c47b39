//! The way to the database.

use std::sync::Arc;

use huis_store::conformance::CountingFranking;
use huis_store::postgres::{DatabaseAddress, PostgresStore};
use huis_store::{Settings as _, StoreResult};
use huis_testpg::Server;
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("a certificate's form");
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

async fn opened(address: &str) -> StoreResult<PostgresStore> {
    let address: DatabaseAddress = address.parse().expect("an address");
    PostgresStore::open(&address, Arc::new(CountingFranking)).await
}

#[tokio::test]
async fn the_way_to_the_database_is_tls_with_a_certificate_that_is_checked() {
    let Some(server) = Server::start() else { return };
    let (ours, others) = (authority(), authority());
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a certificate's form");
    let certificate = params.signed_by(&key, &ours).expect("a certificate");
    let port = server.protect(&certificate.pem(), &key.serialize_pem());
    let folder = tempfile::tempdir().expect("a folder");
    let root = |name: &str, authority: &CertifiedIssuer<'_, KeyPair>| {
        let file = folder.path().join(name);
        std::fs::write(&file, authority.pem()).expect("written");
        file.display().to_string()
    };
    let (right, wrong) = (root("right.pem", &ours), root("wrong.pem", &others));
    let database = server.database();
    let base = format!("postgres://postgres@localhost:{port}/{}", database.name());
    for refused in [
        format!("{base}?sslrootcert={wrong}"),
        format!("{base}?sslmode=verify-full"),
        format!("{}?sslrootcert={right}", base.replace("localhost", "127.0.0.1")),
    ] {
        let told = opened(&refused).await.err().expect("refused").to_string();
        assert!(told.contains("certificate"), "{refused}: {told}");
    }
    assert_eq!(database.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0", "nobody was let in");
    let store = opened(&format!("{base}?sslrootcert={right}")).await.expect("a store");
    store.check().await.expect("well");
    let protected =
        "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'huis'";
    assert_eq!(database.ask(protected), "t");
    let plain = opened(&format!("{base}?sslmode=disable")).await.expect("a store");
    plain.check().await.expect("well");
    assert_eq!(database.ask(protected), "f");
}
