//! Makes the crate compile where the web app has not been built: a page says so in its place.

use std::path::Path;
use std::{fs, io};

const PAGE: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Switchboard</title>\n\
    <p>The web app is not built. Run <code>make build</code>.</p>\n</html>\n";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=../migrations");
    println!("cargo:rerun-if-changed=web/dist");
    let index = Path::new("web/dist/index.html");
    if !index.exists() {
        fs::create_dir_all("web/dist")?;
        fs::write(index, PAGE)?;
    }
    Ok(())
}
