//! The page `/caches` of the example `weather_service`, in a real browser if one is installed.
#![cfg(unix)]

#[path = "../examples/weather_service/caches.rs"]
mod caches;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Html;
use axum::routing::get;
use caches::history::{History, SAMPLES, shared_caches};
use caches::routes;
use memofn::testing::Clock;
use memofn::{Cache, CacheStatus};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::sync::Arc;
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
    let clock = Clock::stop();
    let address = serve(routes(Arc::default(), hit_time)).await;
    assert_eq!(json_of(&address).await["caches"], json!([]));

    let squares = cache("squares", Some(2));
    call(&clock, &squares, [1, 2, 2, 3]);
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
        ("ttl_seconds", Value::Null),
        ("hit_seconds", json!(9e-8)),
        ("run_seconds", json!(0.0515)),
        ("saved_seconds", json!(0.0515)),
    ] {
        assert_eq!(squares[member], value, "{member}");
    }
    assert_eq!(unused["hit_ratio"], Value::Null, "no calls");
    assert_eq!(unused["maxsize"], Value::Null, "unbounded");
    assert_eq!(unused["run_seconds"], Value::Null, "no runs");
}

#[tokio::test]
async fn a_sample_is_the_hit_ratio_since_the_last_one() {
    let _turn = REPORT.lock().await;
    let clock = Clock::stop();
    let history = Arc::new(History::default());
    let address = serve(routes(history.clone(), hit_time)).await;
    let squares = cache("squares", None);
    let mut expected = Vec::new();
    for (calls, ratio) in
        [(&[1, 2, 3, 3][..], json!(0.25)), (&[1, 2], json!(1.0)), (&[], Value::Null)]
    {
        call(&clock, &squares, calls.iter().copied());
        history.sample(shared_caches());
        expected.push(ratio);
    }
    assert_eq!(json_of(&address).await["caches"][0]["hit_ratios"], json!(expected));

    squares.clear();
    call(&clock, &squares, [1, 1, 1, 1]);
    history.sample(shared_caches());
    let ratios = json_of(&address).await["caches"][0]["hit_ratios"].take();
    assert_eq!(ratios[3], json!(0.75), "the counters began anew");

    for _ in 0..2 * SAMPLES {
        history.sample(shared_caches());
    }
    let ratios = json_of(&address).await["caches"][0]["hit_ratios"].take();
    assert_eq!(ratios, json!(vec![Value::Null; SAMPLES]), "old samples go");

    drop(squares);
    history.sample(shared_caches());
    let _successor = cache("squares", None);
    history.sample(shared_caches());
    let ratios = json_of(&address).await["caches"][0]["hit_ratios"].take();
    assert_eq!(ratios, json!([null]), "the samples of a dropped cache go with it");
}

#[tokio::test]
async fn a_recorded_history_takes_samples_by_itself() {
    let _turn = REPORT.lock().await;
    let clock = Clock::stop();
    let squares = cache("squares", None);
    call(&clock, &squares, [1, 1]);
    let history = History::recorded();
    let status = shared_caches().next().expect("a cache");
    let sampled = async {
        while history.of(&status).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(60), sampled).await.expect("a sample within a minute");
    assert_eq!(history.of(&status)[0], Some(0.5));
}

#[tokio::test]
async fn a_browser_shows_the_json() {
    let Some(browser) = Browser::installed("a_browser_shows_the_json") else { return };
    let _turn = REPORT.lock().await;
    let clock = Clock::stop();
    let history = Arc::new(History::default());
    let address = serve(routes(history.clone(), hit_time)).await;

    let empty = browser.dom_of(&address).await;
    assert_eq!(cards(&empty), []);
    assert!(
        empty.contains(r#"<p id="none" class="card none">No cache has been used yet.</p>"#),
        "{empty}"
    );

    let names = ["<Client as Load>::load", "\"><script>document.write(1)</script>&amp;", "unused"];
    let [load, script, _unused] = names.map(|name| cache(name, Some(8)));
    let flags = Cache::builder().name("flags").ttl(Duration::from_secs(5400)).build();
    let _forever = Cache::<u64, u64>::builder().name("forever").ttl(Duration::MAX).build();
    let squares = cache("squares", None);
    history.sample(shared_caches());
    call(&clock, &load, [1, 2, 2, 3, 3, 3]);
    call(&clock, &script, [1]);
    call(&clock, &flags, 0..200);
    call(&clock, &squares, (0..1000).chain(0..1000).chain(0..1000));
    history.sample(shared_caches());
    call(&clock, &load, [1, 1, 1, 4]);
    history.sample(shared_caches());
    let dom = browser.dom_of(&address).await;
    let shown = cards(&dom);
    let of = |name: &str| {
        let card = shown.iter().find(|card| card.name == name);
        card.unwrap_or_else(|| panic!("{name}: {shown:#?}"))
    };
    assert_eq!(shown.len(), 6, "{shown:#?}");
    of(names[1]);

    let load = of(names[0]);
    assert_eq!((&*load.options, &*load.ratio), ("maxsize 8", "60.0 %"));
    let expected = [
        ("requests", "10"),
        ("calls saved", "6"),
        // Six times what a call takes.
        ("time saved", "309 ms"),
        ("waits joined", "0"),
        ("a hit takes", "90 ns"),
        ("upstream calls", "4"),
        ("a call takes", "51.5 ms"),
        ("entries", "4 / 8"),
        ("evicted", "0"),
        ("expired", "0"),
    ];
    assert_eq!(load.facts, expected.map(|(fact, number)| (fact.into(), number.into())));
    assert!(load.html.contains("width: 50%"), "{}", load.html);

    let squares = of("squares");
    assert_eq!((&*squares.options, &*squares.ratio), ("unbounded", "66.7 %"));
    assert_eq!(squares.fact("requests"), "3\u{202f}000");
    assert_eq!(squares.fact("time saved"), "1m 43s");
    assert_eq!(squares.fact("entries"), "1\u{202f}000 / ∞");

    let flags = of("flags");
    assert_eq!((&*flags.options, &*flags.ratio), ("maxsize 128 · ttl 1h 30m", "0.0 %"));
    assert_eq!(flags.fact("evicted"), "72");
    assert_eq!(of("forever").options, "maxsize 128 · ttl forever");
    let unused = of("unused");
    assert_eq!(unused.ratio, "–");
    for fact in ["a hit takes", "a call takes", "time saved"] {
        assert_eq!(unused.fact(fact), "–", "{fact}");
    }
}

#[tokio::test]
async fn what_is_rare_is_shown_when_it_has_happened() {
    let Some(browser) = Browser::installed("what_is_rare_is_shown_when_it_has_happened") else {
        return;
    };
    let _turn = REPORT.lock().await;
    let clock = Clock::stop();
    let minute = Duration::from_secs(60);
    let rates = Cache::builder().name("rates").ttl(minute).stale_if_error(60 * minute).build();
    rates.insert(1, 100);
    clock.advance(minute);
    assert_eq!(rates.get_or_try_compute(1, || Err("down")), Ok(100));
    rates.enable(false);
    assert_eq!(rates.get_or_compute(1, || 101), 101);
    rates.enable(true);
    let address = serve(routes(Arc::default(), hit_time)).await;
    let dom = browser.dom_of(&address).await;
    let [card] = &cards(&dom)[..] else { panic!("one cache: {dom}") };
    for fact in ["old answers", "failed", "bypassed"] {
        assert_eq!(card.fact(fact), "1", "{fact}");
    }
    let is_shown = |label: &str| card.facts.iter().any(|(fact, _)| fact == label);
    assert!(!is_shown("renewed") && !is_shown("run twice"), "{card:?}");
}

#[tokio::test]
async fn the_plot_shows_the_samples() {
    let Some(browser) = Browser::installed("the_plot_shows_the_samples") else { return };
    let _turn = REPORT.lock().await;
    let clock = Clock::stop();
    let history = Arc::new(History::default());
    let address = serve(routes(history.clone(), hit_time)).await;
    let squares = cache("squares", None);
    for calls in [&[1, 1][..], &[1, 1, 1], &[], &[1, 2, 1, 1]] {
        call(&clock, &squares, calls.iter().copied());
        history.sample(shared_caches());
    }
    let dom = browser.dom_of(&address).await;
    let [card] = &cards(&dom)[..] else { panic!("one cache: {dom}") };
    let (_, plot) = card.html.split_once("<path d=\"").expect("a plot");
    let (plot, _) = plot.split_once('"').expect("its end");
    // From 50 % at the bottom to 100 % at the top. Two samples are connected; the last stands alone after a gap.
    assert_eq!(SAMPLES, 150);
    let x = |nth_last: u32| format!("{:.4}", 1.0 - f64::from(nth_last) / 149.0);
    let line = format!("M{} 1.0000L{} 1.0000L{} 0.0000", x(3), x(3), x(2));
    assert_eq!(plot, format!("{line}M{} 0.5000L{} 0.5000", x(0), x(0)));
    assert!(card.html.contains("the last 5m"), "{}", card.html);
    assert!(card.html.contains("now 75.0 %"), "{}", card.html);
    assert!(card.html.contains(r#"<span class="low">50 %</span>"#), "{}", card.html);
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
        requests.get_or_compute(1, || 1);
        next.run(request)
    });
    let address = serve(routes(Arc::default(), hit_time).layer(count)).await;
    let dom = browser.dom_of(&address).await;
    let [card] = &cards(&dom)[..] else { panic!("one cache: {dom}") };
    assert!(card.fact("calls saved").parse::<u64>().expect("hits") > 1, "asked once: {card:?}");
}

/// A phone is 360 pixels wide. Names and numbers are long here.
#[tokio::test]
async fn nothing_is_wider_than_the_screen() {
    let Some(browser) = Browser::installed("nothing_is_wider_than_the_screen") else { return };
    let _turn = REPORT.lock().await;
    let clock = Clock::stop();
    let path = "<service::storage::Postgres as service::Users>::find_by_name";
    let names =
        [path, "a_name_of_many_words_that_has_no_colon_at_which_it_could_be_broken", "short"];
    let caches = names.map(|name| cache(name, Some(1_000_000_000)));
    for cache in &caches {
        call(&clock, cache, (0..100_000).chain(0..100_000));
    }
    // Runs each page in a frame, and reports what it needs.
    let frames = Html(
        r#"<!doctype html><title>frames</title>
        <iframe src="/caches" width="360" height="800"></iframe>
        <iframe src="/caches" width="320" height="800"></iframe>
        <iframe src="/caches" width="1280" height="800"></iframe>
        <p id="widths"></p>
        <script>
          setTimeout(() => {
            const frames = [...document.querySelectorAll("iframe")];
            const widths = frames.map(({ contentDocument: page, width }) =>
              `${width}:${page.documentElement.scrollWidth}:${page.querySelectorAll("article").length}`);
            document.querySelector('#widths').textContent = widths.join(" ");
          }, 3000);
        </script>"#,
    );
    let frames = Router::new().route("/frames", get(frames));
    let address = serve(routes(Arc::default(), hit_time).merge(frames)).await;
    let dom = browser.dom_of(&address.replace("/caches", "/frames")).await;
    assert!(dom.contains(">360:360:3 320:320:3 1280:1280:3<"), "{dom}");
}

#[tokio::test]
async fn the_page_is_dark_where_that_is_preferred() {
    let Some(browser) = Browser::installed("the_page_is_dark_where_that_is_preferred") else {
        return;
    };
    let _turn = REPORT.lock().await;
    let colours = Html(
        r#"<!doctype html><title>colours</title><iframe src="/caches"></iframe><p id="colours"></p>
        <script>
          setTimeout(() => {
            const style = getComputedStyle(document.querySelector("iframe").contentDocument.body);
            document.querySelector('#colours').textContent = `${style.color} on ${style.backgroundColor}`;
          }, 2000);
        </script>"#,
    );
    let colours = Router::new().route("/colours", get(colours));
    let address = serve(routes(Arc::default(), hit_time).merge(colours)).await;
    let address = address.replace("/caches", "/colours");
    for (preferred, expected) in [
        ("preferredColorScheme=0", "rgb(228, 232, 238) on rgb(18, 22, 27)"),
        ("preferredColorScheme=1", "rgb(29, 36, 48) on rgb(245, 246, 248)"),
    ] {
        let dom = browser.dom_with(&format!("--blink-settings={preferred}"), &address).await;
        assert!(dom.contains(&format!(">{expected}<")), "{preferred}: {dom}");
    }
}

/// The same for each cache that was called.
fn hit_time(cache: &CacheStatus) -> Option<Duration> {
    (cache.info.misses > 0).then_some(Duration::from_nanos(90))
}

/// A cache with this `maxsize`; `None` is unbounded.
fn cache(name: &'static str, maxsize: Option<usize>) -> Cache<u64, u64> {
    let builder = Cache::builder().name(name);
    match maxsize {
        Some(most) => builder.maxsize(most).build(),
        None => builder.unbounded().build(),
    }
}

/// Calls with these numbers. Each run takes 51.5 ms of the clock.
fn call(clock: &Clock, cache: &Cache<u64, u64>, numbers: impl IntoIterator<Item = u64>) {
    let square = |number| {
        clock.advance(Duration::from_micros(51_500));
        number * number
    };
    for number in numbers {
        assert_eq!(cache.get_or_compute(number, || square(number)), number * number);
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

/// What the page shows of a cache.
#[derive(Debug, PartialEq)]
struct Card {
    name: String,
    options: String,
    ratio: String,
    /// The labels and numbers that are not hidden.
    facts: Vec<(String, String)>,
    html: String,
}

impl Card {
    fn fact(&self, label: &str) -> &str {
        let fact = self.facts.iter().find(|(fact, _)| fact == label);
        &fact.unwrap_or_else(|| panic!("no {label}: {self:?}")).1
    }
}

fn cards(dom: &str) -> Vec<Card> {
    let (_, rest) = dom.split_once(r#"<div id="caches">"#).expect("a place for the caches");
    let (cards, _) = rest.split_once("<template").expect("the end of the caches");
    cards.split("<article").skip(1).map(card).collect()
}

fn card(html: &str) -> Card {
    let part = |begin: &str, end: &str| {
        let (_, rest) = html.split_once(begin).unwrap_or_else(|| panic!("{begin}: {html}"));
        text(rest.split_once(end).expect("an end").0)
    };
    let facts = html.split("<dt").skip(1).zip(html.split("<dt"));
    let shown =
        facts.filter(|(_, before)| !before.rsplit("<div").next().unwrap_or("").contains("hidden"));
    let facts = shown.map(|(fact, _)| {
        let (label, number) = fact.split_once("</dt>").expect("a number");
        (text(label), text(number.split_once("</dd>").expect("its end").0))
    });
    Card {
        name: part("class=\"name\"", "</h2>"),
        options: part("class=\"options\"", "</p>"),
        ratio: part("class=\"ratio\"", "</span>"),
        facts: facts.collect(),
        html: html.to_owned(),
    }
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
        self.dom_with("--hide-scrollbars", address).await
    }

    async fn dom_with(&self, option: &str, address: &str) -> String {
        let profile = Profile::new();
        let browser = Command::new(self.0)
            .args(["--headless", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update"])
            .args(["--disable-sync", "--no-proxy-server"])
            // It does not run as root otherwise. It opens only pages of this test.
            .arg("--no-sandbox")
            .arg(format!("--user-data-dir={}", profile.0.display()))
            .args(["--virtual-time-budget=4000", option, "--dump-dom", address])
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
