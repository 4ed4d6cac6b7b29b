//! A page as a person sees it, by a Chromium found at run time: confined, in an empty profile, through a gate of ours
//! that keeps all that passes. It is spoken to over pipes (Chrome DevTools Protocol), so that nobody else can.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::confine::Confined;
use super::downloader::{clear, on_path};
use super::tap::{Passed, Tap};
use super::{Client, without_secret};
use crate::evidence::{Clock, Digest, Sha256, Step, Tool};

/// Names under which Chromium is found, where the settings name none.
const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Nothing of anybody's profile, no request of its own, nothing kept, no window.
const ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-field-trial-config",
    // A page that prints itself would keep us from printing it.
    "--disable-print-preview",
    "--disable-gpu",
    "--disable-quic",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--dns-prefetch-disable",
    "--metrics-recording-only",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    // What the browser asks for by itself goes nowhere; pages have the gate.
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    // No name is resolved here: the gate does that.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--disable-features=AutofillServerCommunication,CertificateTransparencyComponentUpdater,DialMediaRouteProvider,\
     InterestFeedContentSuggestions,MediaRouter,OptimizationHints,Prerender2,Translate",
    "--window-size=1280,800",
];

/// Width of the page, in CSS pixels.
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 800;
/// The tallest page that is drawn whole.
const TALLEST: f64 = 60_000.0;
/// The longest message that is read from the browser.
const LONGEST: u64 = 512 << 20;

/// Where a browser may be, and how pages are drawn. It is looked for when one is needed for the first time.
#[derive(Debug)]
pub struct Drawn {
    /// A name on the search path, or a path; `chromium` means any of its usual names.
    pub name: String,
    /// The `exhibit` program, which confines it.
    pub helper: PathBuf,
    /// Seconds that one page may take.
    pub seconds: u64,
    /// IANA name; what pages see.
    pub time_zone: String,
    found: OnceLock<Option<PathBuf>>,
    digest: Mutex<Option<(PathBuf, Digest)>>,
    /// Browsers are large: few run at once.
    places: Arc<Semaphore>,
}

/// A page as it was seen.
#[derive(Debug)]
pub struct Page {
    /// Everything that was asked for, and what came.
    pub passed: Vec<Passed>,
    /// The address of the document that stood at the end of the redirects.
    pub address: Option<String>,
    pub status: Option<u16>,
    /// `Page.navigate` failed, in the browser's words.
    pub failed: Option<String>,
    pub document: Option<PathBuf>,
    pub screenshot: Option<PathBuf>,
    pub pdf: Option<PathBuf>,
    pub steps: Vec<Step>,
    /// What is missing from what it should be.
    pub problems: Vec<String>,
    pub tool: Tool,
    _dirs: (TempDir, TempDir),
}

impl Drawn {
    pub fn new(name: String, helper: PathBuf, seconds: u64, time_zone: String) -> Drawn {
        let places = Arc::new(Semaphore::new(2));
        Drawn { name, helper, seconds, time_zone, found: OnceLock::new(), digest: Mutex::default(), places }
    }

    /// The browser; none if it is not there.
    pub fn find(&self) -> Option<&PathBuf> {
        let look = || match self.name.as_str() {
            "chromium" => NAMES.iter().find_map(|name| on_path(name)),
            name if name.contains('/') => std::path::absolute(name).ok().filter(|path| path.is_file()),
            name => on_path(name),
        };
        self.found.get_or_init(look).as_ref()
    }

    /// The digest of a program's file; taken once.
    fn digest(&self, program: &Path) -> Option<Digest> {
        let mut known = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, digest)) = known.as_ref().filter(|(path, _)| path == program) {
            return Some(*digest);
        }
        let (mut file, mut hasher, mut buffer) = (fs::File::open(program).ok()?, Sha256::default(), vec![0; 1 << 18]);
        loop {
            match file.read(&mut buffer).ok()? {
                0 => break,
                count => hasher.update(&buffer[..count]),
            }
        }
        let digest = hasher.finish();
        *known = Some((program.to_path_buf(), digest));
        Some(digest)
    }

    /// The browser in an empty profile in a directory, the only one that it can write to; and the only port that it can
    /// connect to.
    pub(super) fn guarded(&self, program: &Path, dir: &Path, port: u16, bytes: u64) -> Command {
        let mut command = Command::new(&self.helper);
        command.arg("confine").arg("--dir").arg(dir).arg("--port").arg(port.to_string());
        command.arg("--bytes").arg(bytes.to_string()).arg("--seconds").arg((self.seconds + 30).to_string());
        let real = program.canonicalize().unwrap_or_else(|_| program.to_path_buf());
        let own = real.parent().map(Path::to_path_buf).filter(|dir| !dir.ends_with("bin"));
        let system = ["/etc/fonts", "/etc/chromium", "/etc/chromium.d", "/etc/debian_version", "/proc", "/sys/devices"];
        for path in system.iter().map(PathBuf::from).chain(own).chain([program.to_path_buf(), real]) {
            command.arg("--read").arg(path);
        }
        // The pipes are its descriptors 3 and 4; its own words go nowhere.
        command.args(["--", "/bin/sh", "-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"]).arg(program);
        command.args(ARGUMENTS);
        command.arg(format!("--user-data-dir={}", dir.join("profile").display()));
        command.current_dir(dir).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        for name in ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
            command.env(name, dir);
        }
        command
    }

    /// Shows an address, and keeps what is seen. `token` is what the browser says at the gate.
    pub async fn show(
        self: &Arc<Drawn>,
        client: &Client,
        clock: &Arc<dyn Clock>,
        url: &str,
        scratch: &Path,
        token: String,
    ) -> Result<Page, String> {
        let program = self.find().cloned().ok_or("it is not there")?;
        let _place = self.places.clone().acquire_owned().await;
        let made = fs::create_dir_all(scratch).and_then(|()| {
            clear(scratch);
            let own = format!("browser-{}-", std::process::id());
            let bodies = format!("bodies-{}-", std::process::id());
            Ok((
                tempfile::Builder::new().prefix(&own).tempdir_in(scratch)?,
                tempfile::Builder::new().prefix(&bodies).tempdir_in(scratch)?,
            ))
        });
        let (dir, bodies) = made.map_err(|error| format!("it got no directory: {error}"))?;
        let tap = Arc::new(Tap::open(client.clone(), token.clone(), bodies.path()).await?);
        let session = Session {
            drawn: self.clone(),
            client: client.clone(),
            clock: clock.clone(),
            program,
            dir: dir.path().to_path_buf(),
            keep: bodies.path().to_path_buf(),
            tap: tap.clone(),
            token,
            url: url.to_owned(),
        };
        let seen = match tokio::task::spawn_blocking(move || session.run()).await {
            Ok(seen) => seen?,
            Err(error) => return Err(error.to_string()),
        };
        // The browser is gone; footage that it began to load comes to its end.
        tap.finished().await;
        let passed = tap.passed();
        Ok(Page { passed, _dirs: (dir, bodies), ..seen })
    }
}

/// Chromium's own sandbox needs a user that is not root; ours holds in any case.
pub(super) fn sandbox() -> Option<&'static str> {
    rustix::process::getuid().is_root().then_some("--no-sandbox")
}

struct Session {
    drawn: Arc<Drawn>,
    client: Client,
    clock: Arc<dyn Clock>,
    program: PathBuf,
    dir: PathBuf,
    keep: PathBuf,
    tap: Arc<Tap>,
    token: String,
    url: String,
}

/// The browser, as long as it runs.
struct Spoken {
    child: Child,
    to: ChildStdin,
    from: mpsc::Receiver<Value>,
    next: u64,
    deadline: Instant,
    token: String,
    session: String,
    loaded: bool,
    /// The main document's last answer.
    address: Option<String>,
    status: Option<u16>,
    frame: String,
    crashed: bool,
}

impl Drop for Spoken {
    fn drop(&mut self) {
        // When its first process is gone, its guard ends all the others, and itself. The guard is killed only if it does not.
        for ended in [None, browser_process(self.child.id())] {
            if let Some(first) = ended.and_then(|pid| rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)) {
                let _ = rustix::process::kill_process(first, rustix::process::Signal::KILL);
            }
            for _ in 0..120 {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(25));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Session {
    fn command(&self) -> Command {
        let bytes = self.client.route().limits.max_bytes;
        let mut command = self.drawn.guarded(&self.program, &self.dir, self.tap.port, bytes);
        command.arg("--remote-debugging-pipe");
        command.arg(format!("--ignore-certificate-errors-spki-list={}", self.tap.key));
        command.args(sandbox());
        command.arg("about:blank");
        command
    }

    fn run(self) -> Result<Page, String> {
        let failed = |error: std::io::Error| format!("it could not be run: {error}");
        let mut child =
            self.command().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
        let (Some(to), Some(from), Some(said)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            return Err("it has no pipes".into());
        };
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || read(from, &sender));
        let (first, confined) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let mut said = BufReader::new(said);
            let _ = said.by_ref().take(200).read_line(&mut line);
            let _ = first.send(line);
            let _ = std::io::copy(&mut said, &mut std::io::sink());
        });
        let mut spoken = Spoken {
            child,
            to,
            from: messages,
            next: 0,
            deadline: Instant::now() + Duration::from_secs(self.drawn.seconds),
            token: self.token.clone(),
            session: String::new(),
            loaded: false,
            address: None,
            status: None,
            frame: String::new(),
            crashed: false,
        };
        let mut page = Page {
            passed: Vec::new(),
            address: None,
            status: None,
            failed: None,
            document: None,
            screenshot: None,
            pdf: None,
            steps: Vec::new(),
            problems: Vec::new(),
            tool: Tool { name: "Chromium".into(), version: String::new(), sha256: Digest([0; 32]), arguments: Vec::new() },
            _dirs: (tempfile::tempdir_in(&self.keep).map_err(failed)?, tempfile::tempdir_in(&self.keep).map_err(failed)?),
        };
        let line = confined.recv_timeout(Duration::from_secs(10)).unwrap_or_default();
        let how =
            Confined::ALL.into_iter().find(|how| line.trim_end() == format!("exhibit: {}", how.as_str())).unwrap_or(Confined::No);
        if how == Confined::No && sandbox().is_some() {
            return Err(
                "as root, on a system that cannot confine it, it would run without any sandbox; run exhibit as another user"
                    .into(),
            );
        }
        let version = spoken.call("Browser.getVersion", json!({}))?;
        page.tool.version = version["product"].as_str().unwrap_or("").chars().take(100).collect();
        // What runs is not always what is named: distributions put a script before it.
        let running = fs::read_link(format!("/proc/{}/exe", browser_process(spoken.child.id()).unwrap_or(0)))
            .ok()
            .filter(|path| path.is_file())
            .unwrap_or_else(|| self.program.clone());
        page.tool.sha256 = self.drawn.digest(&running).ok_or_else(|| format!("{} cannot be read", running.display()))?;
        let seen = self.look(&mut spoken, &mut page);
        (page.address, page.status) = (spoken.address.clone(), spoken.status);
        let _ = spoken.call("Browser.close", json!({}));
        drop(spoken);
        page.tool.arguments =
            ARGUMENTS.iter().copied().chain(["--remote-debugging-pipe"]).chain(sandbox()).map(str::to_owned).collect();
        page.tool.arguments.push(format!("time zone {}", self.drawn.time_zone));
        page.tool.arguments.push(how.as_str().to_owned());
        if let Err(why) = seen {
            page.problems.push(why);
        }
        Ok(page)
    }

    /// The whole visit. What fails in the middle leaves what was had by then.
    fn look(&self, spoken: &mut Spoken, page: &mut Page) -> Result<(), String> {
        let clock = self.clock.clone();
        let step = |page: &mut Page, what: &str| page.steps.push(Step { what: what.to_owned(), at: clock.now() });
        let gate = format!("http://127.0.0.1:{}", self.tap.port);
        let context = json!({ "proxyServer": gate, "proxyBypassList": "<-loopback>" });
        let context = spoken.call("Target.createBrowserContext", context)?;
        let target = json!({ "url": "about:blank", "browserContextId": context["browserContextId"] });
        let target = spoken.call("Target.createTarget", target)?;
        let attached = spoken.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }))?;
        spoken.session = attached["sessionId"].as_str().unwrap_or("").to_owned();
        // A page's first frame has the name of its target.
        spoken.frame = target["targetId"].as_str().unwrap_or("").to_owned();
        let route = self.client.route();
        let mut agent = json!({ "userAgent": route.user_agent });
        if let Some(languages) = &route.languages {
            agent["acceptLanguage"] = json!(languages);
        }
        spoken.call("Network.enable", json!({ "maxTotalBufferSize": 0, "maxResourceBufferSize": 0 }))?;
        spoken.call("Network.setUserAgentOverride", agent)?;
        if spoken.call("Emulation.setTimezoneOverride", json!({ "timezoneId": self.drawn.time_zone })).is_err() {
            page.problems.push(format!("the browser knows no time zone {:?}", self.drawn.time_zone));
        }
        let size = json!({ "width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false });
        spoken.call("Emulation.setDeviceMetricsOverride", size)?;
        spoken.call("Page.enable", json!({}))?;
        spoken.browser(
            "Browser.setDownloadBehavior",
            json!({ "behavior": "deny", "browserContextId": context["browserContextId"] }),
        )?;
        // The gate asks who it is, once; the browser remembers.
        spoken.call("Fetch.enable", json!({ "handleAuthRequests": true }))?;
        step(page, "navigated");
        let gone = spoken.call("Page.navigate", json!({ "url": self.url }))?;
        page.failed = gone["errorText"].as_str().map(str::to_owned);
        if page.failed.is_some() {
            return Ok(());
        }
        let most = Instant::now() + Duration::from_secs(self.drawn.seconds / 2);
        while !spoken.loaded && Instant::now() < most && !spoken.crashed {
            spoken.wait(Duration::from_millis(100))?;
        }
        if !spoken.loaded {
            page.problems.push("the page did not finish loading in time".into());
        }
        step(page, "loaded");
        let _ = spoken.call("Fetch.disable", json!({}));
        self.settle(spoken, page)?;
        // What loads only when it is looked at.
        let height = self.height(spoken)?;
        let mut at = 0.0;
        while at < height.min(TALLEST) && spoken.left() > Duration::from_secs(10) {
            at += f64::from(HEIGHT);
            spoken.evaluate(&format!("window.scrollTo(0,{at})"))?;
            spoken.wait(Duration::from_millis(60))?;
        }
        spoken.evaluate("window.scrollTo(0,0)")?;
        self.settle(spoken, page)?;
        let root = spoken.call("DOM.getDocument", json!({ "depth": 0 }))?;
        let node = &root["root"]["nodeId"];
        let html = spoken.call("DOM.getOuterHTML", json!({ "nodeId": node, "includeShadowDOM": true }))?;
        page.document = self.save("document.html", html["outerHTML"].as_str().unwrap_or("").as_bytes())?;
        step(page, "document");
        let height = self.height(spoken)?;
        if height > TALLEST {
            page.problems.push(format!("the page is {height} pixels tall, and the picture shows the first {TALLEST}"));
        }
        let clip = json!({ "x": 0, "y": 0, "width": WIDTH, "height": height.clamp(1.0, TALLEST), "scale": 1 });
        let shot = spoken.call("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": true, "clip": clip }));
        match shot.and_then(|shot| decoded(&shot)) {
            Ok(bytes) => {
                page.screenshot = self.save("screenshot.png", &bytes)?;
                step(page, "screenshot");
            }
            Err(why) => page.problems.push(format!("no picture of the page: {why}")),
        }
        let print = json!({ "printBackground": true, "displayHeaderFooter": true, "preferCSSPageSize": false });
        match spoken.call("Page.printToPDF", print).and_then(|printed| decoded(&printed)) {
            Ok(bytes) => {
                page.pdf = self.save("page.pdf", &bytes)?;
                step(page, "pdf");
            }
            Err(why) => page.problems.push(format!("no PDF of the page: {why}")),
        }
        // Now, that the page is kept as it was: its players.
        spoken.evaluate(
            "document.querySelectorAll('video,audio').forEach(one=>{one.muted=true;one.preload='auto';const p=one.play();p&&p.catch(()=>{})})",
        )?;
        step(page, "played");
        spoken.wait(Duration::from_millis(300))?;
        self.settle(spoken, page)
    }

    fn height(&self, spoken: &mut Spoken) -> Result<f64, String> {
        Ok(spoken.call("Page.getLayoutMetrics", json!({}))?["cssContentSize"]["height"].as_f64().unwrap_or(0.0).ceil())
    }

    /// Waits until nothing is on its way but footage, for a while at most.
    fn settle(&self, spoken: &mut Spoken, page: &mut Page) -> Result<(), String> {
        const QUIET: Duration = Duration::from_millis(700);
        let most = Instant::now() + Duration::from_secs(15).min(spoken.left() / 3);
        loop {
            spoken.wait(Duration::from_millis(50))?;
            if self.tap.quiet().is_some_and(|quiet| quiet >= QUIET) {
                return Ok(());
            }
            if Instant::now() > most {
                let told = "the page did not come to rest".to_owned();
                if !page.problems.contains(&told) {
                    page.problems.push(told);
                }
                return Ok(());
            }
        }
    }

    fn save(&self, name: &str, bytes: &[u8]) -> Result<Option<PathBuf>, String> {
        let path = self.keep.join(name);
        fs::write(&path, bytes).map_err(|error| format!("{name} cannot be written: {error}"))?;
        Ok(Some(path).filter(|_| !bytes.is_empty()))
    }
}

/// The process that the guard started, which is the browser's first.
fn browser_process(guard: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{guard}/task/{guard}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

fn decoded(answer: &Value) -> Result<Vec<u8>, String> {
    let data = answer["data"].as_str().ok_or("the browser gave nothing")?;
    STANDARD.decode(data).map_err(|error| error.to_string())
}

/// Reads messages, each ended by a zero byte.
fn read(from: impl Read, to: &mpsc::Sender<Value>) {
    let mut from = BufReader::with_capacity(1 << 16, from);
    loop {
        let mut message = Vec::new();
        match from.by_ref().take(LONGEST).read_until(0, &mut message) {
            Ok(1..) if message.pop() == Some(0) => {}
            _ => return,
        }
        if let Ok(message) = serde_json::from_slice(&message)
            && to.send(message).is_err()
        {
            return;
        }
    }
}

impl Spoken {
    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    fn say(&mut self, session: &str, method: &str, parameters: Value) -> Result<u64, String> {
        self.next += 1;
        let mut message = json!({ "id": self.next, "method": method, "params": parameters });
        if !session.is_empty() {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).and_then(|()| self.to.flush()).map_err(|_| "the browser ended by itself".to_owned())?;
        Ok(self.next)
    }

    /// Asks the page, and waits for the answer.
    fn call(&mut self, method: &str, parameters: Value) -> Result<Value, String> {
        let session = self.session.clone();
        self.asked(&session, method, parameters)
    }

    /// Asks the browser itself.
    fn browser(&mut self, method: &str, parameters: Value) -> Result<Value, String> {
        self.asked("", method, parameters)
    }

    fn asked(&mut self, session: &str, method: &str, parameters: Value) -> Result<Value, String> {
        let id = self.say(session, method, parameters)?;
        loop {
            let mut message = self.next(self.left())?.ok_or_else(|| format!("{method} was not answered in time"))?;
            if message["id"].as_u64() == Some(id) {
                return match message["error"]["message"].as_str() {
                    Some(error) => Err(format!("{method}: {}", error.chars().take(200).collect::<String>())),
                    None => Ok(message["result"].take()),
                };
            }
            self.event(&message)?;
        }
    }

    /// Lets time pass, and events be dealt with.
    fn wait(&mut self, time: Duration) -> Result<(), String> {
        let until = Instant::now() + time.min(self.left());
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return if self.left().is_zero() { Err("stopped by our clock".into()) } else { Ok(()) };
            }
            if let Some(message) = self.next(left)? {
                self.event(&message)?;
            }
        }
    }

    fn next(&mut self, longest: Duration) -> Result<Option<Value>, String> {
        match self.from.recv_timeout(longest) {
            Ok(message) => Ok(Some(message)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err("the browser ended by itself".into()),
        }
    }

    fn evaluate(&mut self, script: &str) -> Result<(), String> {
        // The page's own errors are its own.
        let world = self.call("Page.createIsolatedWorld", json!({ "frameId": self.frame, "worldName": "exhibit" }))?;
        let id = &world["executionContextId"];
        self.call("Runtime.evaluate", json!({ "expression": script, "contextId": id, "timeout": 2000 })).map(drop)
    }

    fn event(&mut self, message: &Value) -> Result<(), String> {
        let (session, told) = (message["sessionId"].as_str().unwrap_or("").to_owned(), &message["params"]);
        match message["method"].as_str().unwrap_or("") {
            "Fetch.requestPaused" => {
                self.say(&session, "Fetch.continueRequest", json!({ "requestId": told["requestId"] }))?;
            }
            "Fetch.authRequired" => {
                // Ours is the gate; what servers ask for nobody answers.
                let gate = told["authChallenge"]["source"].as_str() == Some("Proxy");
                let answer = match gate {
                    true => json!({ "response": "ProvideCredentials", "username": "exhibit", "password": self.token }),
                    false => json!({ "response": "CancelAuth" }),
                };
                let answer = json!({ "requestId": told["requestId"], "authChallengeResponse": answer });
                self.say(&session, "Fetch.continueWithAuth", answer)?;
            }
            "Page.javascriptDialogOpening" => {
                self.say(&session, "Page.handleJavaScriptDialog", json!({ "accept": false }))?;
            }
            "Page.loadEventFired" => self.loaded = true,
            "Inspector.targetCrashed" => self.crashed = true,
            "Network.responseReceived" if told["type"] == "Document" && told["frameId"].as_str() == Some(&self.frame) => {
                self.address = told["response"]["url"].as_str().map(without_secret);
                self.status = told["response"]["status"].as_u64().and_then(|status| u16::try_from(status).ok());
            }
            _ => {}
        }
        if self.crashed { Err("the page broke the browser".into()) } else { Ok(()) }
    }
}
