//! How long and how many. All are durations of people, not of packets: none of them needs to be exact.

use std::time::Duration;

/// How long a device rings. Shorter loses people who cross the room to the phone; longer keeps a caller waiting who could
/// have tried somebody else.
pub const RING_TIME: Duration = Duration::from_secs(45);

/// How long a callee without any connected device may take to appear. Shorter misses a phone that changes from Wi-Fi to the
/// mobile network at this moment; longer delays telling the caller that nobody can hear the ring.
pub const REACH_GRACE: Duration = Duration::from_secs(8);

/// How long a device in a call may be without its socket or its media. Shorter ends calls in a lift; longer leaves the others
/// talking to somebody who is gone.
pub const RESUME_TIME: Duration = Duration::from_secs(60);

/// How long the media of a device may take after the answer, in all attempts. Shorter fails slow phones that have just woken
/// up; longer is silence after pressing the green button.
pub const CONNECT_TIME: Duration = Duration::from_secs(30);

/// How long a move to another own device waits for its media before the old device is let go. Shorter cuts the sound of a
/// slow device; longer keeps two devices in the call.
pub const TAKE_TIME: Duration = Duration::from_secs(10);

/// How long the journal may take to confirm what a request needs. Shorter fails calls while the database is only slow;
/// longer leaves the caller without any answer.
pub const JOURNAL_TIME: Duration = Duration::from_secs(10);

/// Most people in one call, those being called included. More would need the screens and the bandwidth of a broadcast.
pub const MAX_PARTIES: usize = 16;

/// Most calls that one person is in, held ones included: one to talk and one on hold, as on a desk phone.
pub const MAX_LIVE: usize = 2;

/// Most legs that a call lists, those that left included; past it the oldest that left is forgotten (and cannot rejoin by
/// itself). At least `MAX_PARTIES`; more makes every view longer.
pub const MAX_LISTED: usize = 32;
