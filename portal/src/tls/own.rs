//! The self-made certificate: ECDSA P-256, because an RSA handshake costs the server more than three times as much.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256};
use time::OffsetDateTime;

use super::TlsError;
use crate::clock::Millis;

const DAY: Duration = Duration::from_secs(86_400);
/// Browsers distrust certificates that are valid for much longer than a year.
const LIFETIME_DAYS: u32 = 397;
/// A certificate with less left than this is made anew.
const RENEW_DAYS: u32 = 30;
/// First words of the line before the certificate that says what is in it.
const NOTE: &str = "switchboard certificate until";

/// The two files, made when needed.
pub(super) fn ensure(folder: &Path, names: &[String], now: Millis) -> Result<(PathBuf, PathBuf), TlsError> {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let fit =
        fs::read_to_string(&certificate).is_ok_and(|text| still_fits(&text, names, now)) && key.is_file();
    if !fit {
        let (certificate_pem, key_pem) = make(names, now)?;
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| TlsError::File { path: folder.to_owned(), source })?;
        // The key first: a crash in between leaves a certificate that does not fit, which is noticed, not a key that is lost.
        for (path, text) in [(&key, key_pem), (&certificate, certificate_pem)] {
            write_private(path, &text).map_err(|source| TlsError::File { path: path.clone(), source })?;
        }
        tracing::info!(names = names.join(" "), "made a self-signed certificate");
    }
    Ok((certificate, key))
}

/// Reads the note: valid for long enough, and for all the names.
fn still_fits(text: &str, names: &[String], now: Millis) -> bool {
    let note = text.lines().next().and_then(|line| line.strip_prefix(NOTE)?.split_once(':'));
    let Some((until, held)) = note else { return false };
    let held: Vec<&str> = held.split_whitespace().collect();
    let until = until.trim().parse().map_or(Millis(0), Millis);
    until > now.after(DAY * RENEW_DAYS) && names.iter().all(|name| held.contains(&name.as_str()))
}

/// PEM of a certificate, with its note, and of its key.
fn make(names: &[String], now: Millis) -> Result<(String, String), TlsError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(names)?;
    let until = now.after(DAY * LIFETIME_DAYS);
    // A client whose clock is a little slow must not find it not yet valid.
    params.not_before = date(now.before(DAY));
    params.not_after = date(until);
    params.distinguished_name.push(DnType::CommonName, "Switchboard");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key)?.pem();
    Ok((format!("{NOTE} {until}: {}\n{certificate}", names.join(" ")), key.serialize_pem()))
}

fn date(at: Millis) -> OffsetDateTime {
    // Milliseconds of an `i64` divided by 1,000 lie within the years that the type knows, unless the clock is absurd.
    OffsetDateTime::from_unix_timestamp(at.0 / 1_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Writes beside and renames: a reader sees the old file or the new one, readable by this user only.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(beside, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::db::with_dbs::{Folder, START};

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_files_are_private_and_kept() {
        let folder = Folder::new("tls");
        let wanted = names(&["localhost", "192.0.2.1"]);
        let (certificate, key) = ensure(&folder.0, &wanted, START).expect("made");
        let mode = |path| fs::metadata(path).expect("file").permissions().mode() & 0o777;
        assert_eq!((mode(&certificate), mode(&key)), (0o600, 0o600));
        let text = fs::read_to_string(&certificate).expect("text");
        ensure(&folder.0, &wanted[..1], START).expect("kept");
        assert_eq!(fs::read_to_string(&certificate).expect("text"), text);
    }

    #[test]
    fn a_new_name_or_a_near_end_makes_a_new_one() {
        let (text, _) = make(&names(&["localhost"]), START).expect("made");
        assert!(still_fits(&text, &names(&["localhost"]), START.after(DAY * 366)));
        assert!(!still_fits(&text, &names(&["localhost"]), START.after(DAY * 367)));
        assert!(!still_fits(&text, &names(&["localhost", "hub"]), START));
        assert!(!still_fits("-----BEGIN CERTIFICATE-----", &names(&["localhost"]), START));
    }
}
