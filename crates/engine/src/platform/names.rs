//! What a device is called by the program and the system that it runs on.

/// Of what browsers say, the parts that tell them apart; whoever says an earlier one says the later ones as well.
#[cfg(any(test, target_family = "wasm"))]
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("Mozilla/", "Browser"),
];

/// The same of systems.
#[cfg(any(test, target_family = "wasm"))]
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// A browser by what it says of itself (RFC 9110, section 10.1.5), without its version: `Firefox · Linux`.
#[cfg(any(test, target_family = "wasm"))]
pub(super) fn browser(user_agent: &str) -> String {
    let said = |parts: &[(&str, &'static str)]| {
        parts.iter().find(|(part, _)| user_agent.contains(part)).map(|(_, name)| *name)
    };
    joined(said(&BROWSERS).unwrap_or("Browser"), said(&SYSTEMS))
}

/// The program of the terminal, by the system's name as the compiler has it: `huis · Linux`.
#[cfg(not(target_family = "wasm"))]
pub(super) fn terminal(system: &str) -> String {
    let system = match system {
        "linux" => Some("Linux"),
        "macos" => Some("macOS"),
        "windows" => Some("Windows"),
        "android" => Some("Android"),
        "freebsd" => Some("FreeBSD"),
        _ => None,
    };
    joined("huis", system)
}

fn joined(program: &str, system: Option<&str>) -> String {
    system.map_or_else(|| program.to_owned(), |system| format!("{program} · {system}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_called_by_itself_and_its_system() {
        let said = [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox · Linux"),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
                "Chrome · Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "Edge · Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
                "Chrome · Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
                "Safari · iOS",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                "Safari · macOS",
            ),
            ("curl/8.0", "Browser"),
        ];
        for (user_agent, name) in said {
            assert_eq!(browser(user_agent), name);
        }
        assert_eq!(terminal("linux"), "huis · Linux");
        assert_eq!(terminal("something-else"), "huis");
    }
}
