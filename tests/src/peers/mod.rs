//! Real telephones and PBXs from Debian's packages, started by the tests in private folders on loopback.
//!
//! Each ends with its value, whatever becomes of the test: the process has a group of its own that is killed and waited for,
//! and it dies with the test. Start-up is awaited by what it says, never by a pause.

pub mod baresip;
pub mod certificates;
pub mod kamailio;
pub mod process;
pub mod rtpengine;
pub mod sipp;
pub mod tone;

pub use baresip::{Baresip, BaresipConfig};
pub use certificates::Certificates;
pub use kamailio::{Kamailio, KamailioConfig};
pub use rtpengine::Rtpengine;
pub use sipp::Sipp;
