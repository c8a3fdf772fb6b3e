//! All wire types as one TypeScript module, so that the web app cannot disagree with the server.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ts_rs::{Config, TS, TypeVisitor};

use super::client::{ClientFrame, Request};
use super::server::{CloseCode, Event, EventFrame, Reply, ReplyFrame};

/// Declarations of types and of all that they are made of, each once, sorted by name.
pub struct Declarations {
    config: Config,
    seen: BTreeSet<TypeId>,
    texts: BTreeMap<String, String>,
}

impl Declarations {
    /// No declarations. Numbers of 64 bits are `number`: times and sequences stay below 2^53.
    pub fn new() -> Self {
        let config = Config::new().with_large_int("number");
        Declarations { config, seen: BTreeSet::new(), texts: BTreeMap::new() }
    }

    /// Adds a type and everything that it refers to.
    pub fn with<T: TS + 'static + ?Sized>(mut self) -> Self {
        self.visit::<T>();
        self
    }

    /// Adds a union, and refers to it by its name in the declarations so far that have it written out (`serde(flatten)`).
    pub fn with_union<T: TS + 'static>(mut self) -> Self {
        let written_out = T::inline_flattened(&self.config);
        let name = T::ident(&self.config);
        for declaration in self.texts.values_mut() {
            *declaration = declaration.replace(&written_out, &name);
        }
        self.with::<T>()
    }

    /// The module.
    pub fn text(&self) -> String {
        let mut text =
            String::from("// Made from the Rust types by `switchboard export-types`. Do not edit.\n");
        for declaration in self.texts.values() {
            text.push('\n');
            text.push_str(declaration);
        }
        text
    }
}

impl Default for Declarations {
    fn default() -> Self {
        Self::new()
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Types of the language (strings, lists, options) have no file and need no declaration.
        if T::output_path().is_some() {
            let docs = T::docs().unwrap_or_default();
            let declaration = format!("{docs}export {}\n", T::decl(&self.config));
            self.texts.insert(T::ident(&self.config), declaration);
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

/// The declarations of the wire: frames of both directions and what they are made of.
pub fn declarations() -> Declarations {
    let frames = Declarations::new().with::<ClientFrame>().with::<ReplyFrame>().with::<EventFrame>();
    frames.with_union::<Request>().with_union::<Reply>().with_union::<Event>()
}

/// The whole module of the wire alone, with the close codes.
pub fn typescript() -> String {
    declarations().text() + &close_codes()
}

/// The close codes as a constant.
pub fn close_codes() -> String {
    let mut text =
        String::from("\n/** WebSocket close codes of the server. */\nexport const CloseCode = {\n");
    for code in CloseCode::ALL {
        // Writing into a string does not fail.
        let _ = writeln!(text, "  {code:?}: {},", code as u16);
    }
    text.push_str("} as const;\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_stands_alone() {
        let text = typescript();
        assert!(!text.contains("import ") && !text.contains("bigint"), "{text}");
        let names = ["ClientFrame", "ReplyFrame", "EventFrame", "Request", "Reply", "Event", "CallView"];
        for name in names {
            let count = text.matches(&format!("export type {name} =")).count();
            assert_eq!(count, 1, "{name}");
        }
        assert!(text.contains("} & Request;") && text.contains("} & Reply;") && text.contains("} & Event;"));
        for id in ["PersonId", "CallId", "SessionId", "PeerId"] {
            assert!(text.contains(&format!("export type {id} = string;")), "{id}");
        }
        assert!(text.contains("LoggedOut: 4003"));
    }

    /// Every name that is used is declared.
    #[test]
    fn nothing_is_missing() {
        let text = declarations().text();
        let declared = |name: &str| text.contains(&format!("export type {name} ="));
        let code = text.lines().filter(|line| !line.trim_start().starts_with(['/', '*']));
        let words = code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric()));
        for name in words.filter(|word| word.starts_with(char::is_uppercase)) {
            assert!(["Array", "Record"].contains(&name) || declared(name), "{name}");
        }
    }
}
