//! Telephones at the node: the extension bridge's core is driven here like the others.

mod app_legs;
mod glue;
mod lamps;
mod records;
mod requests;

use std::io;
use std::sync::Arc;

use aws_lc_rs::rand;

use self::app_legs::AppLegs;
use self::lamps::Lamps;
use self::records::Ledger;
use crate::ports::{Numbers, Records};
use crate::sip::config::SipConfig;
use crate::sip::gateway::Gateway;
use crate::sip::port::{SipInput, SipTransport, Target};
use crate::sip::transport::Transport;

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

/// The bridge, running.
pub(super) struct Bridge {
    pub gateway: Gateway,
    pub transport: Arc<dyn SipTransport>,
    pub numbers: Arc<dyn Numbers>,
    pub ledger: Ledger,
    pub apps: AppLegs,
    pub lamps: Lamps,
}

impl Telephony {
    /// A bridge with this configuration; it begins with the hub.
    pub fn new(config: SipConfig, numbers: Arc<dyn Numbers>, records: Arc<dyn Records>) -> Telephony {
        let connect = |config: &SipConfig, inputs: SipInputFn| {
            let transport: Arc<dyn SipTransport> = Arc::new(Transport::start(config, inputs)?);
            Ok(transport)
        };
        Telephony { config, numbers, records, connect: Arc::new(connect) }
    }

    /// With another transport.
    #[cfg(test)]
    pub(super) fn over(
        self,
        connect: impl Fn(&SipConfig, SipInputFn) -> io::Result<Arc<dyn SipTransport>> + Send + Sync + 'static,
    ) -> Telephony {
        Telephony { connect: Arc::new(connect), ..self }
    }

    /// Starts the transport, and makes the gateway.
    pub(super) fn start(&self, inputs: SipInputFn) -> io::Result<Bridge> {
        let transport = (self.connect)(&self.config, inputs)?;
        let (announced, facing) = (self.config.announced, transport.clone());
        let address = move |target: &Target| announced.unwrap_or_else(|| facing.contact(target).ip());
        let mut seed = [0; 32];
        rand::fill(&mut seed).map_err(|_| io::Error::other("the system gives no randomness"))?;
        let gateway = Gateway::new(self.config.clone(), seed, self.numbers.clone(), Box::new(address));
        let (numbers, ledger) = (self.numbers.clone(), Ledger::new(self.records.clone()));
        Ok(Bridge { gateway, transport, numbers, ledger, apps: AppLegs::default(), lamps: Lamps::default() })
    }
}

impl Bridge {
    /// No telephone is in a call, and all records are written.
    pub(super) fn is_idle(&self) -> bool {
        self.gateway.is_idle() && self.ledger.is_empty()
    }
}
