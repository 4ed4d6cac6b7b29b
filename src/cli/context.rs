//! What every command shares: which case, which key, who acts, how loud.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::exit::Failure;
use crate::config::Config;
use crate::evidence::{Clock, Randomness, Time};
use crate::fetch::{Client, Drawn, Permit, Permits, Wanted};
use crate::keyring::{AgentKey, FileKey, KeyError, Trusted, trusted};
use crate::ledger::{Block, Signer};
use crate::stages::{Archive, Outside};
use crate::vault::{Agent, Layout, Ports, Reader, Vault, VaultError};

/// Whose proofs from outside count.
#[derive(Args)]
pub struct TrustOutside {
    /// Certificates of timestamp authorities to trust, PEM (repeatable) [default: timestamp_roots.pem in your configuration]
    #[arg(long, value_name = "FILE")]
    pub tsa_root: Vec<PathBuf>,
    /// Headers of Bitcoin blocks that you have from a node or compared, in hexadecimal (repeatable) [default: block_headers
    /// in your configuration]
    #[arg(long, value_name = "FILE")]
    pub headers: Vec<PathBuf>,
    /// Verifier keys of witnesses to trust, one a line (repeatable) [default: witnesses in your configuration]
    #[arg(long, value_name = "FILE")]
    pub witness_key: Vec<PathBuf>,
}

/// Options of every command.
#[derive(Args)]
pub struct Global {
    /// The case [default: the nearest parent directory that is one]
    #[arg(long, global = true, env = "EXHIBIT_CASE", hide_env_values = true, value_name = "DIR")]
    pub case: Option<PathBuf>,
    /// Who acts; written into the log as a sealed value
    #[arg(long, global = true, env = "EXHIBIT_BY", hide_env_values = true, value_name = "NAME")]
    pub by: Option<String>,
    /// Private key that signs the log
    #[arg(long, global = true, env = "EXHIBIT_KEY", hide_env_values = true, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// A key in the SSH agent instead, by fingerprint or comment
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "key")]
    pub agent_key: Option<String>,
    /// Way out for every request, socks5h://HOST:PORT or http://HOST:PORT; if it does not answer, nothing is sent
    #[arg(long, global = true, env = "EXHIBIT_PROXY", hide_env_values = true, value_name = "URL")]
    pub proxy: Option<String>,
    /// Program that shows pages, instead of the case's; empty: none
    #[arg(long, global = true, value_name = "PROGRAM", env = "EXHIBIT_BROWSER", hide_env_values = true)]
    pub browser: Option<String>,
    /// Label of the way out (a VPN's name, say), recorded with every capture
    #[arg(long, global = true, env = "EXHIBIT_VIA", hide_env_values = true, value_name = "LABEL")]
    pub via: Option<String>,
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say for every item how it came
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// The machine's clock.
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Time::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The machine's random numbers.
struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        // Without random numbers a salt would hide nothing: there is no safe way on.
        if let Err(error) = getrandom::fill(bytes) {
            super::plain::complain(&format!("exhibit: This machine gives no random numbers: {error}"));
            std::process::exit(1);
        }
    }
}

/// What every command shares.
pub struct Context {
    pub global: Global,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Randomness>,
}

impl Context {
    pub fn new(global: Global) -> Context {
        Context { global, clock: Arc::new(SystemClock), random: Arc::new(SystemRandomness) }
    }

    /// The user's own directory for keys and trust.
    pub fn home() -> Result<PathBuf, Failure> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        set("XDG_CONFIG_HOME")
            .or_else(|| set("HOME").map(|home| home.join(".config")))
            .map(|config| config.join("exhibit"))
            .ok_or_else(|| Failure::new("There is no place for keys: neither XDG_CONFIG_HOME nor HOME is set"))
    }

    /// The case's directory: named, or the nearest parent that is one.
    pub fn root(&self) -> Result<PathBuf, Failure> {
        if let Some(case) = &self.global.case {
            return Ok(case.clone());
        }
        let here =
            std::env::current_dir().map_err(|error| Failure::new(format!("The current directory cannot be read: {error}")))?;
        let found = here.ancestors().find(|dir| Layout::is_case(dir)).map(Path::to_path_buf);
        found.ok_or_else(|| {
            Failure::new("This directory is not in a case").next("name one with --case DIR, or make one with `exhibit init DIR`")
        })
    }

    /// The case, for reading.
    pub fn reader(&self) -> Result<Reader, Failure> {
        Ok(Reader::open(&self.root()?)?)
    }

    /// Settings of a case; defaults where it has none.
    pub fn config(&self, root: &Path) -> Result<Config, Failure> {
        Ok(Config::load(&Layout::new(root).settings())?)
    }

    /// Settings of the case that is named or around us; the defaults where there is none.
    pub fn settings(&self) -> Result<Config, Failure> {
        match self.root() {
            Ok(root) if Layout::is_case(&root) => self.config(&root),
            _ => Ok(Config::default()),
        }
    }

    /// Where the key is: named on the command line, in the case's settings, or the user's own.
    pub fn key_file(&self, config: &Config) -> Result<PathBuf, Failure> {
        match (&self.global.key, config.signing.key.as_str()) {
            (Some(path), _) => Ok(path.clone()),
            (None, "") => Ok(Context::home()?.join("key")),
            (None, path) => Ok(PathBuf::from(path)),
        }
    }

    /// The agent's key, if one is named.
    pub fn agent_key(&self, config: &Config) -> Option<String> {
        let named = Some(config.signing.agent_key.clone()).filter(|name| !name.is_empty() && self.global.key.is_none());
        self.global.agent_key.clone().or(named)
    }

    /// Whoever signs.
    pub fn signer(&self, config: &Config) -> Result<Arc<dyn Signer>, Failure> {
        match self.agent_key(config) {
            Some(name) => Ok(Arc::new(AgentKey::find(&name)?)),
            None => Ok(Arc::new(FileKey::load(&self.key_file(config)?)?)),
        }
    }

    /// The same, making the user's own key where there is none yet. Says which file it made.
    pub fn signer_or_new(&self, config: &Config) -> Result<(Arc<dyn Signer>, Option<PathBuf>), Failure> {
        match self.signer(config) {
            Ok(signer) => Ok((signer, None)),
            // A key that is named must be there; only the user's own is made.
            Err(_) if self.agent_key(config).is_none() && self.global.key.is_none() => {
                let path = self.key_file(config)?;
                if !path.exists() && path.with_extension("pub").exists() {
                    let told = format!(
                        "{} is there, and its private half {} is not",
                        path.with_extension("pub").display(),
                        path.display()
                    );
                    return Err(Failure::new(told)
                        .next("bring the private half back, or move the public one away to have a new key made"));
                }
                match FileKey::load(&path) {
                    Err(KeyError::Missing { .. }) => {
                        let key = FileKey::generate(&path, self.random.as_ref())?;
                        Ok((Arc::new(key), Some(path)))
                    }
                    other => Ok((Arc::new(other?), None)),
                }
            }
            Err(failure) => Err(failure),
        }
    }

    /// Keys that the user trusts.
    pub fn trusted(&self, more: &[PathBuf]) -> Vec<Trusted> {
        let own = Context::home().map(|home| trusted(&home.join("allowed_signers"))).unwrap_or_default();
        own.into_iter().chain(more.iter().flat_map(|path| trusted(path))).collect()
    }

    /// Certificates (DER) of timestamp authorities that the user trusts: their own file, and those named.
    fn timestamp_roots(&self, more: &[PathBuf]) -> Result<Vec<Vec<u8>>, Failure> {
        let own = Context::home().map(|home| home.join("timestamp_roots.pem")).ok().filter(|path| path.is_file());
        let mut roots = Vec::new();
        for path in own.iter().chain(more) {
            let bytes =
                std::fs::read(path).map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))?;
            let found = crate::ledger::certificates(&bytes);
            if found.is_empty() {
                return Err(Failure::new(format!("{} holds no certificate", path.display())).next("give a PEM file"));
            }
            roots.extend(found);
        }
        Ok(roots)
    }

    /// Whose proofs from outside the user trusts: those of their own files, and those named.
    pub fn outside(&self, named: &TrustOutside) -> Result<Outside, Failure> {
        let lines = |name: &str, more: &[PathBuf]| -> Result<Vec<(PathBuf, String)>, Failure> {
            let own = Context::home().map(|home| home.join(name)).ok().filter(|path| path.is_file());
            let read = |path: &PathBuf| match std::fs::read_to_string(path) {
                Ok(text) => Ok((path.clone(), text)),
                Err(error) => Err(Failure::new(format!("{} cannot be read: {error}", path.display()))),
            };
            own.iter().chain(more).map(read).collect()
        };
        let mut outside = Outside { roots: self.timestamp_roots(&named.tsa_root)?, ..Outside::default() };
        for (path, text) in lines("block_headers", &named.headers)? {
            let found = Block::all(&text);
            if found.is_empty() {
                return Err(Failure::new(format!("{} holds no header of a block", path.display())).next(
                    "give a file with its 160 hexadecimal digits, as `bitcoin-cli getblockheader HASH false` prints them",
                ));
            }
            outside.blocks.extend(found);
        }
        for (path, text) in lines("witnesses", &named.witness_key)? {
            for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
                let witness = line.parse().map_err(|error| {
                    Failure::new(format!("{}: {error}", path.display()))
                        .next("put the witness's verifier key there, as it publishes it")
                })?;
                outside.witnesses.push(witness);
            }
        }
        Ok(outside)
    }

    /// Remembers a key as the user's own.
    pub fn trust(&self, key: &crate::ledger::PublicKey) -> Result<(), Failure> {
        use std::io::Write;
        let path = Context::home()?.join("allowed_signers");
        if trusted(&path).iter().any(|known| known.key == *key) {
            return Ok(());
        }
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
            writeln!(file, "exhibit namespaces=\"{}\" {key}", crate::ledger::BAG_NAMESPACE)
        };
        write().map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display())))
    }

    /// Time, chance, key and agent for a writer.
    pub fn ports(&self, config: &Config, signer: Arc<dyn Signer>) -> Ports {
        let named = Some(config.collector.name.clone()).filter(|name| !name.is_empty());
        let person = self.global.by.clone().or(named);
        let agent = Agent { tool: format!("exhibit {}", env!("CARGO_PKG_VERSION")), person };
        Ports { clock: self.clock.clone(), random: self.random.clone(), signer, agent }
    }

    /// The case, for writing.
    pub fn vault(&self) -> Result<(Vault, Config), Failure> {
        self.vault_at(&self.root()?)
    }

    /// A case that is named otherwise, for writing.
    pub fn vault_at(&self, root: &Path) -> Result<(Vault, Config), Failure> {
        // That there is no case is worth more to know than that there is no key.
        if !Layout::is_case(root) {
            return Err(VaultError::no_case(root).into());
        }
        let config = self.config(root)?;
        let signer = self.signer(&config)?;
        let vault = Vault::open(root, self.ports(&config, signer))?;
        Context::tell_unfinished(&vault);
        Ok((vault, config))
    }

    /// Says why an erasure that was stopped could not be finished.
    pub fn tell_unfinished(vault: &Vault) {
        if let Some(error) = vault.unfinished() {
            super::plain::complain(&format!("exhibit: An erasure is not finished: {error}"));
        }
    }

    /// How to archive under these settings.
    pub fn archiving(&self, config: &Config, permits: &[Permit]) -> Result<Archive, Failure> {
        let mut config = config.clone();
        if let Some(proxy) = &self.global.proxy {
            config.capture.proxy.clone_from(proxy);
        }
        if let Some(browser) = &self.global.browser {
            config.capture.browser.clone_from(browser);
        }
        match &self.global.via {
            Some(label) => config.capture.route.clone_from(label),
            // Nothing that goes through a proxy is called direct.
            None if config.capture.route == "direct" && !config.capture.proxy.is_empty() => config.capture.route = "proxy".into(),
            None => {}
        }
        let route = config.route(Permits(permits.to_vec())).map_err(|error| {
            Failure::new(error.to_string()).next("correct --proxy, or capture.proxy in the case's exhibit.toml; nothing was sent")
        })?;
        Ok(Archive {
            client: Client::new(route, self.clock.clone()),
            clock: self.clock.clone(),
            concurrency: config.capture.concurrency.clamp(1, 256),
            settings: config.capture_digest(),
            route: config.capture.route.clone(),
            fetch: true,
            recapture: false,
            url: None,
            published: None,
            reviews: Vec::new(),
            helper: std::env::current_exe().ok(),
            downloader: Context::downloader(&config),
            browser: self.browser(&config),
            wayback: None,
            token: {
                let random = self.random.clone();
                Arc::new(move || {
                    let mut bytes = [0; 16];
                    random.fill(&mut bytes);
                    hex::encode(bytes)
                })
            },
            stop: Arc::new(AtomicBool::new(false)),
        })
    }

    /// The downloader that the settings name.
    fn downloader(config: &Config) -> Option<Arc<Wanted>> {
        let name = Some(config.capture.downloader.trim()).filter(|name| !name.is_empty())?;
        let helper = std::env::current_exe().ok()?;
        Some(Arc::new(Wanted::new(name.to_owned(), helper, config.capture.downloader_seconds)))
    }

    /// The browser that the command line names, or else the settings.
    pub fn browser(&self, config: &Config) -> Option<Arc<Drawn>> {
        let name = self.global.browser.as_ref().unwrap_or(&config.capture.browser);
        let name = Some(name.trim()).filter(|name| !name.is_empty())?;
        let helper = std::env::current_exe().ok()?;
        Some(Arc::new(Drawn::new(name.to_owned(), helper, config.capture.browser_seconds, config.capture.time_zone.clone())))
    }

    /// Prints, unless told to be quiet.
    pub fn say(&self, text: &str) {
        if !self.global.quiet {
            super::plain::print(text);
        }
    }
}
