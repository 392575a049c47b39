//! Crates that must not be among the dependencies, of any of our crates and on any platform.

use super::graph::Graph;

/// Every banned crate that is in the graph, with who brings it.
pub(crate) fn violations(graph: &Graph) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, allowed_users) in BANNED {
        if graph.named(name).next().is_none() {
            continue;
        }
        let users = graph.users_of(name);
        let mut wrong: Vec<&str> = users.iter().copied().filter(|user| !allowed_users.contains(user)).collect();
        // In the graph without a user: nobody is excused.
        if users.is_empty() {
            wrong.push("nobody that is known");
        }
        if !wrong.is_empty() {
            broken.push(format!("{name} must not be among the dependencies; it is used by {}", wrong.join(", ")));
        }
    }
    broken
}

/// Banned crates, and who alone may use each: natively there is one TLS and crypto backend, rustls with ring.
const BANNED: &[(&str, &[&str])] = &[
    ("aws-lc-fips-sys", &[]),
    ("aws-lc-rs", &[]),
    ("aws-lc-sys", &[]),
    ("native-tls", &[]),
    ("openssl", &[]),
    // Built from source for SQLCipher, and for nothing else.
    ("openssl-sys", &["libsqlite3-sys"]),
    ("openssl-src", &["openssl-sys"]),
];

#[cfg(test)]
mod tests {
    use super::super::graph::{Kind, forge};
    use super::*;

    #[test]
    fn sqlcipher_may_bring_its_own_openssl() {
        let graph = forge::graph(
            &["huis"],
            &[
                ("huis", "libsqlite3-sys", Kind::Normal),
                ("libsqlite3-sys", "openssl-sys", Kind::Normal),
                ("openssl-sys", "openssl-src", Kind::Build),
            ],
        );
        assert_eq!(violations(&graph), Vec::<String>::new());
    }

    #[test]
    fn another_user_of_openssl_is_named() {
        let graph = forge::graph(
            &["huis"],
            &[("libsqlite3-sys", "openssl-sys", Kind::Normal), ("outside", "openssl-sys", Kind::Normal)],
        );
        assert_eq!(violations(&graph), ["openssl-sys must not be among the dependencies; it is used by outside"]);
    }

    #[test]
    fn every_banned_crate_is_found_in_whatever_table_it_stands() {
        for (name, _) in BANNED {
            for kind in [Kind::Normal, Kind::Build, Kind::Dev] {
                let graph = forge::graph(&["huis"], &[("huis", name, kind)]);
                let expected = format!("{name} must not be among the dependencies; it is used by huis");
                assert_eq!(violations(&graph), [expected]);
            }
        }
    }
}
