//! Text from files, their names and command lines, made harmless for a terminal.

use std::path::Path;

/// Text on one line, with controls as escapes.
pub fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if is_hidden(c) { c.escape_default().collect() } else { vec![c] }).collect()
}

/// The same, with the text's own line breaks.
pub fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// JSON with the same values and without a raw control (RFC 8259, section 7). There is none outside of strings.
pub fn printable_json(json: &str) -> String {
    let escape = |c: char| match c {
        '\n' => c.to_string(),
        c if is_hidden(c) => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    json.chars().map(escape).collect()
}

/// Controls of terminals, and of writing direction, which would make a name look like another one (Unicode UAX #9, Bidi_Control).
/// All of them are in the Basic Multilingual Plane.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The name of an input for messages.
pub fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { file_name(path) }
}

/// A file's name for messages.
pub fn file_name(path: &Path) -> String {
    printable(&path.to_string_lossy())
}
