//! The two cookies. `__Host-` (RFC 6265bis section 4.1.3.2): a sibling domain cannot plant them; `SameSite=Strict`: no other
//! site's request carries them.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

/// The log-in.
pub const SESSION: &str = "__Host-sid";
/// The device: stays after a log-out, so that a device that was used before is known at the next log-in.
pub const DEVICE: &str = "__Host-device";
/// How long a device is remembered; browsers keep no cookie for longer than 400 days.
pub const DEVICE_LIFETIME: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Value of a cookie of the request; the first when there are several (they cannot be planted, see above).
pub fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// `Set-Cookie` that gives the browser a secret. `value` must be hexadecimal digits.
pub fn set(name: &str, value: &str, lifetime: Duration) -> Option<HeaderValue> {
    let seconds = lifetime.as_secs();
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict");
    HeaderValue::from_str(&text).ok()
}

/// `Set-Cookie` that takes it away.
pub fn clear(name: &str) -> Option<HeaderValue> {
    set(name, "", Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_cookie_is_read() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; __Host-sid=abc ; sid=2"));
        headers.append(header::COOKIE, HeaderValue::from_static("x__Host-device=0; __Host-device=d"));
        assert_eq!(get(&headers, SESSION), Some("abc"));
        assert_eq!(get(&headers, DEVICE), Some("d"));
        assert_eq!(get(&headers, "b"), None);
    }

    #[test]
    fn cookies_have_every_guard() {
        let cookie = set(SESSION, "abc", Duration::from_secs(60)).unwrap();
        assert_eq!(cookie, "__Host-sid=abc; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict");
        assert_eq!(
            clear(SESSION).unwrap(),
            "__Host-sid=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict"
        );
        assert!(set(SESSION, "a\nb", Duration::ZERO).is_none());
    }
}
