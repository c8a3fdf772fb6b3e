//! Switchboard server.
fn main() {}
