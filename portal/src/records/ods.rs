//! A spreadsheet in the OpenDocument format (ISO/IEC 26300-1): a ZIP file whose first member is its media type. Pure.

use std::fmt::Write as _;
use std::io;

use super::columns::Cell;
use super::zip::{Member, Zip};

/// Media type of the file.
pub const MEDIA_TYPE: &str = "application/vnd.oasis.opendocument.spreadsheet";

const MANIFEST: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" manifest:version=\"1.3\">\
    <manifest:file-entry manifest:full-path=\"/\" manifest:version=\"1.3\" \
    manifest:media-type=\"application/vnd.oasis.opendocument.spreadsheet\"/>\
    <manifest:file-entry manifest:full-path=\"content.xml\" manifest:media-type=\"text/xml\"/></manifest:manifest>";

const BEGIN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
    xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
    xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" \
    xmlns:style=\"urn:oasis:names:tc:opendocument:xmlns:style:1.0\" \
    xmlns:number=\"urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0\" office:version=\"1.3\">\
    <office:automatic-styles><number:date-style style:name=\"moment\"><number:year number:style=\"long\"/>\
    <number:text>-</number:text><number:month number:style=\"long\"/><number:text>-</number:text>\
    <number:day number:style=\"long\"/><number:text> </number:text><number:hours number:style=\"long\"/>\
    <number:text>:</number:text><number:minutes number:style=\"long\"/><number:text>:</number:text>\
    <number:seconds number:style=\"long\"/></number:date-style>\
    <style:style style:name=\"time\" style:family=\"table-cell\" style:data-style-name=\"moment\"/>\
    </office:automatic-styles><office:body><office:spreadsheet><table:table table:name=\"1\">";

const END: &str = "</table:table></office:spreadsheet></office:body></office:document-content>";

/// A spreadsheet that is being written.
pub struct Ods {
    content: Member,
    columns: usize,
}

impl Ods {
    /// Begins one with this many columns.
    ///
    /// # Errors
    /// None that memory does not make.
    pub fn new(columns: usize) -> io::Result<Ods> {
        let mut content = Member::new();
        content.write(BEGIN)?;
        content.write(&format!("<table:table-column table:number-columns-repeated=\"{columns}\"/>"))?;
        Ok(Ods { content, columns })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// None that memory does not make.
    pub fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        let mut row = String::from("<table:table-row>");
        cells.iter().take(self.columns).for_each(|cell| push(&mut row, cell));
        row.push_str("</table:table-row>");
        self.content.write(&row)
    }

    /// The file.
    ///
    /// # Errors
    /// None that memory does not make.
    pub fn finish(mut self) -> io::Result<Vec<u8>> {
        self.content.write(END)?;
        let mut zip = Zip::default();
        zip.stored("mimetype", MEDIA_TYPE);
        zip.deflated("content.xml", self.content)?;
        zip.stored("META-INF/manifest.xml", MANIFEST);
        Ok(zip.finish())
    }
}

/// A text is a string cell, so what looks like a formula stays a text.
fn push(row: &mut String, cell: &Cell) {
    // Writing into a `String` does not fail.
    let _ = match cell {
        Cell::Empty => write!(row, "<table:table-cell/>"),
        Cell::Text(text) => write!(
            row,
            "<table:table-cell office:value-type=\"string\"><text:p>{}</text:p></table:table-cell>",
            escaped(text)
        ),
        Cell::Number(number) => {
            write!(row, "<table:table-cell office:value-type=\"float\" office:value=\"{number}\"/>")
        }
        Cell::Time(time) => write!(
            row,
            "<table:table-cell table:style-name=\"time\" office:value-type=\"date\" office:date-value=\"{time}\"/>"
        ),
    };
}

/// Text of an element (XML 1.0 section 2.4), without the characters that XML cannot have (section 2.2).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
