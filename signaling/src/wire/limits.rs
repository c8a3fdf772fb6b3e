//! Limits of frames. Everything a client sends is held against them before anything else looks at it.

/// Longest frame but for `media.offer`, in bytes. The largest that is legal, a `presence.watch` of 500 people, has 20 KB; more
/// only makes the parser work for strangers.
pub const MAX_FRAME: usize = 24 * 1024;

/// Longest `media.offer`, in bytes: an offer of 128 KiB with its line ends escaped.
pub const MAX_OFFER_FRAME: usize = 160 * 1024;

/// Longest SDP of an offer, in bytes; what the media plane parses.
pub const MAX_SDP: usize = 128 * 1024;

/// Most sending sections of an offer: one for each source.
pub const MAX_SENDS: usize = 3;

/// Longest `a=mid`, in bytes; browsers use one or two digits.
pub const MAX_MID: usize = 16;

/// Longest name of a device, in characters.
pub const MAX_DEVICE: usize = 60;

/// Longest name of a topic, in bytes.
pub const MAX_TOPIC: usize = 64;

/// Most topics in one frame; also the most that a session may have.
pub const MAX_TOPICS: usize = 64;

/// Most people whose presence one session watches: what a list on a screen holds.
pub const MAX_WATCHED: usize = 500;

/// Most people and numbers in `call.start` and `call.add`: a call has 16, one of whom asks.
pub const MAX_CALLEES: usize = 15;

/// Longest number as dialled, in characters: 15 digits (E.164) with a prefix and what people write between them.
pub const MAX_NUMBER: usize = 32;

/// Most digits in `call.digits`: a card number with its PIN in one go.
pub const MAX_DIGITS: usize = 32;
