//! When a publisher is asked for a keyframe.

use std::time::{Duration, Instant};

/// Shortest time between two requests to one video track. Smaller: subscribers that lose packets make the publisher spend
/// its bits on keyframes, for all. Larger: a newcomer looks at an empty tile for longer.
pub const MIN_INTERVAL: Duration = Duration::from_millis(500);
/// A request that no keyframe answers is repeated after this long: the request or the frame was lost. Smaller: repeats before
/// an encoder on a slow path can have answered.
const REPEAT: Duration = Duration::from_millis(1000);
/// Repeats of one request; then only a new wish starts again. A publisher whose camera delivers nothing cannot answer.
const MAX_REPEATS: u8 = 5;

/// Requests for one video track, joined from all its subscribers.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyframeThrottle {
    sent: Option<Instant>,
    wanted: bool,
    repeats: u8,
}

impl KeyframeThrottle {
    /// A subscriber needs a keyframe that comes after this moment.
    pub fn want(&mut self) {
        self.wanted = true;
        self.repeats = 0;
    }

    /// A keyframe has come: everyone who waited has it.
    pub fn arrived(&mut self) {
        self.wanted = false;
    }

    /// When [`KeyframeThrottle::poll`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let sent = self.sent?;
        self.wanted.then(|| sent + if self.repeats == 0 { MIN_INTERVAL } else { REPEAT })
    }

    /// Whether a request is to be sent now.
    pub fn poll(&mut self, now: Instant) -> bool {
        if !self.wanted || self.deadline().is_some_and(|at| now < at) {
            return false;
        }
        self.sent = Some(now);
        self.repeats += 1;
        self.wanted = self.repeats <= MAX_REPEATS;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wishes_of_many_become_one_request() {
        let t0 = Instant::now();
        let mut throttle = KeyframeThrottle::default();
        assert!(!throttle.poll(t0));
        throttle.want();
        assert!(throttle.poll(t0));
        throttle.want();
        assert!(!throttle.poll(t0 + MIN_INTERVAL / 2));
        assert_eq!(throttle.deadline(), Some(t0 + MIN_INTERVAL));
        assert!(throttle.poll(t0 + MIN_INTERVAL));
        throttle.arrived();
        assert_eq!(throttle.deadline(), None);
    }

    #[test]
    fn an_unanswered_request_is_repeated_but_not_for_ever() {
        let t0 = Instant::now();
        let mut throttle = KeyframeThrottle::default();
        throttle.want();
        let sent =
            (0..60_000).step_by(10).filter(|ms| throttle.poll(t0 + Duration::from_millis(*ms))).count();
        assert_eq!(sent, 1 + usize::from(MAX_REPEATS));
    }
}
