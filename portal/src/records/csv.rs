//! Comma-separated values (RFC 4180) in UTF-8 with a byte order mark, which spreadsheets need to see that it is UTF-8. Pure.

use super::columns::Cell;

/// What the file begins with.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Appends one line.
pub fn line(out: &mut String, cells: &[Cell]) {
    for (n, cell) in cells.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        match cell {
            Cell::Empty => {}
            Cell::Number(number) => out.push_str(&number.to_string()),
            Cell::Time(time) => out.push_str(&time.replace('T', " ")),
            Cell::Text(text) => field(out, text),
        }
    }
    out.push_str("\r\n");
}

/// A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection): a caller chooses his
/// own name.
fn field(out: &mut String, text: &str) {
    let guarded = text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r', '\n']);
    out.push('"');
    if guarded {
        out.push('\'');
    }
    out.push_str(&text.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: &[Cell]) -> String {
        let mut out = String::new();
        line(&mut out, cells);
        out
    }

    #[test]
    fn texts_are_quoted_and_formulas_are_guarded() {
        let text = |text: &str| Cell::Text(text.into());
        assert_eq!(of(&[text("a,\"b\""), Cell::Empty, Cell::Number(1.5)]), "\"a,\"\"b\"\"\",,1.5\r\n");
        for bad in ["=1+1", "+886", "-1", "@x", " =1", "\t=1"] {
            assert_eq!(of(&[text(bad)]), format!("\"'{bad}\"\r\n"));
        }
        assert_eq!(
            of(&[text("2001"), Cell::Time("2026-11-24T17:05:03".into())]),
            "\"2001\",2026-11-24 17:05:03\r\n"
        );
    }
}
