//! The dependency graph, as far as the rules look at it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::Context;
use serde_json::Value;

/// Packages and who depends on whom, from the output of `cargo metadata`.
pub(crate) struct Graph {
    packages: BTreeMap<String, Package>,
}

/// One package of the graph.
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Whether it is one of ours.
    pub(crate) is_member: bool,
    /// What its manifest names, whether or not a feature turns it on.
    pub(crate) declared: Vec<Dependency>,
    /// The ids of the packages that a build of it uses, for any platform.
    resolved: Vec<(String, BTreeSet<Kind>)>,
}

/// One line of a manifest.
pub(crate) struct Dependency {
    /// The name of the package that is depended on.
    pub(crate) name: String,
    /// In which table it stands.
    pub(crate) kind: Kind,
}

/// In which table of a manifest a dependency stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Normal,
    Build,
    Dev,
}

impl Graph {
    /// Reads `cargo metadata --format-version 1`.
    ///
    /// # Errors
    /// When a part is missing: a rule must never pass because there was nothing to read.
    pub(crate) fn from_metadata(metadata: &Value) -> anyhow::Result<Self> {
        let members: BTreeSet<&str> = list(metadata, "workspace_members")?.iter().filter_map(Value::as_str).collect();
        let mut packages = BTreeMap::new();
        for package in list(metadata, "packages")? {
            let id = text(package, "id")?;
            let mut declared = Vec::new();
            for dependency in list(package, "dependencies")? {
                declared.push(Dependency { name: text(dependency, "name")?.to_owned(), kind: kind(dependency)? });
            }
            let package = Package {
                name: text(package, "name")?.to_owned(),
                is_member: members.contains(id),
                declared,
                resolved: Vec::new(),
            };
            packages.insert(id.to_owned(), package);
        }
        let resolve = metadata.get("resolve").context("the metadata has no “resolve”")?;
        for node in list(resolve, "nodes")? {
            let package =
                packages.get_mut(text(node, "id")?).context("a resolved package is not among the packages")?;
            for dependency in list(node, "deps")? {
                let kinds = list(dependency, "dep_kinds")?.iter().map(kind).collect::<anyhow::Result<_>>()?;
                package.resolved.push((text(dependency, "pkg")?.to_owned(), kinds));
            }
        }
        Ok(Self { packages })
    }

    /// The workspace's own packages.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(|package| package.is_member)
    }

    /// All packages that are called `name`; several when several versions are in use.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(move |package| package.name == name)
    }

    /// The names of the packages that use a package called `name` directly, in whatever table.
    pub(crate) fn users_of(&self, name: &str) -> BTreeSet<&str> {
        let uses = |package: &&Package| {
            package.resolved.iter().any(|(id, _)| self.packages.get(id).is_some_and(|used| used.name == name))
        };
        self.packages.values().filter(uses).map(|package| package.name.as_str()).collect()
    }

    /// The shortest way over normal dependencies from the member `from` to a package called `to`, both ends named.
    pub(crate) fn way(&self, from: &str, to: &str) -> Option<Vec<&str>> {
        let (start, _) = self.packages.iter().find(|(_, package)| package.is_member && package.name == from)?;
        let mut came_from: BTreeMap<&str, Option<&str>> = BTreeMap::from([(start.as_str(), None)]);
        let mut queue = VecDeque::from([start.as_str()]);
        while let Some(id) = queue.pop_front() {
            let package = self.packages.get(id)?;
            if package.name == to && id != start {
                let mut way = Vec::new();
                let mut at = Some(id);
                while let Some(id) = at {
                    way.push(self.packages.get(id)?.name.as_str());
                    at = *came_from.get(id)?;
                }
                way.reverse();
                return Some(way);
            }
            for (next, kinds) in &package.resolved {
                if kinds.contains(&Kind::Normal) && !came_from.contains_key(next.as_str()) {
                    came_from.insert(next, Some(id));
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

fn list<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a Vec<Value>> {
    value.get(key).and_then(Value::as_array).with_context(|| format!("the metadata has no list “{key}”"))
}

fn text<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    value.get(key).and_then(Value::as_str).with_context(|| format!("the metadata has no text “{key}”"))
}

fn kind(dependency: &Value) -> anyhow::Result<Kind> {
    match dependency.get("kind").context("the metadata has no “kind”")? {
        Value::Null => Ok(Kind::Normal),
        Value::String(kind) if kind == "build" => Ok(Kind::Build),
        Value::String(kind) if kind == "dev" => Ok(Kind::Dev),
        other => anyhow::bail!("the metadata has an unknown kind of dependency: {other}"),
    }
}

/// Forged metadata for the tests of the rules.
#[cfg(test)]
pub(super) mod forge {
    use super::*;
    use serde_json::json;

    /// Metadata of a workspace with these members and arrows; whatever is not a member comes from outside.
    pub(crate) fn metadata(members: &[&str], arrows: &[(&str, &str, Kind)]) -> Value {
        let mut names: BTreeSet<&str> = members.iter().copied().collect();
        names.extend(arrows.iter().flat_map(|(from, to, _)| [*from, *to]));
        let kind = |kind: Kind| match kind {
            Kind::Normal => Value::Null,
            Kind::Build => json!("build"),
            Kind::Dev => json!("dev"),
        };
        let of = |name: &str| arrows.iter().filter(move |(from, _, _)| *from == name).copied().collect::<Vec<_>>();
        let packages = names.iter().map(|name| {
            let declared: Vec<Value> =
                of(name).iter().map(|(_, to, k)| json!({"name": to, "kind": kind(*k)})).collect();
            json!({"id": name, "name": name, "dependencies": declared})
        });
        let nodes = names.iter().map(|name| {
            let deps: Vec<Value> =
                of(name).iter().map(|(_, to, k)| json!({"pkg": to, "dep_kinds": [{"kind": kind(*k)}]})).collect();
            json!({"id": name, "deps": deps})
        });
        json!({
            "workspace_members": members,
            "packages": packages.collect::<Vec<_>>(),
            "resolve": {"nodes": nodes.collect::<Vec<_>>()},
        })
    }

    pub(crate) fn graph(members: &[&str], arrows: &[(&str, &str, Kind)]) -> Graph {
        Graph::from_metadata(&metadata(members, arrows)).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_with_a_part_missing_is_refused() {
        for part in ["workspace_members", "packages", "resolve"] {
            let mut metadata = forge::metadata(&["a"], &[("a", "b", Kind::Normal)]);
            metadata.as_object_mut().unwrap().remove(part);
            assert!(Graph::from_metadata(&metadata).is_err(), "{part}");
        }
    }

    #[test]
    fn a_way_goes_over_normal_dependencies_alone() {
        let graph = forge::graph(
            &["a"],
            &[("a", "b", Kind::Normal), ("b", "c", Kind::Normal), ("a", "d", Kind::Dev), ("b", "e", Kind::Build)],
        );
        assert_eq!(graph.way("a", "c"), Some(vec!["a", "b", "c"]));
        assert_eq!(graph.way("a", "d"), None);
        assert_eq!(graph.way("a", "e"), None);
    }

    #[test]
    fn a_circle_of_dependencies_ends() {
        let graph = forge::graph(&["a"], &[("a", "b", Kind::Normal), ("b", "a", Kind::Normal)]);
        assert_eq!(graph.way("a", "c"), None);
    }
}
