//! The Swagger page in a browser, used as a person would.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::browser::Browser;
use crate::place;
use crate::server::Server;

/// Opens the page at `url`, tries the operation with id `operation` out, and returns the status and body that it shows.
fn try_out(browser: &Browser, url: &str, operation: &str) -> Result<(String, Value)> {
    browser.open(url)?;
    let block = format!("[id$='-{operation}']");
    browser.press(&format!("{block} .opblock-summary-control"))?;
    browser.press(&format!("{block} .try-out__btn"))?;
    browser.press(&format!("{block} .execute"))?;
    let shown = format!("{block} .live-responses-table .response");
    let status = browser.text(&format!("{shown} .response-col_status"))?;
    let body = browser.text(&format!("{shown} .response-col_description .highlight-code code"))?;
    let body = serde_json::from_str(&body)
        .with_context(|| format!("the page shows a body that is no JSON: {body}"))?;
    Ok((status, body))
}

/// The page must be whole on a machine without a network.
fn loads_nothing_from_elsewhere(browser: &Browser, origin: &str) -> Result<()> {
    let script = "return performance.getEntriesByType('resource').map(entry => entry.name)";
    let loaded = browser.run(script, &[])?;
    let loaded = loaded.as_array().context("no list of resources")?;
    ensure!(!loaded.is_empty(), "the page loaded nothing");
    let foreign: Vec<_> = loaded
        .iter()
        .filter_map(Value::as_str)
        .filter(|url| !url.starts_with(origin) && !url.starts_with("data:") && !url.starts_with("blob:"))
        .collect();
    ensure!(foreign.is_empty(), "the page loaded {foreign:?}");
    Ok(())
}

/// Renders the page, presses "Try it out" and "Execute" on the cluster's overview, and reads the answer.
pub(super) fn page() -> Result<String> {
    let server = Server::start()?;
    let origin = server.url();
    let browser = Browser::start()?;
    let tried = try_out(&browser, &format!("{origin}/swagger"), "getClusterOverview");
    let picture = place::scratch("swagger.png");
    browser.screenshot(&picture)?;
    let console = browser.console()?;
    let (status, body) =
        tried.with_context(|| format!("see {}; console: {console:#?}", picture.display()))?;
    ensure!(console.is_empty(), "the page wrote to the console: {console:#?}");
    ensure!(status.starts_with("200"), "the page shows the status {status}");
    ensure!(body["flink-version"].is_string(), "the page shows the body {body}");
    loads_nothing_from_elsewhere(&browser, origin)?;
    Ok(String::new())
}
