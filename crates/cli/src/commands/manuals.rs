//! Completions for shells, and manual pages.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::Huis;
use crate::outcome::{Outcome, Stop};
use crate::printer::Printer;

/// Prints a completion script.
pub(crate) fn completions(shell: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Huis::command(), "huis", &mut script);
    Printer::new(false).write(&script)
}

/// Writes a page for each command.
pub(crate) fn man(folder: &Path) -> Outcome {
    let failed = |error: std::io::Error| Stop::file(folder.display(), &error);
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Huis::command(), folder).map_err(failed)
}
