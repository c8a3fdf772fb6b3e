//! Telephones at the node: the extension bridge's core is driven here like the others.

use std::io;
use std::sync::Arc;

use crate::ports::{Numbers, Records};
use crate::sip::config::SipConfig;
use crate::sip::port::{SipInput, SipTransport};

/// Takes what the transport tells; must not block.
pub type SipInputFn = Arc<dyn Fn(SipInput) + Send + Sync>;

/// Starts a transport.
type Connect = dyn Fn(&SipConfig, SipInputFn) -> io::Result<Arc<dyn SipTransport>> + Send + Sync;

/// The extension bridge, and what it needs from the portal.
#[derive(Clone)]
pub struct Telephony {
    /// How it is set up.
    pub config: SipConfig,
    /// Staff and telephones.
    pub numbers: Arc<dyn Numbers>,
    /// Where records of legs go.
    pub records: Arc<dyn Records>,
    connect: Arc<Connect>,
}

impl Telephony {
    /// A bridge with this configuration; it begins with the hub.
    pub fn new(config: SipConfig, numbers: Arc<dyn Numbers>, records: Arc<dyn Records>) -> Telephony {
        let connect = |_: &SipConfig, _: SipInputFn| Err(io::ErrorKind::Unsupported.into());
        Telephony { config, numbers, records, connect: Arc::new(connect) }
    }

    /// Starts its transport.
    pub(super) fn connect(&self, inputs: SipInputFn) -> io::Result<Arc<dyn SipTransport>> {
        (self.connect)(&self.config, inputs)
    }
}
