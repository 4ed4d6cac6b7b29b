//! OpenTimestamps proofs: steps from a digest to a Merkle root in a block of Bitcoin. They are read, walked, grown and
//! written as the reference implementation does (file format version 1).

use std::fmt::Write;

use ripemd::{Digest as _, Ripemd160};

use crate::evidence::Time;

/// `00 "OpenTimestamps" 00 00 "Proof" 00 bf89e2e884e89294`, and the version.
const MAGIC: &[u8] = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94";
const VERSION: u64 = 1;
const PENDING: [u8; 8] = [0x83, 0xdf, 0xe3, 0x0d, 0x2e, 0xf9, 0x0c, 0x8e];
const BITCOIN: [u8; 8] = [0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01];
/// Longest message, argument and attestation, in bytes, and deepest path.
const MESSAGE: usize = 4096;
const PAYLOAD: usize = 8192;
const ADDRESS: usize = 1000;
const DEPTH: usize = 256;
/// Most steps and attestations together, and bytes of a file: proofs through several calendars have some hundreds, and a few thousand.
const STEPS: usize = 4096;
const FILE: usize = 1 << 16;

/// Why bytes are no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("it is not an OpenTimestamps proof: {0}")]
    Malformed(&'static str),
    #[error("it is of version {0}; this program reads version {VERSION}")]
    Version(u64),
    #[error("it is of other bytes than these")]
    OtherBytes,
    #[error("it has more than {STEPS} steps and attestations, or {FILE} bytes")]
    TooLarge,
}

/// One step: what is done to a message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Sha1,
    Ripemd160,
    Sha256,
    Keccak256,
    Append(Vec<u8>),
    Prepend(Vec<u8>),
    Reverse,
    Hexlify,
}

impl Step {
    fn tag(&self) -> u8 {
        match self {
            Step::Sha1 => 0x02,
            Step::Ripemd160 => 0x03,
            Step::Sha256 => 0x08,
            Step::Keccak256 => 0x67,
            Step::Append(_) => 0xf0,
            Step::Prepend(_) => 0xf1,
            Step::Reverse => 0xf2,
            Step::Hexlify => 0xf3,
        }
    }

    /// A digest with this tag, and its length in bytes.
    fn digest(tag: u8) -> Option<(Step, usize)> {
        match tag {
            0x02 => Some((Step::Sha1, 20)),
            0x03 => Some((Step::Ripemd160, 20)),
            0x08 => Some((Step::Sha256, 32)),
            0x67 => Some((Step::Keccak256, 32)),
            _ => None,
        }
    }

    /// What it makes of a message; none for the digest that only proofs for another chain use.
    fn of(&self, message: &[u8]) -> Option<Vec<u8>> {
        let digest = |which| ring::digest::digest(which, message).as_ref().to_vec();
        Some(match self {
            Step::Sha1 => digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY),
            Step::Sha256 => digest(&ring::digest::SHA256),
            Step::Ripemd160 => Ripemd160::digest(message).to_vec(),
            Step::Keccak256 => return None,
            Step::Append(more) => [message, more].concat(),
            Step::Prepend(more) => [more, message].concat(),
            Step::Reverse => message.iter().rev().copied().collect(),
            Step::Hexlify => hex::encode(message).into_bytes(),
        })
    }
}

/// Who vouches for a message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attestation {
    /// A calendar has promised to: its address.
    Pending(String),
    /// A block of Bitcoin at this height, whose Merkle root the message is.
    Bitcoin(u64),
    /// Another, which is kept and not judged.
    Other([u8; 8], Vec<u8>),
}

/// A message's attestations, and the steps from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Node {
    attestations: Vec<Attestation>,
    steps: Vec<(Step, Node)>,
}

/// A proof of one digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    by: Step,
    digest: Vec<u8>,
    node: Node,
}

/// Bytes that are read from the front, and the steps that may still come.
struct Cursor<'a>(&'a [u8], usize);

impl<'a> Cursor<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], ProofError> {
        let cut = self.0.split_at_checked(count).ok_or(ProofError::Malformed("it ends too early"))?;
        self.0 = cut.1;
        Ok(cut.0)
    }

    fn byte(&mut self) -> Result<u8, ProofError> {
        Ok(self.bytes(1)?[0])
    }

    /// LEB128.
    fn number(&mut self) -> Result<u64, ProofError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if part << shift >> shift != part {
                break;
            }
            number |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(ProofError::Malformed("a number is too large"))
    }

    fn text(&mut self, most: usize) -> Result<&'a [u8], ProofError> {
        let count = usize::try_from(self.number()?).ok().filter(|count| *count <= most);
        self.bytes(count.ok_or(ProofError::Malformed("a part is too long"))?)
    }
}

fn put_number(mut number: u64, into: &mut Vec<u8>) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

fn put_text(text: &[u8], into: &mut Vec<u8>) {
    put_number(text.len() as u64, into);
    into.extend(text);
}

impl Attestation {
    fn read(cursor: &mut Cursor<'_>) -> Result<Attestation, ProofError> {
        let mut tag = [0; 8];
        tag.copy_from_slice(cursor.bytes(8)?);
        let payload = cursor.text(PAYLOAD)?;
        let mut inside = Cursor(payload, 0);
        let read = match tag {
            PENDING => {
                let address = inside.text(ADDRESS)?;
                let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._/:".contains(byte);
                let address = Some(address).filter(|address| address.iter().all(plain));
                let address = address.ok_or(ProofError::Malformed("the address of a calendar has odd letters"))?;
                Attestation::Pending(String::from_utf8_lossy(address).into_owned())
            }
            BITCOIN => Attestation::Bitcoin(inside.number()?),
            _ => return Ok(Attestation::Other(tag, payload.to_vec())),
        };
        if inside.0.is_empty() { Ok(read) } else { Err(ProofError::Malformed("an attestation is too long")) }
    }

    fn put(&self, into: &mut Vec<u8>) {
        let mut payload = Vec::new();
        let tag = match self {
            Attestation::Pending(address) => {
                put_text(address.as_bytes(), &mut payload);
                &PENDING
            }
            Attestation::Bitcoin(height) => {
                put_number(*height, &mut payload);
                &BITCOIN
            }
            Attestation::Other(tag, other) => {
                payload.extend(other);
                tag
            }
        };
        into.extend(tag);
        put_text(&payload, into);
    }
}

impl Node {
    /// `message` is none after a step that is not followed.
    fn read(cursor: &mut Cursor<'_>, message: Option<&[u8]>, depth: usize) -> Result<Node, ProofError> {
        if depth == 0 {
            return Err(ProofError::Malformed("it is too deep"));
        }
        let mut node = Node::default();
        loop {
            let mut tag = cursor.byte()?;
            let more = tag == 0xff;
            if more {
                tag = cursor.byte()?;
            }
            cursor.1 = cursor.1.checked_sub(1).ok_or(ProofError::TooLarge)?;
            if tag == 0 {
                node.attestations.push(Attestation::read(cursor)?);
            } else {
                let mut argument = || match cursor.text(MESSAGE)? {
                    [] => Err(ProofError::Malformed("a step adds nothing")),
                    bytes => Ok(bytes.to_vec()),
                };
                let step = match tag {
                    0xf0 => Step::Append(argument()?),
                    0xf1 => Step::Prepend(argument()?),
                    0xf2 => Step::Reverse,
                    0xf3 => Step::Hexlify,
                    tag => Step::digest(tag).ok_or(ProofError::Malformed("a step is of no known kind"))?.0,
                };
                let made = message.and_then(|message| step.of(message));
                if made.as_ref().is_some_and(|made| made.len() > MESSAGE) {
                    return Err(ProofError::Malformed("a message is too long"));
                }
                let next = Node::read(cursor, made.as_deref(), depth - 1)?;
                node.steps.push((step, next));
            }
            if !more {
                return Ok(node);
            }
        }
    }

    fn put(&self, into: &mut Vec<u8>) {
        let mut left = self.attestations.len() + self.steps.len();
        let mut begin = |into: &mut Vec<u8>, tag: u8| {
            left -= 1;
            if left > 0 {
                into.push(0xff);
            }
            into.push(tag);
        };
        for attestation in &self.attestations {
            begin(into, 0);
            attestation.put(into);
        }
        for (step, node) in &self.steps {
            begin(into, step.tag());
            if let Step::Append(more) | Step::Prepend(more) = step {
                put_text(more, into);
            }
            node.put(into);
        }
    }

    fn walk(&self, message: &[u8], each: &mut dyn FnMut(&[u8], &Attestation)) {
        self.attestations.iter().for_each(|attestation| each(message, attestation));
        for (step, node) in &self.steps {
            if let Some(next) = step.of(message) {
                node.walk(&next, each);
            }
        }
    }

    /// Puts what a calendar answered to where the calendar's promise is, at the first such place; whether it was not all there. None
    /// if there is no such place.
    fn grow(&mut self, message: &[u8], of: &[u8], promise: &Attestation, answer: &Node) -> Option<bool> {
        if message == of && self.attestations.contains(promise) {
            return Some(self.merge(answer));
        }
        self.steps.iter_mut().find_map(|(step, node)| node.grow(&step.of(message)?, of, promise, answer))
    }

    fn merge(&mut self, other: &Node) -> bool {
        let mut grown = false;
        for one in &other.attestations {
            if !self.attestations.contains(one) {
                self.attestations.push(one.clone());
                grown = true;
            }
        }
        for (step, node) in &other.steps {
            match self.steps.iter_mut().find(|(own, _)| own == step) {
                Some((_, own)) => grown |= own.merge(node),
                None => {
                    self.steps.push((step.clone(), node.clone()));
                    grown = true;
                }
            }
        }
        grown
    }

    /// Drops the promises that were kept by a block with this root; true if one is from here on.
    fn settle(&mut self, message: &[u8], root: &[u8]) -> bool {
        let mut kept = message == root && self.attestations.iter().any(|one| matches!(one, Attestation::Bitcoin(_)));
        for (step, node) in &mut self.steps {
            kept |= step.of(message).is_some_and(|next| node.settle(&next, root));
        }
        if kept {
            self.attestations.retain(|one| !matches!(one, Attestation::Pending(_)));
        }
        kept
    }
}

impl Proof {
    /// Reads an `.ots` file.
    pub fn parse(bytes: &[u8]) -> Result<Proof, ProofError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(ProofError::Malformed("it does not begin as one"))?;
        if bytes.len() > FILE {
            return Err(ProofError::TooLarge);
        }
        let mut cursor = Cursor(rest, STEPS);
        let version = cursor.number()?;
        if version != VERSION {
            return Err(ProofError::Version(version));
        }
        let (by, length) = Step::digest(cursor.byte()?).ok_or(ProofError::Malformed("its digest is of no known kind"))?;
        let digest = cursor.bytes(length)?.to_vec();
        let node = Node::read(&mut cursor, Some(&digest), DEPTH)?;
        if cursor.0.is_empty() { Ok(Proof { by, digest, node }) } else { Err(ProofError::Malformed("it goes on after its end")) }
    }

    /// A proof of these bytes, from what a calendar answered to their SHA-256.
    pub fn begin(data: &[u8], answer: &[u8]) -> Result<Proof, ProofError> {
        let digest = Step::Sha256.of(data).unwrap_or_default();
        let node = answered(&digest, answer)?;
        // Only what can be read again may be kept.
        Proof::parse(&Proof { by: Step::Sha256, digest, node }.bytes())
    }

    /// The `.ots` file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        put_number(VERSION, &mut bytes);
        bytes.push(self.by.tag());
        bytes.extend(&self.digest);
        self.node.put(&mut bytes);
        bytes
    }

    /// Whether it is of these bytes, by their SHA-256: another file with the same digest of a weaker kind can be made.
    pub fn is_of(&self, data: &[u8]) -> Result<(), ProofError> {
        let same = self.by == Step::Sha256 && self.by.of(data).as_ref() == Some(&self.digest);
        if same { Ok(()) } else { Err(ProofError::OtherBytes) }
    }

    /// Every attestation with the message that it is of. What stands after a Keccak-256 is left out: it leads to
    /// another chain.
    pub fn attestations(&self) -> Vec<(Vec<u8>, Attestation)> {
        let mut all = Vec::new();
        self.node.walk(&self.digest, &mut |message, attestation| all.push((message.to_vec(), attestation.clone())));
        all
    }

    /// Takes in what the calendar at `address` answered to its promise over `message`; whether that is news. An answer
    /// that would make this no proof any more is refused. The promise stays, as the answer may be of no use.
    pub fn grow(&mut self, message: &[u8], address: &str, answer: &[u8]) -> Result<bool, ProofError> {
        let answer = answered(message, answer)?;
        let mut next = self.clone();
        let grown = next.node.grow(&self.digest, message, &Attestation::Pending(address.to_owned()), &answer);
        *self = Proof::parse(&next.bytes())?;
        Ok(grown == Some(true))
    }

    /// Drops the promises that this block keeps.
    pub fn settle(&mut self, block: &Block) {
        self.node.settle(&self.digest, block.root());
    }

    /// The attestation of this block.
    pub fn in_block(&self, block: &Block) -> Option<u64> {
        self.attestations().into_iter().find_map(|(message, attestation)| match attestation {
            Attestation::Bitcoin(height) if message == block.root() => Some(height),
            _ => None,
        })
    }
}

/// What a calendar answers: steps from the message that it was asked about.
fn answered(message: &[u8], answer: &[u8]) -> Result<Node, ProofError> {
    if answer.len() > FILE {
        return Err(ProofError::TooLarge);
    }
    let mut cursor = Cursor(answer, STEPS);
    let node = Node::read(&mut cursor, Some(message), DEPTH)?;
    if cursor.0.is_empty() { Ok(node) } else { Err(ProofError::Malformed("it goes on after its end")) }
}

/// The header of a block of Bitcoin: 80 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Block([u8; 80]);

impl Block {
    /// From 160 hexadecimal digits, if its hash is as small as it says itself that it must be.
    pub fn parse(text: &str) -> Option<Block> {
        let mut bytes = [0; 80];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        let block = Block(bytes);
        // Both as numbers with the last byte first.
        let hash = block.hash();
        block.target().is_some_and(|target| hash.iter().rev().le(target.iter().rev())).then_some(block)
    }

    /// All headers in a text: one, or a list in which other words stand between.
    pub fn all(text: &str) -> Vec<Block> {
        text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter_map(Block::parse).collect()
    }

    fn hash(&self) -> [u8; 32] {
        let once = ring::digest::digest(&ring::digest::SHA256, &self.0);
        let mut hash = [0; 32];
        hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, once.as_ref()).as_ref());
        hash
    }

    /// What its hash must not be above: a mantissa of three bytes and an exponent, in a field of four.
    fn target(&self) -> Option<[u8; 32]> {
        let [low, middle, high, exponent] = [self.0[72], self.0[73], self.0[74], self.0[75]];
        let mut target = [0; 32];
        let at = usize::from(exponent).checked_sub(3)?;
        // The sign bit, or nothing at all, makes no target.
        if high & 0x80 != 0 || [low, middle, high] == [0; 3] {
            return None;
        }
        target.get_mut(at..at + 3)?.copy_from_slice(&[low, middle, high]);
        Some(target)
    }

    pub fn root(&self) -> &[u8] {
        &self.0[36..68]
    }

    /// When its miner says that it was made, which may be two hours off either way.
    pub fn time(&self) -> Time {
        let seconds = u32::from_le_bytes([self.0[68], self.0[69], self.0[70], self.0[71]]);
        Time::from_micros(i64::from(seconds) * 1_000_000)
    }

    /// Its hash, as explorers and nodes print it.
    pub fn id(&self) -> String {
        self.hash().iter().rev().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// The 160 digits.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Block({})", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first block, whose header is public knowledge.
    const GENESIS: &str = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";

    #[test]
    fn the_first_block_reads_as_everybody_knows_it() {
        let block = Block::parse(GENESIS).unwrap();
        assert_eq!(block.id(), "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f");
        assert_eq!(format!("{block:?}"), format!("Block({})", block.id()));
        assert_eq!(block.time().to_string(), "2009-01-03T18:15:05.000000Z");
        assert_eq!(Block::all(&format!("height 0\n{{\"header\": \"{GENESIS}\"}}")), std::slice::from_ref(&block));
        assert_eq!(Block::parse(&block.hex()), Some(block));
    }

    #[test]
    fn a_header_without_its_work_is_none() {
        for at in [0, 8, 70, 140, 159] {
            let mut other = GENESIS.to_owned().into_bytes();
            other[at] = if other[at] == b'3' { b'4' } else { b'3' };
            assert_eq!(Block::parse(std::str::from_utf8(&other).unwrap()), None, "digit {at}");
        }
        // An exponent beyond 32 bytes, the sign bit, and no target at all.
        for bits in ["ffffff21", "ffff801d", "0000001d", "ffffff02"] {
            assert_eq!(Block::parse(&GENESIS.replace("ffff001d", bits)), None, "{bits}");
        }
    }

    #[test]
    fn a_proof_grows_where_its_promise_is_and_is_written_as_it_was_read() {
        let mut promise = vec![0xf0, 2, 7, 7, 0x08, 0xff, 0xf1, 1, 9, 0x00];
        Attestation::Pending("http://a.example".into()).put(&mut promise);
        promise.push(0x00);
        Attestation::Pending("http://b.example".into()).put(&mut promise);
        let mut proof = Proof::begin(b"data", &promise).unwrap();
        assert_eq!(Proof::parse(&proof.bytes()).as_ref(), Ok(&proof));
        assert_eq!((proof.is_of(b"data"), proof.is_of(b"date")), (Ok(()), Err(ProofError::OtherBytes)));
        let all = proof.attestations();
        assert_eq!(all.len(), 2);
        let mut answer = vec![0x08, 0x00];
        Attestation::Bitcoin(300_000).put(&mut answer);
        let (message, at) = all.iter().find(|(_, one)| *one == Attestation::Pending("http://b.example".into())).unwrap();
        let Attestation::Pending(address) = at else { unreachable!() };
        assert_eq!(proof.grow(b"another", address, &answer), Ok(false));
        assert_eq!(proof.grow(message, address, &answer), Ok(true));
        assert_eq!(proof.grow(message, address, &answer), Ok(false), "the same again is no news");
        let count = |proof: &Proof| {
            let all = proof.attestations();
            let blocks = all.iter().filter(|(_, one)| *one == Attestation::Bitcoin(300_000)).count();
            (blocks, all.iter().filter(|(_, one)| matches!(one, Attestation::Pending(_))).count())
        };
        assert_eq!(count(&proof), (1, 2));
        assert_eq!(Proof::parse(&proof.bytes()).as_ref(), Ok(&proof));
        // Another block keeps no promise; this one that of calendar b.
        let mut header = [0; 80];
        proof.settle(&Block(header));
        assert_eq!(count(&proof), (1, 2));
        let (root, _) = proof.attestations().into_iter().find(|(_, one)| *one == Attestation::Bitcoin(300_000)).unwrap();
        header[36..68].copy_from_slice(&root);
        proof.settle(&Block(header));
        assert_eq!(count(&proof), (1, 1));
        assert_eq!(proof.in_block(&Block(header)), Some(300_000));
        assert_eq!(Proof::parse(&proof.bytes()), Ok(proof));
    }

    #[test]
    fn what_is_as_large_as_it_may_be_is_read() {
        let large = |size: usize| Proof::parse(&[MAGIC, &vec![0; size - MAGIC.len()][..]].concat());
        assert!(large(FILE).is_err_and(|error| error != ProofError::TooLarge));
        assert_eq!(large(FILE + 1), Err(ProofError::TooLarge));
        let answer = |size: usize| Proof::begin(b"data", &vec![0xf2; size]);
        assert!(answer(FILE).is_err_and(|error| error != ProofError::TooLarge));
        assert_eq!(answer(FILE + 1), Err(ProofError::TooLarge));
        // 32 bytes of a digest, and what is added to them.
        let longer = |by: usize| {
            let mut answer = vec![0xf0, (by % 128) as u8 | 0x80, (by / 128) as u8];
            answer.extend(vec![7; by]);
            answer.push(0x00);
            Attestation::Bitcoin(1).put(&mut answer);
            Proof::begin(b"data", &answer).map(|proof| proof.attestations().len())
        };
        assert_eq!(longer(MESSAGE - 32), Ok(1));
        assert_eq!(longer(MESSAGE - 31), Err(ProofError::Malformed("a message is too long")));
    }

    #[test]
    fn an_answer_that_makes_a_proof_too_deep_or_too_large_is_refused_and_changes_nothing() {
        let mut promise = vec![0x08; 200];
        promise.push(0x00);
        Attestation::Pending("http://a.example".into()).put(&mut promise);
        let before = Proof::begin(b"data", &promise).unwrap();
        let (message, _) = before.attestations().remove(0);
        let ending = |steps: Vec<u8>| {
            let mut answer = [steps, vec![0x00]].concat();
            Attestation::Bitcoin(1).put(&mut answer);
            answer
        };
        let fork: Vec<u8> =
            (0..5000_u16).flat_map(|nth| [&[0xff, 0xf0, 2][..], &nth.to_be_bytes(), &ending(vec![])].concat()).collect();
        let long = ending([&[0xf0, 0x80, 0x20], &[7; 4096][..]].concat().repeat(16));
        for (steps, why) in [
            (ending(vec![0xf2; 100]), ProofError::Malformed("it is too deep")),
            (ending(fork), ProofError::TooLarge),
            (long, ProofError::TooLarge),
        ] {
            let mut proof = before.clone();
            assert_eq!(proof.grow(&message, "http://a.example", &steps), Err(why));
            assert_eq!(proof, before);
        }
    }

    #[test]
    fn an_answer_is_put_to_one_place_however_many_wait_for_it() {
        let mut promise = Vec::new();
        for nth in 0..1000 {
            promise.extend(if nth < 999 { &[0xff, 0xf2, 0x00][..] } else { &[0xf2, 0x00] });
            Attestation::Pending("http://a.example".into()).put(&mut promise);
        }
        let mut proof = Proof::begin(b"data", &promise).unwrap();
        let (message, _) = proof.attestations().remove(0);
        let mut answer = Vec::new();
        for nth in 0..500_u16 {
            answer.extend([&[0xff, 0xf0, 2][..], &nth.to_be_bytes(), &[0x08, 0x00]].concat());
            Attestation::Bitcoin(1).put(&mut answer);
        }
        answer.push(0x00);
        Attestation::Bitcoin(2).put(&mut answer);
        assert_eq!(proof.grow(&message, "http://a.example", &answer), Ok(true));
        assert_eq!(proof.attestations().len(), 1501);
    }

    #[test]
    fn a_target_without_a_sign_and_of_something_is_one() {
        let with = |bits: [u8; 4]| {
            let mut block = Block::parse(GENESIS).unwrap();
            block.0[72..76].copy_from_slice(&bits);
            block.target()
        };
        assert_eq!(with([1, 2, 3, 3]).map(|target| target[..4].to_vec()), Some(vec![1, 2, 3, 0]));
        assert_eq!((with([1, 2, 0x83, 3]), with([0, 0, 0, 3]), with([1, 2, 3, 2])), (None, None, None));
    }

    #[test]
    fn a_block_attests_only_what_leads_to_its_root() {
        let block = Block::parse(GENESIS).unwrap();
        let mut attested = vec![0x00];
        Attestation::Bitcoin(0).put(&mut attested);
        let of = |digest: &[u8]| Proof::parse(&[MAGIC, &[1, 0x08][..], digest, &attested[..]].concat()).unwrap();
        assert_eq!(of(block.root()).in_block(&block), Some(0));
        assert_eq!(of(&[7; 32]).in_block(&block), None);
    }

    /// An answer may go a way that the proof goes already.
    #[test]
    fn an_answer_that_grows_a_known_way_is_news() {
        let mut promise = vec![0xff, 0x00];
        Attestation::Pending("http://a.example".into()).put(&mut promise);
        promise.extend([0x08, 0x00]);
        Attestation::Bitcoin(1).put(&mut promise);
        let mut proof = Proof::begin(b"data", &promise).unwrap();
        let mut answer = vec![0x08, 0x00];
        Attestation::Bitcoin(2).put(&mut answer);
        let (message, _) = proof.attestations().into_iter().find(|(_, one)| matches!(one, Attestation::Pending(_))).unwrap();
        assert_eq!(proof.grow(&message, "http://a.example", &answer), Ok(true));
        assert_eq!(proof.grow(&message, "http://a.example", &answer), Ok(false));
        assert_eq!(proof.attestations().len(), 3);
    }

    /// Proofs for another chain use a digest of their own: what follows from it is kept, and proves nothing here.
    #[test]
    fn a_digest_of_another_chain_is_kept() {
        let mut bytes = [MAGIC, &[1, 0x08][..], &[7; 32], &[0x67, 0x00][..]].concat();
        Attestation::Bitcoin(9).put(&mut bytes);
        let proof = Proof::parse(&bytes).unwrap();
        assert_eq!(proof.bytes(), bytes);
    }

    #[test]
    fn a_digest_of_a_weaker_kind_proves_nothing() {
        for by in [Step::Sha1, Step::Ripemd160] {
            let digest = by.of(b"data").unwrap();
            let proof = Proof { by, digest, node: Node { attestations: vec![Attestation::Bitcoin(1)], steps: Vec::new() } };
            assert_eq!(Proof::parse(&proof.bytes()).unwrap().is_of(b"data"), Err(ProofError::OtherBytes));
        }
    }

    #[test]
    fn what_is_cut_or_goes_on_is_no_proof() {
        let mut answer = vec![0xf0, 2, 7, 7, 0x08, 0x00];
        Attestation::Bitcoin(1).put(&mut answer);
        let bytes = Proof::begin(b"data", &answer).unwrap().bytes();
        for end in 0..bytes.len() {
            assert!(Proof::parse(&bytes[..end]).is_err(), "{end}");
        }
        assert!(Proof::parse(&[&bytes[..], &[0]].concat()).is_err());
        let deep = vec![0x08; 10_000];
        assert_eq!(Proof::begin(b"data", &deep), Err(ProofError::Malformed("it is too deep")));
    }
}
