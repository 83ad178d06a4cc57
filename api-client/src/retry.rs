use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};

use crate::random::random_u64;

/// Delays that grow from try to try, each shortened by chance so that many clients don't come back at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    first: Duration,
    factor: f64,
    longest: Duration,
}

impl Backoff {
    /// Delays of at most `first`, `first × factor`, … and never more than `longest`. A factor under 1 counts as 1.
    #[must_use]
    pub fn new(first: Duration, factor: f64, longest: Duration) -> Self {
        Self { first, factor: if factor >= 1.0 { factor } else { 1.0 }, longest }
    }

    /// The delay before the try after `failed` failed ones: between half and the whole of the step.
    pub(crate) fn delay(&self, failed: u32) -> Duration {
        let exponent = i32::try_from(failed.saturating_sub(1)).unwrap_or(i32::MAX);
        let step = self.first.as_secs_f64() * self.factor.powi(exponent);
        let step = step.min(self.longest.as_secs_f64());
        let chance = (random_u64() >> 11) as f64 / (1u64 << 53) as f64;
        Duration::try_from_secs_f64(step * (0.5 + chance / 2.0)).unwrap_or(self.longest)
    }
}

/// How often, and after which delays, a call is tried again.
///
/// What is tried again: safe methods; triggers whose id the client chose, since the server knows a repeat; calls
/// whose [options](crate::CallOptions::repeatable) say so; anything else only if no connection was made. When:
/// after a lost or refused connection and after the statuses 408, 425, 429, 502, 503 and 504. `Retry-After` makes the
/// delay longer, never shorter; if it doesn't fit into the deadline or [`longest_wait`](Self::longest_wait),
/// the answer is returned as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    attempts: u32,
    backoff: Backoff,
    longest_wait: Duration,
}

impl RetryPolicy {
    /// At most so many attempts, the first one counted; 0 counts as 1.
    #[must_use]
    pub fn new(attempts: u32, backoff: Backoff) -> Self {
        Self { attempts: attempts.max(1), backoff, longest_wait: Duration::from_secs(60) }
    }

    /// One attempt, no more.
    #[must_use]
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// The longest `Retry-After` that is waited for.
    #[must_use]
    pub fn longest_wait(mut self, longest_wait: Duration) -> Self {
        self.longest_wait = longest_wait;
        self
    }

    /// How long to wait before the next attempt, if there should be one.
    pub(crate) fn next(&self, failed: u32, retry_after: Option<Duration>) -> Option<Duration> {
        let retry_after = retry_after.unwrap_or_default();
        if failed >= self.attempts || retry_after > self.longest_wait {
            return None;
        }
        Some(self.backoff.delay(failed).max(retry_after))
    }
}

impl Default for RetryPolicy {
    /// Four attempts, with delays that double from 100 ms.
    fn default() -> Self {
        Self::new(4, Backoff::new(Duration::from_millis(100), 2.0, Duration::from_secs(5)))
    }
}

/// Whether a status says that the same request may succeed later.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 502 | 503 | 504)
}

/// `Retry-After`, in seconds or as a date; a date in the past is no wait, and an unreadable one is ignored.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_the_longest_and_vary() {
        let backoff = Backoff::new(Duration::from_millis(100), 2.0, Duration::from_millis(300));
        for (failed, step) in [(1, 100), (2, 200), (3, 300), (4, 300), (u32::MAX, 300)] {
            let delays: Vec<_> = (0..50).map(|_| backoff.delay(failed)).collect();
            let (low, high) = (Duration::from_millis(step / 2), Duration::from_millis(step));
            assert!(delays.iter().all(|delay| (low..=high).contains(delay)), "{failed}: {delays:?}");
            assert!(delays.iter().any(|delay| *delay != delays[0]));
        }
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        let read = |value: &'static str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, http::HeaderValue::from_static(value))]);
            retry_after(&headers, now)
        };
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read("Sun, 06 Nov 1994 08:50:37 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(read("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn a_long_retry_after_ends_the_attempts() {
        let policy = RetryPolicy::default().longest_wait(Duration::from_secs(10));
        assert!(policy.next(1, Some(Duration::from_secs(11))).is_none());
        assert!(policy.next(1, Some(Duration::from_secs(10))) == Some(Duration::from_secs(10)));
        assert!(policy.next(4, None).is_none());
        assert!(RetryPolicy::never().next(1, None).is_none());
    }
}
