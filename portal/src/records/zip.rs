//! A ZIP file (PKWARE APPNOTE 6.3) of a few members, written from front to back. Pure.

use std::io::{self, Write};

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// 1 January 1980, the earliest date of the format: equal contents make equal files.
const DATE: u16 = (1 << 5) | 1;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const VERSION: u16 = 20;

/// A file that is being written.
#[derive(Default)]
pub(super) struct Zip {
    out: Vec<u8>,
    directory: Vec<u8>,
    members: u16,
}

/// A member that is being compressed.
pub(super) struct Member {
    encoder: DeflateEncoder<Vec<u8>>,
    crc: Crc,
}

impl Member {
    /// Begins a member.
    pub(super) fn new() -> Member {
        Member { encoder: DeflateEncoder::new(Vec::new(), Compression::fast()), crc: Crc::new() }
    }

    /// Adds text to it.
    pub(super) fn write(&mut self, text: &str) -> io::Result<()> {
        self.crc.update(text.as_bytes());
        self.encoder.write_all(text.as_bytes())
    }
}

impl Zip {
    /// Adds a member as it is.
    pub(super) fn stored(&mut self, name: &str, content: &str) {
        let mut crc = Crc::new();
        crc.update(content.as_bytes());
        self.add(name, STORED, &crc, content.as_bytes());
    }

    /// Adds a compressed member.
    pub(super) fn deflated(&mut self, name: &str, Member { encoder, crc }: Member) -> io::Result<()> {
        let packed = encoder.finish()?;
        self.add(name, DEFLATED, &crc, &packed);
        Ok(())
    }

    fn add(&mut self, name: &str, method: u16, crc: &Crc, packed: &[u8]) {
        let at = self.out.len() as u32;
        let mut header = Vec::new();
        for field in [VERSION, FLAGS, method, 0, DATE] {
            header.extend(field.to_le_bytes());
        }
        for field in [crc.sum(), packed.len() as u32, crc.amount()] {
            header.extend(field.to_le_bytes());
        }
        header.extend((name.len() as u16).to_le_bytes());
        header.extend(0_u16.to_le_bytes());
        self.out.extend(b"PK\x03\x04");
        self.out.extend(&header);
        self.out.extend(name.as_bytes());
        self.out.extend(packed);
        self.directory.extend(b"PK\x01\x02");
        self.directory.extend(VERSION.to_le_bytes());
        self.directory.extend(&header);
        // Comment, disk, attributes inside and outside: none.
        self.directory.extend([0; 10]);
        self.directory.extend(at.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.members += 1;
    }

    /// The whole file.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let (at, size) = (self.out.len() as u32, self.directory.len() as u32);
        self.out.append(&mut self.directory);
        self.out.extend(b"PK\x05\x06\0\0\0\0");
        for field in [self.members, self.members] {
            self.out.extend(field.to_le_bytes());
        }
        for field in [size, at] {
            self.out.extend(field.to_le_bytes());
        }
        self.out.extend(0_u16.to_le_bytes());
        self.out
    }
}
