//! `huis serve`.

use huis_server::ServeArgs;

use crate::outcome::{Outcome, Stop};

/// Variables of the client commands, which may be set where a server is started too. Any other one that begins with
/// HUIS_ and is no setting is a typing mistake, which the server refuses.
const OF_CLIENTS: &[&str] =
    &["HUIS_CLAIM", "HUIS_INVITATION", "HUIS_LOCK_AFTER", "HUIS_LOG", "HUIS_PASSWORD", "HUIS_PROFILE", "HUIS_SERVER"];

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(settings: &ServeArgs) -> Outcome {
    let environment =
        std::env::vars_os().filter(|(name, _)| !name.to_str().is_some_and(|name| OF_CLIENTS.contains(&name)));
    let config = settings.resolve_with(environment).map_err(|error| Stop::Usage(error.to_string()))?;
    huis_server::start_logs(&config);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::file("the runtime", &error))?;
    let served = runtime.block_on(huis_server::serve(config, huis_server::stop_signal()));
    served.map(|_| ()).map_err(|error| Stop::failed("serve", error.to_string(), ""))
}
