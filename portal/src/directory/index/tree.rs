//! The tree of units, laid out so that a subtree is a range.

use std::collections::HashMap;
use std::ops::Range;

use crate::directory::model::{Unit, UnitId};

/// Units in preorder: a unit is followed by everything below it.
#[derive(Debug, Default)]
pub struct Tree {
    units: Vec<Unit>,
    by_id: HashMap<UnitId, u32>,
    /// For each unit: the place of its parent.
    parents: Vec<Option<u32>>,
    /// For each unit: the place after its last descendant.
    ends: Vec<u32>,
}

impl Tree {
    /// Lays out the units. A unit whose parent is missing counts as a top; units in a ring are opened at the one that
    /// sorts first, so bad data hides nobody.
    pub fn new(mut units: Vec<Unit>) -> Self {
        units.sort_by_key(|unit| (unit.sort, unit.id));
        let known: HashMap<UnitId, usize> = units.iter().enumerate().map(|(at, u)| (u.id, at)).collect();
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); units.len()];
        let mut tops = Vec::new();
        for (at, unit) in units.iter().enumerate() {
            match unit.parent.and_then(|parent| known.get(&parent)) {
                Some(parent) => children[*parent].push(at),
                None => tops.push(at),
            }
        }
        let order = preorder(&children, &tops);
        Self::from_order(&units, &order)
    }

    fn from_order(units: &[Unit], order: &[Placed]) -> Self {
        let mut tree = Tree { units: Vec::with_capacity(units.len()), ..Tree::default() };
        for (place, placed) in order.iter().enumerate() {
            let unit = units[placed.unit].clone();
            tree.by_id.insert(unit.id, place as u32);
            tree.units.push(unit);
            tree.parents.push(placed.parent);
            tree.ends.push(place as u32 + 1);
        }
        // Children come after their parent, so one pass from the back carries every end up to the top.
        for place in (0..order.len()).rev() {
            if let Some(parent) = tree.parents[place] {
                let end = tree.ends[place];
                let of_parent = &mut tree.ends[parent as usize];
                *of_parent = (*of_parent).max(end);
            }
        }
        tree
    }

    /// All units in preorder.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Place of a unit in preorder.
    pub fn place(&self, unit: UnitId) -> Option<u32> {
        self.by_id.get(&unit).copied()
    }

    /// The unit at a place.
    pub fn unit(&self, place: u32) -> &Unit {
        &self.units[place as usize]
    }

    /// Place of the parent.
    pub fn parent(&self, place: u32) -> Option<u32> {
        self.parents[place as usize]
    }

    /// Places of the unit and of everything below it.
    pub fn subtree(&self, place: u32) -> Range<u32> {
        place..self.ends[place as usize]
    }

    /// Names from the top down to the unit itself.
    pub fn path(&self, place: u32) -> Vec<String> {
        let mut names: Vec<String> = std::iter::successors(Some(place), |at| self.parent(*at))
            .map(|at| self.unit(at).name.clone())
            .collect();
        names.reverse();
        names
    }
}

/// One step of the preorder walk.
struct Placed {
    /// Which of the sorted units.
    unit: usize,
    /// Place of its parent in the order.
    parent: Option<u32>,
}

/// Walks from the tops, then from whatever no top leads to (rings). An explicit stack: the depth of the tree is data.
fn preorder(children: &[Vec<usize>], tops: &[usize]) -> Vec<Placed> {
    let mut order: Vec<Placed> = Vec::with_capacity(children.len());
    let mut seen = vec![false; children.len()];
    for start in tops.iter().copied().chain(0..children.len()) {
        let mut stack = vec![(start, None)];
        while let Some((unit, parent)) = stack.pop() {
            if std::mem::replace(&mut seen[unit], true) {
                continue;
            }
            let place = order.len() as u32;
            order.push(Placed { unit, parent });
            stack.extend(children[unit].iter().rev().map(|child| (*child, Some(place))));
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn unit(id: u128, parent: Option<u128>, sort: i64) -> Unit {
        let id_of = |n| UnitId(Uuid::from_u128(n));
        Unit { id: id_of(id), parent: parent.map(id_of), name: format!("u{id}"), sort }
    }

    fn names(tree: &Tree) -> Vec<&str> {
        tree.units().iter().map(|u| u.name.as_str()).collect()
    }

    #[test]
    fn a_subtree_is_a_range_in_the_order_of_siblings() {
        let tree = Tree::new(vec![
            unit(3, Some(1), 1),
            unit(1, None, 0),
            unit(2, Some(1), 2),
            unit(5, Some(3), 0),
            unit(4, Some(3), 9),
        ]);
        assert_eq!(names(&tree), ["u1", "u3", "u5", "u4", "u2"]);
        let third = tree.place(UnitId(Uuid::from_u128(3))).unwrap();
        assert_eq!(tree.subtree(third), 1..4);
        assert_eq!(tree.subtree(0), 0..5);
        assert_eq!(tree.path(3), ["u1", "u3", "u4"]);
    }

    #[test]
    fn orphans_and_rings_stay_visible() {
        let tree = Tree::new(vec![
            unit(1, Some(99), 0),
            unit(2, Some(3), 0),
            unit(3, Some(2), 1),
            unit(4, Some(4), 2),
        ]);
        assert_eq!(names(&tree), ["u1", "u2", "u3", "u4"]);
        assert_eq!(tree.path(2), ["u2", "u3"], "the ring is opened at its first unit");
        assert_eq!(tree.subtree(1), 1..3);
    }
}
