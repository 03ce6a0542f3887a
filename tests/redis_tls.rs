//! A Redis behind TLS. The certificates are made by `openssl`.
#![cfg(all(unix, feature = "redis-tls"))]

mod common;

use common::finishes;
use common::redis_links::{LONG, cache, is_hit, keep, question, until};
use common::redis_server::{Server, free_port};
use memofn::Cache;
use memofn::redis::{RedisTier, Setup, connect};
use memofn::tier::{Tier, TierEvent};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// Certificates in a directory of their own: of an authority, of a server and of a client.
struct Certificates(PathBuf);

impl Certificates {
    /// Prints a line and gives `None` where there is no `openssl`.
    fn new(name: &str) -> Option<Self> {
        let directory = format!("memofn-tls-{}-{name}", std::process::id());
        let these = Self(std::env::temp_dir().join(directory));
        std::fs::create_dir_all(&these.0).expect("a directory can be made");
        let text = "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE";
        std::fs::write(these.0.join("names"), text).expect("the directory is ours");
        let self_signed =
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
        if !these.openssl(&format!("{self_signed} -subj /CN={name} -keyout ca.key -out ca.pem")) {
            println!("skipped: no openssl is installed");
            return None;
        }
        for who in ["server", "client"] {
            let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
            let request = format!("req {key} -subj /CN={who} -keyout {who}.key -out {who}.csr");
            let sign = format!(
                "x509 -req -in {who}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
                 -extfile names -out {who}.pem"
            );
            assert!(these.openssl(&request) && these.openssl(&sign), "openssl makes certificates");
        }
        Some(these)
    }

    fn openssl(&self, arguments: &str) -> bool {
        Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(&self.0)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a test with a server behind TLS on this port, if one is installed.
fn with_tls(
    name: &str,
    asks_for_client: bool,
    test: impl FnOnce(&Certificates, &mut Server, u16) + Send + 'static,
) {
    let Some(certificates) = Certificates::new(name) else { return };
    let port = free_port();
    let path = |name: &str| certificates.path(name).to_str().expect("it is UTF-8").to_owned();
    let (ca, certificate, key) = (path("ca.pem"), path("server.pem"), path("server.key"));
    let asks = if asks_for_client { "yes" } else { "no" };
    let port_text = port.to_string();
    let arguments = ["--tls-port", &port_text, "--tls-ca-cert-file", &ca, "--tls-cert-file"];
    let arguments = [&arguments[..], &[&certificate, "--tls-key-file", &key]].concat();
    let arguments = [&arguments[..], &["--tls-auth-clients", asks]].concat();
    if let Some(mut server) = Server::start(&arguments) {
        finishes("calls of a cache above Redis", move || test(&certificates, &mut server, port));
    }
}

fn setup(port: u16, authority: &Path) -> Setup {
    let url = format!("rediss://127.0.0.1:{port}");
    connect(url).expect("an address").timeout(LONG).ca_file(authority)
}

/// No connection comes of it, for this reason. Calls run their bodies.
fn is_away(tier: &RedisTier, why: &str) {
    let cache = cache("away", tier);
    assert_eq!(cache.get_or_compute(1, || 10), 10);
    until(|| tier.status().contains(why));
    assert!(tier.status().contains("away"), "{}", tier.status());
    assert_eq!(cache.get_or_compute(2, || 20), 20);
    assert_eq!(cache.info().tier_hits, 0);
}

#[test]
fn values_are_shared_and_changes_are_told() {
    with_tls("shared", false, |certificates, _, port| {
        let ca = certificates.path("ca.pem");
        let url = format!("rediss://localhost:{port}/1");
        let one = connect(url).expect("an address").timeout(LONG).ca_file(&ca).tier();
        let other = setup(port, &ca).tier();
        assert!(one.status().starts_with("rediss://localhost"), "{}", one.status());
        assert_eq!(cache("squares", &one).get_or_compute(3, || 9), 9);
        drop(one);
        let one = setup(port, &ca).tier();
        let (ours, theirs) = (cache("squares", &one), cache("squares", &other));
        assert_eq!(ours.get_or_compute(4, || 16), 16);
        assert!(one.flush(LONG));
        assert_eq!(theirs.get_or_compute(4, || unreachable!("the server has it")), 16);
        ours.remove(&4);
        until(|| theirs.peek(&4).is_none());
    });
}

#[test]
fn large_values_and_many_callers_pass_while_both_sides_write() {
    with_tls("large", false, |certificates, _, port| {
        let ca = certificates.path("ca.pem");
        let (one, other) = (setup(port, &ca).tier(), setup(port, &ca).tier());
        let large = |tier: &RedisTier| -> Cache<u64, Vec<u8>> {
            Cache::builder().name("large").tier(tier.clone(), 1).build()
        };
        let value = |key: u64| vec![u8::try_from(key % 251).expect("small"); 700 << 10];
        let (ours, theirs) = (large(&one), large(&other));
        thread::scope(|scope| {
            for caller in 0..8 {
                let (ours, theirs, value) = (&ours, &theirs, &value);
                scope.spawn(move || {
                    for key in 0..4 {
                        let key = caller * 4 + key;
                        let cache = if key % 2 == 0 { ours } else { theirs };
                        assert!(cache.get_or_compute(key, || value(key)) == value(key));
                    }
                });
            }
        });
        assert!(one.flush(LONG) && other.flush(LONG));
        for key in 0..32 {
            let cache = if key % 2 == 0 { &theirs } else { &ours };
            let came = cache.get_or_compute(key, || unreachable!("the server has it"));
            assert!(came == value(key));
        }
    });
}

#[test]
fn a_server_is_not_trusted_whose_certificate_is_of_another_authority() {
    static TOLD: Mutex<Vec<TierEvent>> = Mutex::new(Vec::new());
    with_tls("other", false, |_, _, port| {
        memofn::on_tier_event(|event| TOLD.lock().unwrap().push(event.clone()));
        let Some(others) = Certificates::new("others") else { return };
        let tier = setup(port, &others.path("ca.pem")).tier();
        is_away(&tier, "UnknownIssuer");
        let mine = || -> Vec<_> {
            let told = TOLD.lock().unwrap();
            let mine = |event: &&TierEvent| format!("{event:?}").contains(&port.to_string());
            told.iter().filter(mine).cloned().collect()
        };
        until(|| !mine().is_empty());
        for key in 0..100 {
            let _ = tier.ask(&question("other", key).0).wait();
        }
        assert!(matches!(&mine()[..], [TierEvent::Away { .. }]), "{:?}", mine());
        // Without a file, the authorities are those of the system.
        let url = format!("rediss://127.0.0.1:{port}");
        let tier = connect(url).expect("an address").timeout(LONG).tier();
        assert_eq!(cache("away", &tier).get_or_compute(1, || 10), 10);
        until(|| tier.status().contains("away"));
    });
}

#[test]
fn a_server_of_another_name_is_not_trusted() {
    with_tls("name", false, |certificates, _, port| {
        let url = format!("rediss://127.0.0.2:{port}");
        let listener = TcpListener::bind(("127.0.0.2", port));
        let Ok(listener) = listener else { return };
        // It passes bytes on, as one in the middle would.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(mut from), Ok(mut to)) = (stream, TcpStream::connect(("127.0.0.1", port)))
                else {
                    return;
                };
                let (Ok(mut back), Ok(mut there)) = (from.try_clone(), to.try_clone()) else {
                    return;
                };
                thread::spawn(move || std::io::copy(&mut from, &mut there));
                thread::spawn(move || std::io::copy(&mut to, &mut back));
            }
        });
        let ca = certificates.path("ca.pem");
        let tier = connect(url).expect("an address").timeout(LONG).ca_file(ca).tier();
        is_away(&tier, "certificate");
    });
}

#[test]
fn a_client_shows_its_certificate() {
    with_tls("client", true, |certificates, _, port| {
        let ca = certificates.path("ca.pem");
        is_away(&setup(port, &ca).tier(), "CertificateRequired");
        let (own, key) = (certificates.path("client.pem"), certificates.path("client.key"));
        let tier = setup(port, &ca).client_certificate(own, key).tier();
        let kept = question("client", 1);
        keep(&tier, &kept);
        assert!(is_hit(&tier, &kept.0));
        let missing = certificates.path("missing.pem");
        is_away(&setup(port, &missing).tier(), "missing.pem cannot be read");
        let tier = setup(port, &ca).client_certificate(&missing, &missing).tier();
        is_away(&tier, "missing.pem cannot be read");
        let tier = setup(port, &certificates.path("server.key")).tier();
        is_away(&tier, "names no certificate authority");
    });
}

#[test]
fn a_server_without_tls_is_away() {
    with_tls("plain", false, |certificates, server, port| {
        let plain = server.url().rsplit(':').next().expect("a port").parse().expect("a port");
        let ca = certificates.path("ca.pem");
        is_away(&setup(plain, &ca).tier(), "");
        let encrypted = connect(format!("redis://127.0.0.1:{port}")).expect("an address");
        is_away(&encrypted.timeout(LONG).tier(), "");
    });
}

#[test]
fn a_server_that_says_nothing_costs_a_call_its_timeout() {
    finishes("calls of a cache above a server that says nothing", || {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let tier = connect(format!("rediss://127.0.0.1:{port}")).expect("an address").tier();
        let cache = cache("silent", &tier);
        for key in 0..1_000 {
            assert_eq!(cache.get_or_compute(key, || 2 * key), 2 * key);
        }
        until(|| tier.status().contains("away"));
        assert!(tier.timeout() < Duration::from_secs(1));
        drop(listener);
    });
}

#[test]
fn a_server_that_was_restarted_is_used_again() {
    with_tls("again", false, |certificates, server, port| {
        let tier = setup(port, &certificates.path("ca.pem")).tier();
        let kept = question("again", 1);
        keep(&tier, &kept);
        server.restart();
        until(|| tier.status().contains("connected") && tier.flush(LONG));
        assert!(!is_hit(&tier, &kept.0));
        keep(&tier, &kept);
    });
}

#[test]
fn a_connection_that_is_cut_during_the_handshake_is_no_answer() {
    finishes("calls of a cache above a server that hangs up", || {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let _ = stream.read(&mut [0; 100]);
            }
        });
        let url = format!("rediss://127.0.0.1:{port}");
        is_away(&connect(url).expect("an address").timeout(LONG).tier(), "cannot be reached");
    });
}
