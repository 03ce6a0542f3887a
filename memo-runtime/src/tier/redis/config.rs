//! The options of a Redis: its address, and how long things may take.

use crate::tier::redis::redis_tier::{self, RedisTier};
use crate::tier::redis::setting::Setting;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Takes the address of a server. It connects later, with the first question.
///
/// - `redis://[user:password@]host[:port][/database]`
/// - `rediss://..`, the same behind TLS, with the feature `redis-tls`
/// - `unix:///path/of/the/socket`, with the database as `?db=1`
///
/// User and password are percent-decoded.
///
/// ```
/// assert!(memofn::redis::connect("redis://cache.local/0").is_ok()); // nobody has asked for that server yet
/// assert!(memofn::redis::connect("http://cache.local").is_err());
/// ```
///
/// # Errors
///
/// The address is not one of these. A server that is away is no error.
pub fn connect(url: impl AsRef<str>) -> Result<Setup, ConfigError> {
    Config::parse(url.as_ref()).map(Setup).map_err(ConfigError)
}

/// An address or a setting that cannot be used. It never contains the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub(crate) String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// How old a result in the memory of this process may be while the connection to the server is lost.
///
/// While there is a connection, the server tells of each change. A connection that is lost without a word is noticed within 4
/// seconds, or within this time if it is less. On return all is dropped, since changes were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coherence {
    /// The results are dropped whenever so much time has passed.
    Within(Duration),
    /// The results are dropped at once and stay away.
    Strict,
    /// Nothing is dropped: results live to their own end.
    None,
}

impl From<Duration> for Coherence {
    fn from(time: Duration) -> Self {
        Self::Within(time)
    }
}

/// A Redis to be used. [`start`](Self::start) makes it that of the process.
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `start()` or `tier()`"]
pub struct Setup(Config);

impl Setup {
    /// The namespace of all keys. Programs with different ones share nothing. It is `memofn` by default.
    pub fn namespace(mut self, namespace: &str) -> Self {
        namespace.clone_into(&mut self.0.namespace);
        self
    }

    /// How long a call waits for an answer before it runs its body. It is 100 ms by default.
    pub fn timeout<T: Setting<Duration>>(self, timeout: T) -> T::Set<Self> {
        timeout.set("timeout", |timeout| Self(Config { timeout, ..self.0 }))
    }

    /// How long the others wait for a process that runs a body and does not tell. It is 10 s by default. A process that lives
    /// renews its leases.
    pub fn lease<T: Setting<Duration>>(self, lease: T) -> T::Set<Self> {
        lease.set("lease", |lease| {
            let lease = lease.clamp(Duration::from_millis(10), Duration::from_secs(86_400));
            Self(Config { lease, ..self.0 })
        })
    }

    /// How old results in memory may be while the connection is lost. It is 5 s by default. As a text it is a time, `"strict"` or
    /// `"none"`.
    pub fn coherence<T: Setting<Coherence>>(self, coherence: T) -> T::Set<Self> {
        coherence.set("coherence", |coherence| Self(Config { coherence, ..self.0 }))
    }

    /// The authorities that vouch for the server of a `rediss://`: a file with certificates, as PEM. By default they are those
    /// that the system trusts.
    ///
    /// The file is read for each connection. If it cannot be read, the server is away, and the report says why.
    ///
    /// ```
    /// # fn main() -> Result<(), memofn::redis::ConfigError> {
    /// let tier = memofn::redis::connect("rediss://cache.local")?.ca_file("/etc/shop/ca.pem").tier();
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "redis-tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "redis-tls")))]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.0.tls.authorities = Some(path.into());
        self
    }

    /// The certificate of this process and its private key, for a `rediss://` that asks for them: two files, as PEM. They are
    /// read for each connection.
    ///
    /// ```
    /// # fn main() -> Result<(), memofn::redis::ConfigError> {
    /// let setup = memofn::redis::connect("rediss://cache.local")?;
    /// let tier = setup.client_certificate("/etc/shop/client.pem", "/etc/shop/client.key").tier();
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "redis-tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "redis-tls")))]
    pub fn client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.0.tls.client = Some((certificate.into(), key.into()));
        self
    }

    /// Makes it the Redis of this process, in place of an earlier one.
    pub fn start(self) {
        redis_tier::start(self.tier());
    }

    /// A tier of its own, for `tier = ..` and for tests.
    #[must_use]
    pub fn tier(self) -> RedisTier {
        RedisTier::new(self.0)
    }
}

/// A text that is never shown.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp(String, u16),
    Tls(String, u16),
    Unix(PathBuf),
}

/// The files that TLS needs, as PEM.
#[cfg(feature = "redis-tls")]
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsFiles {
    pub(crate) authorities: Option<PathBuf>,
    /// A certificate and its key.
    pub(crate) client: Option<(PathBuf, PathBuf)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) address: Address,
    #[cfg(feature = "redis-tls")]
    pub(crate) tls: TlsFiles,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) database: u32,
    pub(crate) namespace: String,
    pub(crate) timeout: Duration,
    pub(crate) lease: Duration,
    pub(crate) coherence: Coherence,
}

impl Config {
    fn new(address: Address) -> Self {
        Self {
            address,
            #[cfg(feature = "redis-tls")]
            tls: TlsFiles::default(),
            user: None,
            password: None,
            database: 0,
            namespace: "memofn".to_owned(),
            timeout: Duration::from_millis(100),
            lease: Duration::from_secs(10),
            coherence: Coherence::Within(Duration::from_secs(5)),
        }
    }

    fn parse(url: &str) -> Result<Self, String> {
        let unknown = "the address of a Redis begins with `redis://`, `rediss://` or `unix://`";
        let (scheme, rest) = url.split_once(':').ok_or(unknown)?;
        let address = match scheme {
            "redis" => Address::Tcp,
            "rediss" if cfg!(feature = "redis-tls") => Address::Tls,
            "rediss" => {
                return Err("`rediss://` needs TLS, which is a feature: `memofn = { version = \
                            \"0.1\", features = [\"redis-tls\"] }` in Cargo.toml"
                    .to_owned());
            }
            "unix" => return Self::parse_unix(rest.strip_prefix("//").unwrap_or(rest)),
            _ => return Err(unknown.to_owned()),
        };
        match rest.strip_prefix("//") {
            Some(rest) => Self::parse_server(rest, address),
            None => Err(format!("`{scheme}:` is followed by `//`")),
        }
    }

    fn parse_server(rest: &str, address: fn(String, u16) -> Address) -> Result<Self, String> {
        // A password may contain anything, so the last one separates.
        let (account, place) = match rest.rsplit_once('@') {
            Some((account, place)) => (Some(account), place),
            None => (None, rest),
        };
        let (place, database) = place.split_once('/').unwrap_or((place, ""));
        if place.contains(',') {
            return Err("a cluster is not supported: name one server".to_owned());
        }
        let (host, port) = match place.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or("a `[` is not closed")?;
                (host, port.strip_prefix(':').unwrap_or(port))
            }
            None => place.split_once(':').unwrap_or((place, "")),
        };
        if host.is_empty() {
            return Err("the address of a Redis names a host".to_owned());
        }
        let port = match port {
            "" => 6379,
            port => port.parse().map_err(|_| "the port of a Redis is a number up to 65535")?,
        };
        let mut config = Self::new(address(host.to_owned(), port));
        config.database = database_of(database)?;
        if let Some(account) = account {
            let (user, password) = account.split_once(':').unwrap_or((account, ""));
            config.user = Some(decoded(user)?).filter(|user| !user.is_empty());
            config.password =
                Some(decoded(password)?).filter(|password| !password.is_empty()).map(Secret);
            if config.user.is_some() && config.password.is_none() {
                return Err("a user of a Redis has a password: `user:password@`".to_owned());
            }
        }
        Ok(config)
    }

    fn parse_unix(rest: &str) -> Result<Self, String> {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if !path.starts_with('/') {
            return Err("the path of a socket begins with `/`: `unix:///path`".to_owned());
        }
        let mut config = Self::new(Address::Unix(path.into()));
        config.database = match query {
            "" => 0,
            query => database_of(query.strip_prefix("db=").ok_or("a socket takes only `?db=`")?)?,
        };
        Ok(config)
    }

    /// A text that may contain the password, without it.
    pub(crate) fn redacted(&self, text: &str) -> String {
        match &self.password {
            Some(Secret(password)) => text.replace(&**password, "***"),
            None => text.to_owned(),
        }
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, port) = match &self.address {
            Address::Tcp(host, port) => ("redis", host, port),
            Address::Tls(host, port) => ("rediss", host, port),
            Address::Unix(path) => {
                return write!(f, "unix://{}?db={}", path.display(), self.database);
            }
        };
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}/{}", self.database)
        } else {
            write!(f, "{scheme}://{host}:{port}/{}", self.database)
        }
    }
}

fn database_of(text: &str) -> Result<u32, String> {
    match text {
        "" => Ok(0),
        text => text.parse().map_err(|_| "the database of a Redis is a number".to_owned()),
    }
}

fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|digits| !digits.starts_with('+'));
        let byte = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or("a `%` in a user or password is followed by two hex digits")?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).map_err(|_| "a user or password is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Config {
        Config::parse(url).expect(url)
    }

    #[test]
    fn addresses_are_understood() {
        let tcp = |host: &str, port| Address::Tcp(host.to_owned(), port);
        assert_eq!(parse("redis://cache.local").address, tcp("cache.local", 6379));
        assert_eq!(parse("redis://cache.local:1/").address, tcp("cache.local", 1));
        assert_eq!(parse("redis://[::1]:7/3").address, tcp("::1", 7));
        assert_eq!(parse("redis://[::1]:7/3").database, 3);
        assert_eq!(
            parse("unix:///run/redis.sock").address,
            Address::Unix("/run/redis.sock".into())
        );
        assert_eq!(parse("unix:/run/redis.sock?db=2").database, 2);
        let config = parse("redis://me:p%40ss:w@rd@host/1");
        assert_eq!(config.user.as_deref(), Some("me"));
        assert_eq!(config.password.expect("it has one").0, "p@ss:w@rd");
        assert_eq!(parse("redis://:secret@host").user, None);
    }

    #[test]
    fn bad_addresses_are_refused_without_their_password() {
        let bad = [
            "",
            "cache.local",
            "http://x",
            "redis:x",
            "redis://",
            "redis://:1",
            "redis://h:port",
            "redis://h/db",
            "redis://a,b",
            "redis://[::1",
            "unix://path",
            "unix:///p?x=1",
            "redis://me@h",
            "redis://me:secret%4@h",
            "redis://me:secret%4x@h",
            "redis://me:secret%ff@h",
            "redis://me:secret@h:port",
            "rediss:x",
            "rediss://me:secret%4@h",
        ];
        for url in bad {
            let error = connect(url).expect_err(url);
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        }
    }

    #[test]
    fn tls_is_a_feature() {
        match connect("rediss://me:secret@[::1]:7/3") {
            Ok(setup) if cfg!(feature = "redis-tls") => {
                assert_eq!(setup.0.to_string(), "rediss://[::1]:7/3");
            }
            Err(error) if !cfg!(feature = "redis-tls") => {
                assert!(error.to_string().contains("features = [\"redis-tls\"]"), "{error}");
                assert!(!error.to_string().contains("secret"), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_setting_may_be_a_text_and_a_wrong_one_is_named() {
        let setup = || connect("redis://h").expect("an address");
        let config = setup().timeout("250ms").and_then(|setup| setup.lease("1m 30s"));
        let Setup(config) = config.expect("they are times");
        assert_eq!(config.timeout, Duration::from_millis(250));
        assert_eq!(config.lease, Duration::from_secs(90));
        let coherence = |text: &str| setup().coherence(text).map(|setup| setup.0.coherence);
        assert_eq!(coherence("5s"), Ok(Coherence::Within(Duration::from_secs(5))));
        assert_eq!(coherence("strict"), Ok(Coherence::Strict));
        assert_eq!(coherence("none"), Ok(Coherence::None));
        let text = |wrong: Result<Setup, ConfigError>| wrong.expect_err("it is wrong").to_string();
        assert!(text(setup().timeout("1 parsec")).starts_with("`timeout`: `1 parsec` is no time"));
        assert!(text(setup().lease("")).starts_with("`lease`"));
        assert!(text(setup().coherence("lax")).ends_with("or \"strict\" or \"none\""));
    }

    #[test]
    fn a_password_is_not_shown() {
        let setup = connect("redis://me:secret@host").expect("an address");
        assert!(!format!("{setup:?} {}", setup.0).contains("secret"));
        assert_eq!(setup.0.redacted("with args 'me' 'secret'"), "with args 'me' '***'");
    }
}
