//! Inclusion and consistency proofs (RFC 9162 §2.1.3 and §2.1.4), and their C2SP text form.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::tree::{Hash, Nodes, node_hash, range, split};

/// The hashes that prove leaf `index` to be in the tree of `size` leaves, leaf side first.
/// `index` must be less than `size`.
pub fn inclusion<N: Nodes>(nodes: &N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range(nodes, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// Checks an inclusion proof.
pub fn verify_inclusion(index: u64, size: u64, leaf: Hash, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// The hashes that prove the tree of `old` leaves to be the beginning of the tree of `new` leaves.
/// `old` must be between 1 and `new`.
pub fn consistency<N: Nodes>(nodes: &N, old: u64, new: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut start, mut end) = (0, new);
    let mut path = Vec::new();
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range(nodes, start, middle)?);
            start = middle;
        }
    }
    // A complete old tree needs no hash of its own: the verifier has its root.
    if start != 0 {
        path.push(range(nodes, start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// Checks a consistency proof.
pub fn verify_consistency(old: u64, new: u64, old_root: &Hash, new_root: &Hash, path: &[Hash]) -> bool {
    if old == 0 || old > new {
        return false;
    }
    if old == new {
        return path.is_empty() && old_root == new_root;
    }
    let mut path = path.iter();
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let first = if old.is_power_of_two() { Some(old_root) } else { path.next() };
    let Some(&first) = first else { return false };
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

/// The text form of an inclusion proof (C2SP tlog-proof): index, hashes, the checkpoint they lead to.
pub fn tlog_proof(index: u64, path: &[Hash], checkpoint: &str) -> String {
    let mut text = format!("c2sp.org/tlog-proof@v1\nindex {index}\n");
    for hash in path {
        text.push_str(&STANDARD.encode(hash));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(checkpoint);
    text
}

#[cfg(test)]
mod tests {
    use super::super::tree::{root, tests::leaves};
    use super::*;

    #[test]
    fn every_leaf_of_every_small_tree_is_proved_and_no_other() {
        for size in 1..40 {
            let tree = leaves(size);
            let head = root(&tree, size).unwrap();
            for index in 0..size {
                let path = inclusion(&tree, index, size).unwrap();
                for other in 0..size {
                    let told = verify_inclusion(other, size, tree.0[index as usize], &path, &head);
                    assert_eq!(told, other == index, "leaf {index} as {other} of {size}");
                }
            }
        }
    }

    #[test]
    fn every_beginning_of_every_small_tree_is_proved_and_no_other() {
        for new in 1..40 {
            let tree = leaves(new);
            let head = root(&tree, new).unwrap();
            for old in 1..=new {
                let path = consistency(&tree, old, new).unwrap();
                let old_head = root(&tree, old).unwrap();
                assert!(verify_consistency(old, new, &old_head, &head, &path), "{old} of {new}");
                let mut forged = old_head;
                forged[0] ^= 1;
                assert!(!verify_consistency(old, new, &forged, &head, &path), "{old} of {new}");
            }
        }
    }
}
