//! SIP messages as the cores see them. Names of headers are compared without case; compact forms are known.

mod headers;
mod name_addr;
mod params;
mod uri;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

pub use headers::{Headers, split_list};
pub use name_addr::NameAddr;
pub use params::Params;
pub use uri::{Scheme, Uri};

/// What a telephone sent is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MessageError {
    /// Not a SIP, SIPS or TEL URI.
    #[error("not a usable URI")]
    Uri,
    /// Not a `name-addr` or `addr-spec`.
    #[error("not a usable address")]
    Address,
    /// A header that must be there is not, or has no usable value.
    #[error("header {0} is missing or not usable")]
    Header(&'static str),
}

/// A method (RFC 3261 section 7.1 and its extensions).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Begins or changes a call.
    Invite,
    /// Confirms the final response to an INVITE.
    Ack,
    /// Ends a call.
    Bye,
    /// Ends a call that is not answered yet.
    Cancel,
    /// Says where a telephone is.
    Register,
    /// Asks what the other side can do, and whether it lives.
    Options,
    /// Confirms a provisional response (RFC 3262).
    Prack,
    /// Changes a call also before its answer (RFC 3311).
    Update,
    /// Carries something within a call: digits (RFC 6086).
    Info,
    /// Asks the other side to call somebody (RFC 3515).
    Refer,
    /// Tells a subscriber (RFC 6665).
    Notify,
    /// Asks to be told (RFC 6665).
    Subscribe,
    /// Any other; answered with 405.
    Other(String),
}

impl Method {
    /// As written in a message.
    pub fn as_str(&self) -> &str {
        match self {
            Method::Invite => "INVITE",
            Method::Ack => "ACK",
            Method::Bye => "BYE",
            Method::Cancel => "CANCEL",
            Method::Register => "REGISTER",
            Method::Options => "OPTIONS",
            Method::Prack => "PRACK",
            Method::Update => "UPDATE",
            Method::Info => "INFO",
            Method::Refer => "REFER",
            Method::Notify => "NOTIFY",
            Method::Subscribe => "SUBSCRIBE",
            Method::Other(name) => name,
        }
    }
}

impl From<&str> for Method {
    fn from(name: &str) -> Method {
        match name {
            "INVITE" => Method::Invite,
            "ACK" => Method::Ack,
            "BYE" => Method::Bye,
            "CANCEL" => Method::Cancel,
            "REGISTER" => Method::Register,
            "OPTIONS" => Method::Options,
            "PRACK" => Method::Prack,
            "UPDATE" => Method::Update,
            "INFO" => Method::Info,
            "REFER" => Method::Refer,
            "NOTIFY" => Method::Notify,
            "SUBSCRIBE" => Method::Subscribe,
            other => Method::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request. `Via` and `Content-Length` are the transport's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Request-URI.
    pub uri: Uri,
    /// All headers but `Content-Length`, in order. Of those that we send, the transport adds `Via`.
    pub headers: Headers,
    /// The body; empty without one.
    pub body: Vec<u8>,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code, 100 to 699.
    pub status: u16,
    /// Reason phrase.
    pub reason: String,
    /// All headers but `Content-Length`, in order. Of those that we send, the transport adds `Via` of the request.
    pub headers: Headers,
    /// The body; empty without one.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, uri: Uri) -> Request {
        Request { method, uri, headers: Headers::default(), body: Vec::new() }
    }

    /// An address header such as `From`, `To` or the first `Contact`.
    ///
    /// # Errors
    /// [`MessageError::Header`] when it is missing or broken.
    pub fn address(&self, name: &'static str) -> Result<NameAddr, MessageError> {
        self.headers.address(name)
    }
}

impl Response {
    /// A response without body; `To`, `From`, `Call-ID` and `CSeq` are those of the request, and `To` gets the tag unless it
    /// has one.
    pub fn to(request: &Request, status: u16, tag: Option<&str>) -> Response {
        let mut headers = Headers::default();
        for name in ["From", "To", "Call-ID", "CSeq"] {
            if let Some(value) = request.headers.get(name) {
                headers.push(name, value);
            }
        }
        if let (Some(tag), Ok(mut to)) = (tag, headers.address("To"))
            && to.params.get("tag").is_none()
        {
            to.params.set("tag", Some(tag));
            headers.set("To", &to.to_string());
        }
        Response { status, reason: reason_phrase(status).to_owned(), headers, body: Vec::new() }
    }

    /// Whether it is provisional (1xx).
    pub fn is_provisional(&self) -> bool {
        self.status < 200
    }

    /// Whether it is a success (2xx).
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl FromStr for Method {
    type Err = std::convert::Infallible;

    fn from_str(name: &str) -> Result<Method, Self::Err> {
        Ok(Method::from(name))
    }
}

/// Reason phrases of RFC 3261 section 21 and its extensions, for those that we send.
pub fn reason_phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        204 => "No Notification",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        415 => "Unsupported Media Type",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        600 => "Busy Everywhere",
        603 => "Decline",
        606 => "Not Acceptable",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;
