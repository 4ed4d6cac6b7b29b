//! The Merkle tree of RFC 6962 and RFC 9162, with SHA-256.

use crate::evidence::Digest;
use sha2::{Digest as _, Sha256};

/// A node of the tree.
pub type Hash = [u8; 32];

/// SHA-256(0x00 ‖ entry)
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// SHA-256(0x01 ‖ left ‖ right)
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Where the hashes of complete subtrees come from: `node(level, index)` covers the leaves
/// `index << level` up to `(index + 1) << level`.
pub trait Nodes {
    type Error;
    fn node(&self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The root of the tree's first `size` leaves. The empty tree's root is SHA-256 of nothing.
pub fn root<N: Nodes>(nodes: &N, size: u64) -> Result<Hash, N::Error> {
    range(nodes, 0, size)
}

/// The hash over leaves `start..end`, where `start` is a multiple of the power of two that holds it.
pub(super) fn range<N: Nodes>(nodes: &N, start: u64, end: u64) -> Result<Hash, N::Error> {
    let count = end - start;
    if count == 0 {
        return Ok(Digest::of(b"").0);
    }
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return nodes.node(level, start >> level);
    }
    let middle = start + split(count);
    Ok(node_hash(&range(nodes, start, middle)?, &range(nodes, middle, end)?))
}

/// The largest power of two smaller than `count` (which is at least 2).
pub(super) fn split(count: u64) -> u64 {
    1 << (63 - (count - 1).leading_zeros())
}

/// The right edge of a growing tree: one hash for each complete subtree, largest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    edge: Vec<Hash>,
}

impl Frontier {
    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.edge.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.edge.push(hash);
        self.size += 1;
    }

    /// The root over all leaves so far.
    pub fn root(&self) -> Hash {
        let mut edge = self.edge.iter().rev();
        match edge.next() {
            None => Digest::of(b"").0,
            Some(&last) => edge.fold(last, |right, left| node_hash(left, &right)),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A tree in memory that answers from its leaves.
    pub struct Leaves(pub Vec<Hash>);

    impl Nodes for Leaves {
        type Error = std::convert::Infallible;
        fn node(&self, level: u32, index: u64) -> Result<Hash, Self::Error> {
            if level == 0 {
                return Ok(self.0[index as usize]);
            }
            Ok(node_hash(&self.node(level - 1, index * 2)?, &self.node(level - 1, index * 2 + 1)?))
        }
    }

    pub fn leaves(count: u64) -> Leaves {
        Leaves((0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect())
    }

    #[test]
    fn the_roots_of_rfc_6962_come_out() {
        // Inputs and roots of the certificate-transparency reference implementation.
        let inputs = ["", "00", "10", "2021", "3031", "40414243"];
        let mut frontier = Frontier::default();
        assert_eq!(hex::encode(frontier.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for input in inputs {
            frontier.push(leaf_hash(&hex::decode(input).unwrap()));
        }
        assert_eq!(hex::encode(frontier.root()), "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef");
    }

    #[test]
    fn the_growing_edge_and_the_whole_tree_agree() {
        let mut frontier = Frontier::default();
        for size in 0..600 {
            assert_eq!(frontier.root(), root(&leaves(size), size).unwrap(), "size {size}");
            frontier.push(leaf_hash(&size.to_be_bytes()));
        }
    }
}
