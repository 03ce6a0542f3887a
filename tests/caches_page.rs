//! The page `/caches` of the example `weather_service`, in a real browser if one is installed.
#![cfg(unix)]

#[path = "../examples/weather_service/caches.rs"]
mod caches;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use memofn::Cache;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::time::Duration;
use std::{fs, io};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// The process has one report. These tests run one after the other.
static REPORT: Mutex<()> = Mutex::const_new(());

#[tokio::test]
async fn the_json_shows_the_counters() {
    let _turn = REPORT.lock().await;
    let address = serve(caches::routes()).await;
    assert_eq!(json_of(&address).await, json!({ "caches": [] }));

    let squares = cache("squares", Some(2));
    call(&squares, [1, 2, 2, 3]);
    let _unused = cache("unused", None);
    let report = json_of(&address).await;
    let [squares, unused] = &report["caches"].as_array().expect("a list")[..] else {
        panic!("two caches: {report}");
    };
    for (member, value) in [
        ("name", json!("squares")),
        ("hits", json!(1)),
        ("misses", json!(3)),
        ("hit_ratio", json!(0.25)),
        ("size", json!(2)),
        ("maxsize", json!(2)),
        ("evicted", json!(1)),
    ] {
        assert_eq!(squares[member], value, "{member}");
    }
    assert_eq!(unused["hit_ratio"], Value::Null, "no calls");
    assert_eq!(unused["maxsize"], Value::Null, "unbounded");
}

#[tokio::test]
async fn a_browser_shows_the_json() {
    let Some(browser) = Browser::installed("a_browser_shows_the_json") else { return };
    let _turn = REPORT.lock().await;
    let address = serve(caches::routes()).await;

    let empty = browser.dom_of(&address).await;
    assert_eq!(table(&empty), [] as [Vec<String>; 0]);
    assert!(empty.contains(r#"<table id="caches" hidden="">"#), "{empty}");
    assert!(
        empty.contains(r#"<p id="none" class="none">No cache has been used yet.</p>"#),
        "{empty}"
    );

    let names = ["<Client as Load>::load", "\"><script>document.write(1)</script>&amp;", "unused"];
    let [load, script, _unused] = names.map(|name| cache(name, Some(8)));
    let squares = cache("squares", None);
    call(&load, [1, 2, 2, 3, 3, 3]);
    call(&script, [1]);
    call(&squares, (0..1000).chain(0..1000).chain(0..1000));
    let dom = browser.dom_of(&address).await;
    let shown = table(&dom);
    let told = json_of(&address).await;
    let rows: Vec<_> = told["caches"].as_array().expect("a list").iter().map(row).collect();
    assert_eq!(shown, rows);
    let of_load = ["<Client as Load>::load", "3", "3", "50.0 %", "3 / 8"].map(String::from);
    assert!(shown.contains(&of_load.to_vec()), "{shown:?}");
    for bar in ["width: 50%", "width: 37.5%"] {
        assert!(dom.contains(bar), "{bar}: {dom}");
    }
}

#[tokio::test]
async fn an_open_page_updates_its_numbers() {
    let Some(browser) = Browser::installed("an_open_page_updates_its_numbers") else {
        return;
    };
    let _turn = REPORT.lock().await;
    let requests = cache("requests", None);
    // The request for the page is a miss. Each request for the numbers is a hit.
    let count = from_fn(move |request: Request, next: Next| {
        call(&requests, [1]);
        next.run(request)
    });
    let address = serve(caches::routes().layer(count)).await;
    let shown = table(&browser.dom_of(&address).await);
    let [row] = &shown[..] else { panic!("one cache: {shown:?}") };
    assert!(row[1].parse::<u64>().expect("hits") > 1, "asked once: {row:?}");
}

/// A cache with this `maxsize`; `None` is unbounded.
fn cache(name: &'static str, maxsize: Option<usize>) -> Cache<u64, u64> {
    let builder = Cache::builder().name(name);
    match maxsize {
        Some(most) => builder.maxsize(most).build(),
        None => builder.unbounded().build(),
    }
}

fn call(cache: &Cache<u64, u64>, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        assert_eq!(cache.get_or_compute(number, || number * number), number * number);
    }
}

/// Serves on a free port of the loopback interface until the test ends.
async fn serve(routes: Router) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(axum::serve(listener, routes).into_future());
    format!("http://{address}/caches")
}

async fn json_of(address: &str) -> Value {
    let url = format!("{address}.json");
    let answer = spawn_blocking(move || {
        // The loopback interface needs no proxy, even if the environment names one.
        let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
        agent.get(url).call()?.body_mut().read_to_string()
    });
    let answer = answer.await.expect("no panic").expect("an answer");
    serde_json::from_str(&answer).expect("JSON")
}

/// The row of the page for a cache in the JSON.
fn row(cache: &Value) -> Vec<String> {
    let grouped = |member: &str| {
        let number = cache[member].as_u64().expect(member);
        assert!(number < 1_000_000, "one separator at most");
        match (number / 1000, number % 1000) {
            (0, ones) => ones.to_string(),
            (thousands, ones) => format!("{thousands}\u{202f}{ones:03}"),
        }
    };
    let ratio = cache["hit_ratio"].as_f64().map(|ratio| format!("{:.1} %", ratio * 100.0));
    let maxsize = if cache["maxsize"].is_null() { "unbounded".into() } else { grouped("maxsize") };
    vec![
        cache["name"].as_str().expect("a name").to_owned(),
        grouped("hits"),
        grouped("misses"),
        ratio.unwrap_or_else(|| "–".into()),
        format!("{} / {maxsize}", grouped("size")),
    ]
}

/// The text of each cell of the table, row by row.
fn table(dom: &str) -> Vec<Vec<String>> {
    let (_, rest) = dom.split_once("<tbody>").expect("a table");
    let (body, _) = rest.split_once("</tbody>").expect("the end of the table");
    body.split("<tr>").skip(1).map(|row| row.split("<td").skip(1).map(text).collect()).collect()
}

/// The text between the tags. `html` begins inside the first tag.
fn text(html: &str) -> String {
    let parts = html.split('<').filter_map(|part| part.split_once('>'));
    let text: String = parts.map(|(_, text)| text).collect();
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}");
    text.replace("&amp;", "&").trim().to_owned()
}

/// A headless browser. It is started anew for each page.
struct Browser(&'static str);

impl Browser {
    /// A browser that is in `PATH` and runs. If there is none, prints that `test` is skipped.
    fn installed(test: &str) -> Option<Self> {
        let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
            let version = process::Command::new(name).arg("--version").output();
            version.is_ok_and(|version| version.status.success())
        });
        if found.is_none() {
            // Written to the terminal directly: the test harness hides the output of tests that pass.
            let _ = writeln!(io::stderr(), "{test}: SKIPPED, no Chromium or Chrome is installed");
        }
        found.map(Self)
    }

    /// The page some seconds after it was opened. These are seconds of the browser's virtual clock, which moves on
    /// as soon as there is nothing to wait for.
    async fn dom_of(&self, address: &str) -> String {
        let profile = Profile::new();
        let browser = Command::new(self.0)
            .args(["--headless", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update"])
            .args(["--disable-sync", "--no-proxy-server"])
            // It does not run as root otherwise. It opens only pages of this test.
            .arg("--no-sandbox")
            .arg(format!("--user-data-dir={}", profile.0.display()))
            .args(["--virtual-time-budget=4000", "--dump-dom", address])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .expect("the browser starts");
        let _group = Group::of(browser.id());
        let output = timeout(Duration::from_secs(60), browser.wait_with_output()).await;
        let output = output.expect("the browser is done within a minute").expect("its output");
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {complaints}", output.status);
        String::from_utf8(output.stdout).expect("a page in UTF-8")
    }
}

/// The browser and the processes it has started. A drop ends them.
struct Group(Option<Pid>);

impl Group {
    fn of(leader: Option<u32>) -> Self {
        Self(leader.and_then(|id| Pid::from_raw(id.try_into().ok()?)))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // If all went well, the group is empty.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// A new directory for the browser's profile.
struct Profile(PathBuf);

impl Profile {
    fn new() -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("browser-{}", process::id()));
        // Left over from an earlier process with this number.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory for the browser");
        Self(path)
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
