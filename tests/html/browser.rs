//! A headless Chromium, driven by the `DevTools` protocol over a pipe: one message a NUL byte, as
//! JSON (<https://chromedevtools.github.io/devtools-protocol/>).

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser with one page, which ends with the value.
pub struct Browser {
    child: Child,
    to: RefCell<File>,
    from: RefCell<BufReader<File>>,
    next: Cell<u64>,
    session: String,
    /// What the page asked for, ran into or said.
    events: RefCell<Vec<Value>>,
    _folder: TempDir,
}

/// Where Chromium is.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
        })
        .find(|path| path.is_file());
    found.expect(
        "the pages are tested in a browser: install Chromium (Debian: apt-get install chromium)",
    )
}

impl Browser {
    /// Starts one, as wide as this many pixels.
    pub fn start() -> Browser {
        let folder = TempDir::new().expect("a temporary folder");
        let [to, from] = ["to", "from"].map(|name| folder.path().join(name));
        let made = Command::new("mkfifo").args([&to, &from]).status().expect("mkfifo");
        assert!(made.success());
        // Chromium reads from descriptor 3 and writes to 4, which only a shell can give it.
        let child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<\"$TO\" 4>\"$FROM\""])
            .arg(program())
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update"])
            .args(["--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .env("TO", &to)
            .env("FROM", &from)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let to = File::options().write(true).open(to).expect("the browser reads");
        let from = BufReader::new(File::open(from).expect("the browser writes"));
        let mut browser = Browser {
            child,
            to: RefCell::new(to),
            from: RefCell::new(from),
            next: Cell::new(0),
            session: String::new(),
            events: RefCell::default(),
            _folder: folder,
        };
        let target = browser.ask("Target.createTarget", &json!({ "url": "about:blank" }));
        let target = &target["targetId"];
        let attached =
            browser.ask("Target.attachToTarget", &json!({ "targetId": target, "flatten": true }));
        attached["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// Asks for something and waits for the answer.
    pub fn ask(&self, method: &str, parameters: &Value) -> Value {
        let id = self.next.get() + 1;
        self.next.set(id);
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.to.borrow_mut().write_all(format!("{message}\0").as_bytes()).expect("sent");
        loop {
            let message = self.hear();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message:#}");
                return message["result"].clone();
            }
        }
    }

    fn hear(&self) -> Value {
        let mut bytes = Vec::new();
        self.from.borrow_mut().read_until(0, &mut bytes).expect("the browser answers");
        assert_eq!(bytes.pop(), Some(0), "the browser ended");
        let message: Value = serde_json::from_slice(&bytes).expect("JSON");
        if message["id"].is_null() {
            self.events.borrow_mut().push(message.clone());
        }
        message
    }

    /// Goes to a page and waits until it is loaded. Events of before are forgotten.
    pub fn open(&self, page: &Path, fragment: &str) {
        self.events.borrow_mut().clear();
        // From elsewhere: another fragment of the same page would load nothing.
        for address in ["about:blank".to_owned(), format!("file://{}{fragment}", page.display())] {
            self.ask("Page.navigate", &json!({ "url": address }));
            while self
                .events
                .borrow_mut()
                .last()
                .is_none_or(|e| e["method"] != "Page.loadEventFired")
            {
                self.hear();
            }
        }
    }

    /// What an expression is on the page; promises are waited for.
    pub fn value(&self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
        });
        let answer = self.ask("Runtime.evaluate", &parameters);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer:#}");
        answer["result"]["value"].clone()
    }

    /// The events of this kind since the page was opened.
    pub fn events(&self, method: &str) -> Vec<Value> {
        self.value("0");
        let events = self.events.borrow();
        events.iter().filter(|event| event["method"] == method).cloned().collect()
    }

    /// As wide as this, in the light or dark scheme, with scripts or without.
    pub fn set(&self, width: u32, scheme: &str, scripts: bool) {
        let size =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.ask("Emulation.setDeviceMetricsOverride", &size);
        let feature = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.ask("Emulation.setEmulatedMedia", &feature);
        self.ask("Emulation.setScriptExecutionDisabled", &json!({ "value": !scripts }));
    }

    /// A picture of the top of the page, as PNG.
    pub fn picture(&self, width: u32, height: u32) -> Vec<u8> {
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let parameters = json!({ "format": "png", "clip": clip, "captureBeyondViewport": true });
        let answer = self.ask("Page.captureScreenshot", &parameters);
        STANDARD.decode(answer["data"].as_str().expect("base64")).expect("base64")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Whatever is left of it goes with its folder.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
