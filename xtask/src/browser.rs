//! A headless Chromium, driven over the WebDriver protocol: what a person sees and presses.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use serde_json::{Value, json};

use crate::place::Temporary;
use crate::process::{self, Background};
use crate::{http, tools};

/// How long a page may take to show something; the slow part is a cold browser on two busy cores.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one window. Dropping it ends it and removes its profile.
#[derive(Debug)]
pub(crate) struct Browser {
    client: ureq::Agent,
    session: String,
    // Fields are dropped in order: the driver ends before the folder goes.
    _driver: Background,
    _profile: Temporary,
}

impl Browser {
    /// Starts a browser with an empty profile; installs it first if that is possible.
    ///
    /// # Errors
    /// [`tools::Missing`] if there is none; else if it doesn't start.
    pub(crate) fn start() -> Result<Self> {
        tools::debian(&["chromium", "chromedriver"], &["chromium", "chromium-driver"])?;
        let profile = Temporary::new("browser")?;
        let (driver, stdout) = Background::start_piped(Command::new("chromedriver").arg("--port=0"))?;
        let port = process::told(stdout, port_in, PATIENCE).context("chromedriver named no port")?;
        let client = http::client(PATIENCE);
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--no-proxy-server",
            "--window-size=1280,1600",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let options = json!({ "binary": process::on_path("chromium"), "args": arguments });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } } } });
        let server = format!("http://127.0.0.1:{port}");
        let started = call(client.post(format!("{server}/session")).send_json(wanted))?;
        let id = started["sessionId"].as_str().context("the new session has no id")?;
        Ok(Self { session: format!("{server}/session/{id}"), client, _driver: driver, _profile: profile })
    }

    /// Opens `url` and waits until it has loaded.
    ///
    /// # Errors
    /// If it cannot be loaded.
    pub(crate) fn open(&self, url: &str) -> Result<()> {
        self.post("url", json!({ "url": url })).map(drop).with_context(|| format!("opening {url}"))
    }

    /// Runs `script` in the page and returns its value; `arguments[…]` are `arguments`.
    ///
    /// # Errors
    /// If it throws.
    pub(crate) fn run(&self, script: &str, arguments: &[&str]) -> Result<Value> {
        self.post("execute/sync", json!({ "script": script, "args": arguments }))
            .with_context(|| script.to_owned())
    }

    /// Presses the first element that `css` selects, once there is one.
    ///
    /// # Errors
    /// If there is none in time, or it cannot be pressed.
    pub(crate) fn press(&self, css: &str) -> Result<()> {
        self.wait_for(
            &format!("an element `{css}`"),
            "return document.querySelector(arguments[0]) !== null",
            &[css],
        )?;
        // Elements that are off the screen or under a sticky header cannot be pressed.
        self.run("document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })", &[css])?;
        let found = self.post("element", json!({ "using": "css selector", "value": css }))?;
        let id = found.as_object().and_then(|element| element.values().next()).and_then(Value::as_str);
        let id = id.with_context(|| format!("no element `{css}`"))?;
        self.post(&format!("element/{id}/click"), json!({}))
            .map(drop)
            .with_context(|| format!("pressing `{css}`"))
    }

    /// The visible text of the first element that `css` selects, once it has some.
    ///
    /// # Errors
    /// If it has none in time.
    pub(crate) fn text(&self, css: &str) -> Result<String> {
        let script = "return document.querySelector(arguments[0])?.innerText.trim()";
        let text = self.wait_for(&format!("a text in `{css}`"), script, &[css])?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Runs `script` until its value is neither null, false nor empty, and returns that.
    ///
    /// # Errors
    /// If it throws, or has no such value in time.
    pub(crate) fn wait_for(&self, what: &str, script: &str, arguments: &[&str]) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let value = self.run(script, arguments)?;
            if !matches!(&value, Value::Null | Value::Bool(false)) && value != "" {
                return Ok(value);
            }
            if Instant::now() > deadline {
                bail!("the page did not show {what} within {} s", PATIENCE.as_secs());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the page and the browser have written to the console since the last call, as `LEVEL message`.
    ///
    /// # Errors
    /// If the browser has gone.
    pub(crate) fn console(&self) -> Result<Vec<String>> {
        let entries = self.post("se/log", json!({ "type": "browser" }))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entries = entries.as_array().context("no list of log entries")?;
        Ok(entries
            .iter()
            .map(|entry| format!("{} {}", text(&entry["level"]), text(&entry["message"])))
            .collect())
    }

    /// Writes a picture (PNG) of the window to `file`.
    ///
    /// # Errors
    /// If it cannot be taken or written.
    pub(crate) fn screenshot(&self, file: &Path) -> Result<()> {
        let answer = call(self.client.get(format!("{}/screenshot", self.session)).call())?;
        let picture =
            base64::engine::general_purpose::STANDARD.decode(answer.as_str().context("no picture")?)?;
        std::fs::write(file, picture).with_context(|| format!("cannot write {}", file.display()))
    }

    fn post(&self, what: &str, body: Value) -> Result<Value> {
        call(self.client.post(format!("{}/{what}", self.session)).send_json(body))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver would leave the browser behind if it were only killed.
        let _ = self.client.delete(&self.session).call();
    }
}

/// The value of a WebDriver answer.
fn call(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value> {
    let mut answer = answer?;
    let mut body: Value = answer.body_mut().with_config().limit(64 << 20).read_json()?;
    let value = body["value"].take();
    match value.get("error").and_then(Value::as_str) {
        Some(error) => bail!("{error}: {}", value["message"].as_str().unwrap_or_default()),
        None => Ok(value),
    }
}

fn port_in(line: &str) -> Option<u16> {
    line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_line_that_names_it() {
        assert_eq!(port_in("ChromeDriver was started successfully on port 41557."), Some(41557));
        assert_eq!(port_in("Starting ChromeDriver 148.0 on port 0"), None);
    }
}
