//! Which node owns a call. Every request about a call goes to its owner, so a call has one writer.

use crate::ids::CallId;

/// Where a call lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// On this node.
    Here,
}

/// How calls are placed on nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// There is one node.
    #[default]
    Local,
}

impl Placement {
    /// The owner of a call, known or new.
    pub fn owner(self, _call: CallId) -> Owner {
        match self {
            Placement::Local => Owner::Here,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_single_node_owns_every_call() {
        assert_eq!(Placement::default().owner(CallId(Uuid::from_u128(1))), Owner::Here);
    }
}
