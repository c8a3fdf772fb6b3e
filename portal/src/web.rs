//! The web app, embedded in the binary.

use std::fmt::Write;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::error::ApiError;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/web/dist"]
struct Dist;

/// Files whose name changes with their content.
const HASHED: &str = "assets/";
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// May be kept, but must be asked about each time.
const ASK: HeaderValue = HeaderValue::from_static("no-cache");

/// Answers everything that is no route: a file of the app, or its start page, which finds the view by the path itself.
pub async fn file(method: Method, uri: Uri, headers: HeaderMap) -> Result<Response<Body>, ApiError> {
    let path = uri.path().trim_start_matches('/');
    let interface = path == "ws" || path == "api" || path.starts_with("api/");
    if interface || !matches!(method, Method::GET | Method::HEAD) {
        return Err(if interface { ApiError::not_found() } else { ApiError::method_not_allowed() });
    }
    let page = "index.html";
    let (path, file) = match Dist::get(path) {
        Some(file) => (path, file),
        // A file that is gone, such as a script of an older version, must not turn into a page.
        None if path.rsplit('/').next().is_some_and(|name| name.contains('.')) => {
            return Err(ApiError::not_found());
        }
        None => (page, Dist::get(page).ok_or_else(|| ApiError::internal("the web app has no start page"))?),
    };
    answer(path, file, headers.get(header::IF_NONE_MATCH))
}

fn answer(path: &str, file: EmbeddedFile, held: Option<&HeaderValue>) -> Result<Response<Body>, ApiError> {
    let tag = tag(&file);
    let mut response = Response::new(Body::empty());
    if held
        .and_then(|held| held.to_str().ok())
        .is_some_and(|held| held.split(',').any(|one| one.trim() == tag))
    {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = Body::from(file.data);
        let kind = HeaderValue::try_from(media_type(path)).map_err(ApiError::internal)?;
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, if path.starts_with(HASHED) { FOREVER } else { ASK });
    headers.insert(header::ETAG, HeaderValue::try_from(tag).map_err(ApiError::internal)?);
    Ok(response)
}

/// Weak, because the layer outside may compress the body (RFC 9110 section 8.8.1).
fn tag(file: &EmbeddedFile) -> String {
    let mut tag = String::from("W/\"");
    for byte in &file.metadata.sha256_hash()[..16] {
        // Writing into a `String` does not fail.
        if write!(tag, "{byte:02x}").is_err() {
            break;
        }
    }
    tag.push('"');
    tag
}

fn media_type(path: &str) -> String {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    match (path.rsplit('.').next(), kind.type_().as_str()) {
        (Some("webmanifest"), _) => "application/manifest+json".into(),
        (Some("js" | "mjs"), _) => "text/javascript; charset=utf-8".into(),
        (_, "text") => format!("{kind}; charset=utf-8"),
        _ => kind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(path: &str, held: Option<&str>) -> Result<Response<Body>, StatusCode> {
        let mut headers = HeaderMap::new();
        if let Some(held) = held {
            headers.insert(header::IF_NONE_MATCH, held.parse().expect("value"));
        }
        file(Method::GET, path.parse().expect("uri"), headers).await.map_err(|refusal| refusal.status())
    }

    #[tokio::test]
    async fn any_view_is_the_start_page_and_is_asked_about() {
        for path in ["/", "/directory/42", "/index.html"] {
            let response = get(path, None).await.expect(path);
            assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
            assert_eq!(response.headers()["cache-control"], "no-cache");
            let tag = response.headers()["etag"].to_str().expect("text").to_owned();
            let again = get(path, Some(&format!("\"other\", {tag}"))).await.expect(path);
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        }
    }

    #[tokio::test]
    async fn what_is_no_page_is_not_found() {
        for path in
            ["/assets/gone-1a2b.js", "/api/nothing", "/api", "/ws", "/../Cargo.toml", "/..%2fCargo.toml"]
        {
            assert_eq!(get(path, None).await.err(), Some(StatusCode::NOT_FOUND), "{path}");
        }
        let refused = file(Method::POST, Uri::from_static("/"), HeaderMap::new()).await;
        assert_eq!(refused.err().map(|refusal| refusal.status()), Some(StatusCode::METHOD_NOT_ALLOWED));
    }

    #[test]
    fn hashed_files_are_kept_for_good() {
        let file = Dist::get("index.html").expect("start page");
        let response = answer("assets/app-1a2b.js", file, None).expect("answer");
        assert_eq!(response.headers()["cache-control"], FOREVER);
        assert_eq!(response.headers()["content-type"], "text/javascript; charset=utf-8");
    }

    #[test]
    fn media_types_are_what_browsers_want() {
        for (path, kind) in [
            ("manifest.webmanifest", "application/manifest+json"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.svg", "image/svg+xml"),
            ("a.woff2", "font/woff2"),
            ("a.unknown-kind", "application/octet-stream"),
        ] {
            assert_eq!(media_type(path), kind);
        }
    }
}
