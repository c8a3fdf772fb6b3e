//! Calls as stories, as random runs, and exhaustively for a small city.

mod answer;
mod check;
mod connect;
mod glare;
mod group;
mod hold;
mod journal;
mod loss;
mod model;
mod phone;
mod property;
mod replace;
mod ring;
mod take;
mod transfer;
mod waiting;
mod world;

use std::time::{Duration, Instant};

use crate::ids::{PersonId, SessionId};
use crate::wire::call::{EndReason, LegState};
use world::{World, device, person};

/// Any instant: tests only add to it.
#[allow(clippy::disallowed_methods, reason = "a test needs some instant to count from")]
fn epoch() -> Instant {
    Instant::now()
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// 林 calls, 陳 is called, 王 joins.
fn lin() -> PersonId {
    person(1)
}

fn chen() -> PersonId {
    person(2)
}

fn wang() -> PersonId {
    person(3)
}

/// The desk computer of a person.
fn desk(of: PersonId) -> SessionId {
    device(of, 0)
}

/// The mobile phone of a person.
fn phone(of: PersonId) -> SessionId {
    device(of, 1)
}

/// The telephone of a person, or of a line.
fn telephone(of: PersonId) -> SessionId {
    device(of, world::TELEPHONE)
}

/// A telephone line.
fn line() -> PersonId {
    person(world::LINES)
}

/// Two people with two devices each, all connected.
fn office() -> World {
    World::with(&[desk(lin()), phone(lin()), desk(chen()), phone(chen())])
}
