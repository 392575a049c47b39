//! Which crate of the workspace may know which.

use super::graph::{Graph, Kind};

/// Every arrow between two of our crates that the table below does not draw, and every way to what a crate must never reach.
pub(crate) fn violations(graph: &Graph) -> Vec<String> {
    let mut broken = Vec::new();
    for package in graph.members() {
        let Some((_, knows)) = ROOMS.iter().find(|(room, _)| *room == package.name) else {
            broken.push(format!("{} has no line in the table of arrows: add what it may depend on", package.name));
            continue;
        };
        for dependency in &package.declared {
            let is_ours = graph.named(&dependency.name).any(|package| package.is_member);
            let is_for_its_tests = dependency.kind == Kind::Dev && TEST_ROOMS.contains(&dependency.name.as_str());
            if is_ours && !is_for_its_tests && !knows.allows(&dependency.name) {
                broken.push(format!("{} must not depend on {}", package.name, dependency.name));
            }
        }
    }
    for (room, never) in OUT_OF_REACH {
        for name in *never {
            if let Some(way) = graph.way(room, name) {
                broken.push(format!("{room} must not reach {name}, and does: {}", way.join(" → ")));
            }
        }
    }
    broken
}

enum Knows {
    Only(&'static [&'static str]),
    /// Development only; nothing that is shipped depends on it.
    Everything,
}

impl Knows {
    fn allows(&self, name: &str) -> bool {
        match self {
            Self::Only(names) => names.contains(&name),
            Self::Everything => true,
        }
    }
}

/// Our crates, and which of our crates each may depend on.
const ROOMS: &[(&str, Knows)] = &[
    ("huis-proto", Knows::Only(&[])),
    ("huis-texts", Knows::Only(&["huis-views", "huis-proto"])),
    ("huis-views", Knows::Only(&["huis-proto"])),
    ("huis-core", Knows::Only(&["huis-proto"])),
    ("huis-beacon", Knows::Only(&[])),
    ("huis-beacon-web", Knows::Only(&["huis-beacon"])),
    ("huis-pictures", Knows::Only(&[])),
    ("huis-engine", Knows::Only(&["huis-views", "huis-core", "huis-beacon", "huis-pictures", "huis-proto"])),
    ("huis-tui", Knows::Only(&["huis-views", "huis-texts", "huis-pictures", "huis-proto"])),
    ("huis-blobs", Knows::Only(&["huis-proto"])),
    ("huis-store", Knows::Only(&["huis-proto"])),
    ("huis-ui", Knows::Only(&["huis-views", "huis-texts", "huis-proto"])),
    ("huis-worker", Knows::Only(&["huis-engine", "huis-views", "huis-proto"])),
    ("huis-strength", Knows::Only(&[])),
    ("huis-web-assets", Knows::Only(&[])),
    ("huis-server", Knows::Only(&["huis-beacon", "huis-blobs", "huis-store", "huis-web-assets", "huis-proto"])),
    (
        "huis",
        Knows::Only(&[
            "huis-engine",
            "huis-server",
            "huis-tui",
            "huis-views",
            "huis-texts",
            "huis-web-assets",
            "huis-proto",
        ]),
    ),
    ("huis-testkit", Knows::Everything),
    ("huis-testpg", Knows::Only(&[])),
    ("huis-testredis", Knows::Only(&[])),
    ("huis-bench", Knows::Everything),
    ("xtask", Knows::Only(&[])),
];

/// What any crate may use in its tests.
const TEST_ROOMS: &[&str] = &["huis-testkit", "huis-testpg", "huis-testredis", "huis-bench"];

const IO: &[&str] = &["tokio", "mio", "hyper", "reqwest", "rusqlite"];

/// What a crate must not reach over any number of normal dependencies.
const OUT_OF_REACH: &[(&str, &[&str])] = &[
    // Time, randomness and bytes come in as arguments.
    ("huis-proto", IO),
    ("huis-core", IO),
    // It cannot decrypt even by mistake.
    ("huis-server", &["huis-core", "openmls"]),
];

#[cfg(test)]
mod tests {
    use super::super::graph::forge;
    use super::*;

    const MEMBERS: &[&str] = &[
        "huis-proto",
        "huis-texts",
        "huis-views",
        "huis-core",
        "huis-engine",
        "huis-tui",
        "huis-blobs",
        "huis-store",
        "huis-server",
        "huis",
        "huis-testkit",
        "huis-bench",
        "xtask",
    ];

    fn broken_by(arrows: &[(&str, &str, Kind)]) -> Vec<String> {
        violations(&forge::graph(MEMBERS, arrows))
    }

    #[test]
    fn the_drawn_arrows_are_allowed() {
        let drawn = [
            ("huis-views", "huis-proto"),
            ("huis-core", "huis-proto"),
            ("huis-engine", "huis-views"),
            ("huis-engine", "huis-core"),
            ("huis-engine", "huis-proto"),
            ("huis-texts", "huis-views"),
            ("huis-texts", "huis-proto"),
            ("huis-tui", "huis-views"),
            ("huis-tui", "huis-texts"),
            ("huis-tui", "huis-proto"),
            ("huis-blobs", "huis-proto"),
            ("huis-store", "huis-proto"),
            ("huis-server", "huis-blobs"),
            ("huis-server", "huis-store"),
            ("huis-server", "huis-proto"),
            ("huis", "huis-engine"),
            ("huis", "huis-server"),
            ("huis", "huis-tui"),
            ("huis", "huis-views"),
            ("huis", "huis-texts"),
            ("huis", "huis-proto"),
            ("huis-testkit", "huis-server"),
            ("huis-testkit", "huis-engine"),
            ("huis-bench", "huis-core"),
            ("huis-engine", "tokio"),
        ];
        let arrows = drawn.map(|(from, to)| (from, to, Kind::Normal));
        assert_eq!(broken_by(&arrows), Vec::<String>::new());
    }

    #[test]
    fn every_other_arrow_between_shipped_crates_is_forbidden() {
        let shipped = &MEMBERS[..10];
        let drawn = [
            "huis-views huis-proto",
            "huis-core huis-proto",
            "huis-texts huis-proto",
            "huis-texts huis-views",
            "huis-tui huis-proto",
            "huis-tui huis-texts",
            "huis-tui huis-views",
            "huis-blobs huis-proto",
            "huis-store huis-proto",
            "huis-server huis-blobs",
            "huis-server huis-proto",
            "huis-server huis-store",
        ];
        let mut forbidden = 0;
        for from in shipped {
            for to in MEMBERS {
                let arrow = format!("{from} {to}");
                if from == to || ["huis", "huis-engine"].contains(from) || drawn.contains(&arrow.as_str()) {
                    continue;
                }
                forbidden += 1;
                let expected = format!("{from} must not depend on {to}");
                assert!(broken_by(&[(from, to, Kind::Normal)]).contains(&expected), "{expected}");
            }
        }
        assert_eq!(forbidden, 8 * 12 - drawn.len());
    }

    #[test]
    fn the_binary_does_not_reach_past_the_engine() {
        assert_eq!(broken_by(&[("huis", "huis-core", Kind::Normal)]), ["huis must not depend on huis-core"]);
    }

    #[test]
    fn the_engine_knows_no_server() {
        assert_eq!(
            broken_by(&[("huis-engine", "huis-server", Kind::Normal)]),
            ["huis-engine must not depend on huis-server"]
        );
    }

    #[test]
    fn a_build_script_is_held_to_the_same_arrows() {
        assert_eq!(
            broken_by(&[("huis-server", "huis-texts", Kind::Build)]),
            ["huis-server must not depend on huis-texts"]
        );
    }

    #[test]
    fn tests_may_use_the_testkit_and_nothing_else_beside_the_drawn_arrows() {
        assert_eq!(broken_by(&[("huis-server", "huis-testkit", Kind::Dev)]), Vec::<String>::new());
        assert_eq!(broken_by(&[("huis-server", "huis-core", Kind::Dev)]), ["huis-server must not depend on huis-core"]);
    }

    #[test]
    fn the_core_reaches_no_runtime_over_another_crate_either() {
        let broken = broken_by(&[("huis-core", "outside", Kind::Normal), ("outside", "tokio", Kind::Normal)]);
        assert_eq!(broken, ["huis-core must not reach tokio, and does: huis-core → outside → tokio"]);
    }

    #[test]
    fn a_runtime_for_the_core_s_tests_is_no_violation() {
        assert_eq!(broken_by(&[("huis-core", "tokio", Kind::Dev)]), Vec::<String>::new());
    }

    #[test]
    fn the_server_reaches_no_mls() {
        let broken = broken_by(&[("huis-server", "outside", Kind::Normal), ("outside", "openmls", Kind::Normal)]);
        assert_eq!(broken, ["huis-server must not reach openmls, and does: huis-server → outside → openmls"]);
    }

    #[test]
    fn a_crate_without_a_line_in_the_table_is_refused() {
        let broken = violations(&forge::graph(&["huis-cellar"], &[]));
        assert_eq!(broken, ["huis-cellar has no line in the table of arrows: add what it may depend on"]);
    }
}
