//! What must be true when everybody has gone and all time limits have passed.

use super::calls::Round;
use crate::sim::ctx::Ctx;
use crate::sim::node::Node;

/// Nothing is left in the node, every call has its end in the journal, and no missed call is lost.
pub fn check_end(ctx: &mut Ctx, node: &Node) {
    for left in node.leftovers() {
        ctx.oracle.fail(|| format!("left over: {left}"));
    }
    let (calls, legs) = ctx.store.open();
    if calls + legs > 0 {
        ctx.oracle.fail(|| format!("{calls} calls and {legs} legs have no end in the journal"));
    }
    let rounds = std::mem::take(&mut ctx.oracle.rounds);
    let crashed = ctx.oracle.counts.crashes > 0;
    for ((call, person), round) in rounds {
        let leg = ctx.store.leg(call, person);
        let missed = leg.as_ref().is_some_and(|leg| leg.ended_at.is_some() && leg.missed);
        match round {
            Round::Ringing if !missed => {
                ctx.oracle.fail(|| format!("{call}: {person} was rung and has no missed call: {leg:?}"));
            }
            Round::Answered(_) | Round::Declined if missed && !crashed => {
                ctx.oracle.fail(|| format!("{call}: {person} took or declined the call, and it is missed"));
            }
            _ => {}
        }
    }
}
