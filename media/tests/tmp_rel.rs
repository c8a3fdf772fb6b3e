#![allow(missing_docs, dead_code, unused_imports, clippy::all)]
mod tests {
    #[path = "/tmp/legx/client/mod.rs"]
    pub mod client;
}
include!("/tmp/legx/inc.rs");
include!("/tmp/legx/bench.rs");
