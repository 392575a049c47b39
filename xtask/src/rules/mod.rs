//! The rules of `docs/architecture.md` that a machine can check.

mod absences;
mod arrows;
mod graph;
mod sources;

use anyhow::ensure;

use crate::checkout::Checkout;

use self::graph::Graph;

/// Fails on a forbidden arrow between crates, and on a source file that breaks a rule of the tree.
pub(crate) fn check_arrows(checkout: &Checkout) -> anyhow::Result<()> {
    let graph = Graph::from_metadata(&checkout.metadata()?)?;
    let mut broken = arrows::violations(&graph);
    broken.extend(sources::violations(&sources::read(checkout.root())?));
    report(&broken)
}

/// Fails on a banned crate anywhere among the dependencies.
pub(crate) fn check_absences(checkout: &Checkout) -> anyhow::Result<()> {
    report(&absences::violations(&Graph::from_metadata(&checkout.metadata()?)?))
}

fn report(broken: &[String]) -> anyhow::Result<()> {
    for rule in broken {
        println!("  {rule}");
    }
    ensure!(
        broken.is_empty(),
        "{} broken: {}",
        if broken.len() == 1 { "a rule is" } else { "rules are" },
        broken.join("; ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_keeps_its_arrows_and_its_sources_in_order() {
        check_arrows(&Checkout::here().unwrap()).unwrap();
    }

    #[test]
    fn this_workspace_holds_no_banned_crate() {
        check_absences(&Checkout::here().unwrap()).unwrap();
    }
}
