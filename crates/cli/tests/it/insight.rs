//! What operators watch: the alert rules and the dashboard ask for nothing that a running server does not give, and the
//! handbook names all that it gives.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::connections::get;
use crate::harness::{House, Process};

const RULES: &str = "deploy/prometheus/huis-alerts.yml";
const DASHBOARD: &str = "deploy/grafana/huis.json";
const HANDBOOK: &str = "docs/operating.md";
const PATIENCE: Duration = Duration::from_secs(60);
/// Labels that Prometheus puts to whatever it scrapes.
const OF_THE_TARGET: [&str; 2] = ["instance", "job"];

/// What a server gives.
#[derive(Debug, Default)]
struct Page {
    /// Each metric with its kind.
    kinds: BTreeMap<String, String>,
    /// Each name of a sample, with its labels and their values.
    samples: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    values: BTreeMap<String, f64>,
}

/// A selector of an expression: a name, and what is asked of its labels.
#[derive(Debug, PartialEq, Eq)]
struct Selector {
    name: String,
    /// Label, operator and value.
    matchers: Vec<(String, String, String)>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

impl Page {
    fn of(address: &str) -> Self {
        let answer = get(address, "/metrics").unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let mut page = Self::default();
        for line in answer.lines() {
            if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
                page.kinds.insert(name.into(), kind.into());
            } else if line.starts_with("huis_") || line.starts_with("process_") {
                page.takes(line);
            }
        }
        page
    }

    fn takes(&mut self, line: &str) {
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
        self.values.insert(sample.into(), value.parse().unwrap());
        let known = self.samples.entry(name.into()).or_default();
        let mut rest = labels.trim_end_matches('}');
        while let Some((label, behind)) = rest.split_once("=\"") {
            let (value, further) = behind.split_once('"').unwrap();
            known.entry(label.trim_start_matches(',').into()).or_default().insert(value.into());
            rest = further;
        }
    }

    fn value(&self, sample: &str) -> f64 {
        *self.values.get(sample).unwrap_or_else(|| panic!("no {sample}: {:?}", self.values.keys()))
    }

    fn joins(&mut self, other: Self) {
        self.kinds.extend(other.kinds);
        for (name, labels) in other.samples {
            let known = self.samples.entry(name).or_default();
            for (label, values) in labels {
                known.entry(label).or_default().extend(values);
            }
        }
    }

    /// Whether all that an expression asks for is there.
    fn answers(&self, expression: &str, what: &str) {
        let (selectors, groupings) = parts(expression);
        assert!(!selectors.is_empty(), "{what}: {expression}");
        let mut known: BTreeSet<&str> = OF_THE_TARGET.into();
        for Selector { name, matchers } in &selectors {
            // Prometheus' own, for each target.
            if name == "up" {
                continue;
            }
            let labels = self.samples.get(name).unwrap_or_else(|| panic!("{what}: no server gives {name}"));
            known.extend(labels.keys().map(String::as_str));
            for (label, operator, value) in matchers {
                if OF_THE_TARGET.contains(&label.as_str()) {
                    continue;
                }
                let values = labels.get(label).unwrap_or_else(|| panic!("{what}: {name} has no label {label}"));
                let asked: Vec<&str> = if operator.ends_with('~') { value.split('|').collect() } else { vec![value] };
                for value in asked {
                    // Which of these are there depends on what was asked of the server.
                    let is_class = label == "status" && ["1xx", "2xx", "3xx", "4xx", "5xx"].contains(&value);
                    assert!(is_class || values.contains(value), "{what}: {name} has no {label}={value}: {values:?}");
                }
            }
        }
        for label in groupings {
            assert!(known.contains(label.as_str()), "{what}: nothing has the label {label}: {expression}");
        }
    }
}

/// The selectors of an expression in PromQL, and the labels that it groups by.
fn parts(expression: &str) -> (Vec<Selector>, Vec<String>) {
    const OPERATORS: [&str; 5] = ["or", "and", "unless", "bool", "offset"];
    const GROUPINGS: [&str; 4] = ["by", "without", "on", "ignoring"];
    let (mut selectors, mut groupings) = (Vec::new(), Vec::new());
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        if first == '[' {
            // A span of time.
            rest = rest.split_once(']').unwrap().1;
        } else if first == '"' {
            rest = rest[1..].split_once('"').unwrap().1;
        } else if is_word(first) {
            let (word, behind) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
            rest = behind;
            let next = behind.trim_start();
            if first.is_ascii_digit() || OPERATORS.contains(&word) {
                continue;
            }
            if GROUPINGS.contains(&word) {
                let (labels, behind) = next.strip_prefix('(').unwrap().split_once(')').unwrap();
                groupings.extend(labels.split(',').map(|label| label.trim().to_owned()));
                rest = behind;
            } else if let Some(inside) = next.strip_prefix('{') {
                let (matchers, behind) = matchers(inside);
                selectors.push(Selector { name: word.into(), matchers });
                rest = behind;
            } else if !next.starts_with('(') && !groups(next) {
                selectors.push(Selector { name: word.into(), matchers: Vec::new() });
            }
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    (selectors, groupings)
}

/// Whether this says by which labels the function before it gathers.
fn groups(rest: &str) -> bool {
    ["by", "without"].iter().any(|word| rest.strip_prefix(word).is_some_and(|rest| rest.trim_start().starts_with('(')))
}

/// What stands in braces, and what stands behind them.
fn matchers(mut rest: &str) -> (Vec<(String, String, String)>, &str) {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(behind) = rest.strip_prefix('}') {
            return (found, behind);
        }
        let (left, behind) = rest.split_once('"').unwrap();
        let (value, further) = behind.split_once('"').unwrap();
        let (label, operator) = left.split_at(left.find(['=', '!']).unwrap());
        found.push((label.trim().into(), operator.trim().into(), value.into()));
        rest = further;
    }
}

/// The expressions of the rules, by the alert. That these are all of them, and the file what it should be, promtool says.
fn alerts() -> Vec<(String, String)> {
    let text = text(RULES);
    let (mut found, mut name) = (Vec::new(), String::new());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(alert) = line.trim_start().strip_prefix("- alert: ") {
            name = alert.into();
        } else if let Some(expression) = line.trim_start().strip_prefix("expr: ") {
            let mut expression = expression.to_owned();
            if expression == "|-" {
                expression.clear();
                let depth = line.len() - line.trim_start().len();
                while let Some(more) = lines.next_if(|more| more.len() - more.trim_start().len() > depth) {
                    expression.push_str(more.trim());
                    expression.push(' ');
                }
            }
            found.push((name.clone(), expression));
        }
    }
    found
}

/// The expressions of the dashboard, by the panel, as Grafana sends them for all nodes.
fn panels() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&text(DASHBOARD)).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().unwrap();
            let expression = expression.replace("$__rate_interval", "1m").replace("$instance", ".*");
            assert!(!expression.contains('$'), "{expression}");
            found.push((panel["title"].as_str().unwrap().to_owned(), expression));
        }
    }
    found
}

/// The metrics that a text names.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("huis_") || word.starts_with("process_")).collect()
}

static EVERYTHING: LazyLock<Page> = LazyLock::new(everything);

/// All that servers give: one with a certificate of its own, and where there is what it takes one of several nodes.
fn everything() -> Page {
    let mut house = House::open_with(&["--metrics-listen", "127.0.0.1:0", "--tls", "self-signed"]);
    let address = metrics_of(&mut house);
    house.person("member-a");
    let mut page = Page::of(&address);
    if let (Some(database), Some(bus)) =
        (huis_testpg::shared().map(huis_testpg::Server::database), huis_testredis::Server::start())
    {
        let blobs = tempfile::tempdir().unwrap();
        let (at, bus_at) = (database.address(), bus.address());
        let place = blobs.path().to_str().unwrap();
        let mut node = House::open_with(&[
            "--metrics-listen",
            "127.0.0.1:0",
            "--database",
            &at,
            "--bus",
            &bus_at,
            "--blobs",
            place,
        ]);
        let address = metrics_of(&mut node);
        let of_the_node = Page::of(&address);
        assert!(!of_the_node.kinds.contains_key("huis_database_bytes"), "PostgreSQL's size is not ours to tell");
        page.joins(of_the_node);
    } else {
        // As the handbook says of a server of one node.
        page.joins(Page {
            kinds: [("huis_bus_up".to_owned(), "gauge".to_owned())].into(),
            samples: [("huis_bus_up".to_owned(), BTreeMap::new())].into(),
            ..Page::default()
        });
    }
    page
}

fn metrics_of(house: &mut House) -> String {
    let url = house.announced("Metrics: ");
    url.strip_prefix("http://").and_then(|url| url.strip_suffix("/metrics")).unwrap().to_owned()
}

/// Debian's promtool, where it is; else that is said, and in CI it is a failure.
fn promtool(args: &[&str], folder: &Path) -> Option<String> {
    const MISSING: &str = "NOT RUN: the tests of the alert rules, for there is no promtool here (Debian: prometheus)";
    let mut command = Command::new("promtool");
    command.args(args).current_dir(folder);
    if Command::new("promtool").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none_or(|value| value != "true"), "{MISSING}");
        let _ = writeln!(std::io::stderr().lock(), "\n{MISSING}\n");
        return None;
    }
    Some(Process::start(command, None).end().well())
}

#[test]
fn every_metric_that_is_asked_for_or_explained_is_given_and_every_one_that_is_given_is_explained() {
    let page = &*EVERYTHING;
    let (alerts, panels) = (alerts(), panels());
    assert!(alerts.len() >= 15 && panels.len() >= 40, "{} {}", alerts.len(), panels.len());
    for (what, expression) in alerts.iter().chain(&panels) {
        page.answers(expression, what);
    }
    let handbook = text(HANDBOOK);
    let explained = named(&handbook);
    for name in page.kinds.keys() {
        assert!(explained.contains(name.as_str()), "{HANDBOOK} does not explain {name}");
    }
    for name in explained {
        assert!(page.kinds.contains_key(name) || page.samples.contains_key(name), "{HANDBOOK}: no server gives {name}");
    }
    // What moves in the dashboard is watched there, each of it.
    let shown: BTreeSet<String> =
        panels.iter().flat_map(|(_, expression)| named(expression).into_iter().map(str::to_owned)).collect();
    for (name, kind) in &page.kinds {
        let is_shown = shown.contains(name) || kind == "histogram" && shown.contains(&format!("{name}_bucket"));
        assert!(is_shown, "the dashboard does not show {name}");
    }
}

#[test]
fn metrics_bear_their_unit_and_kind_in_their_names_and_no_person_in_their_labels() {
    let page = &*EVERYTHING;
    for (name, kind) in &page.kinds {
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
        assert!(kind != "histogram" || name.ends_with("_seconds"), "{name}");
    }
    let allowed = ["end", "holds", "le", "level", "of", "part", "route", "status", "version", "way", "what"];
    for (name, labels) in &page.samples {
        for (label, values) in labels {
            assert!(allowed.contains(&label.as_str()), "{name}: {label}");
            assert!(values.iter().all(|value| !value.contains("member-a")), "{name}: {values:?}");
        }
    }
}

#[test]
fn the_figures_move_as_people_do() {
    let mut house = House::open_with(&["--metrics-listen", "127.0.0.1:0"]);
    let address = metrics_of(&mut house);
    let before = Page::of(&address);
    assert_eq!(before.value("huis_accounts_online"), 0.0);
    assert_eq!(before.value("huis_delivery_seconds_count"), 0.0);
    assert_eq!((before.value("huis_store_up"), before.value("huis_clock_sure")), (1.0, 1.0));
    for place in ["data", "files"] {
        let (free, size) = (
            format!("huis_disk_free_bytes{{holds=\"{place}\"}}"),
            format!("huis_disk_size_bytes{{holds=\"{place}\"}}"),
        );
        assert!(before.value(&free) > 0.0 && before.value(&size) >= before.value(&free), "{before:?}");
    }
    assert!(before.value("huis_database_bytes{part=\"pages\"}") > 0.0);
    assert!(before.value("process_resident_memory_bytes") > 1e6 && before.value("process_open_fds") > 3.0);
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let mut listener = b.starts(&["receive", "--follow", "--json"]);
    a.says("@member-b", "the first");
    while !listener.line().contains("the first") {}
    a.says("@member-b", "while you listen");
    while !listener.line().contains("while you listen") {}
    house.stranger("nobody").logs_in().refused(1, "wrong-password");
    // What was seen a moment ago serves for a second.
    let began = Instant::now();
    let after = loop {
        let after = Page::of(&address);
        // A receipt may be on its way still.
        if after.value("huis_accounts_online") >= 1.0 && after.value("huis_submissions_waiting") == 0.0 {
            break after;
        }
        assert!(began.elapsed() < PATIENCE, "{after:?}");
    };
    assert!(after.value("huis_connections") >= 1.0);
    assert!(after.value("huis_delivery_seconds_count") >= 1.0);
    assert!(after.value("huis_append_seconds_count") >= 2.0);
    let without_proof =
        |page: &Page| page.value("huis_sign_ins_begun_total") - page.value("huis_sign_ins_proved_total");
    assert_eq!(without_proof(&after) - without_proof(&before), 1.0);
}

#[test]
fn the_rules_and_the_dashboard_are_what_prometheus_takes_and_the_alerts_come_when_they_should() {
    let folder = root().join("deploy/prometheus");
    let Some(said) = promtool(&["check", "rules", "huis-alerts.yml"], &folder) else { return };
    assert!(said.contains(&format!("SUCCESS: {} rules found", alerts().len())), "{said}");
    promtool(&["check", "config", "prometheus.yml"], &folder).unwrap();
    let said = promtool(&["test", "rules", "huis-alerts.test.yml"], &folder).unwrap();
    assert!(said.contains("SUCCESS"), "{said}");
    // JSON is YAML, and an expression of a dashboard one of a recording rule.
    let rules: Vec<Value> = panels()
        .into_iter()
        .enumerate()
        .map(|(number, (_, expression))| json!({ "record": format!("panel:number:{number}"), "expr": expression }))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let groups = json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    std::fs::write(folder.path().join("dashboard.yml"), groups.to_string()).unwrap();
    promtool(&["check", "rules", "dashboard.yml"], folder.path()).unwrap();
}

#[test]
fn an_expression_is_read_as_prometheus_reads_it() {
    let (selectors, groupings) = parts(
        "histogram_quantile(0.99, sum by (instance, le) (rate(huis_a_bucket{x=\"1\", y=~\"p|q\"}[5m]))) > 2e9 or up == 0",
    );
    let asked = |label: &str, operator: &str, value: &str| (label.to_owned(), operator.to_owned(), value.to_owned());
    assert_eq!(
        selectors,
        [
            Selector { name: "huis_a_bucket".into(), matchers: vec![asked("x", "=", "1"), asked("y", "=~", "p|q")] },
            Selector { name: "up".into(), matchers: Vec::new() },
        ]
    );
    assert_eq!(groupings, ["instance", "le"]);
}
