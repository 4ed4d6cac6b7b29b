//! Names of nodes: UUIDs of version 5 (RFC 9562), so that the same thing has the same name in every export.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::{Digest as _, Sha1};

/// A UUID as 16 bytes.
pub(super) type Uuid = [u8; 16];

/// RFC 9562, appendix A.
const URL: Uuid = [0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];

/// What RFC 3986 leaves as it is, and the slash.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The UUID of a name in a namespace.
pub(super) fn v5(namespace: &Uuid, name: &str) -> Uuid {
    let digest = Sha1::new().chain_update(namespace).chain_update(name).finalize();
    let mut uuid = [0; 16];
    uuid.copy_from_slice(&digest[..16]);
    uuid[6] = uuid[6] & 0x0f | 0x50;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    uuid
}

/// `7fde840d-3fe4-53e7-9723-ea5653da1c7b`
pub(super) fn written(uuid: &Uuid) -> String {
    let hex = hex::encode(uuid);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The UUID that a node's name ends with.
pub(super) fn of_name(name: &str) -> Uuid {
    let digits: String = name.chars().rev().take(36).filter(|letter| *letter != '-').collect();
    let digits: String = digits.chars().rev().collect();
    let mut uuid = [0; 16];
    // Names are made by this file alone, and end with one.
    let _ = hex::decode_to_slice(digits, &mut uuid);
    uuid
}

/// The prefix of a case's nodes, and their namespace.
pub(super) fn of_case(origin: &str) -> (String, Uuid) {
    let prefix = format!("urn:exhibit:{}:", utf8_percent_encode(origin, KEPT));
    let namespace = v5(&URL, &prefix);
    (prefix, namespace)
}

/// Equal digests are one node everywhere.
pub(super) fn of_hash(sha256: &str) -> String {
    format!("kb:Hash-{}", written(&v5(&URL, &format!("urn:hash::sha256:{sha256}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_uuid_that_others_give_it() {
        // python3 -c "import uuid; print(uuid.uuid5(uuid.NAMESPACE_URL, 'urn:exhibit:exhibit.case/ab:'))"
        let (prefix, namespace) = of_case("exhibit.case/ab");
        assert_eq!(prefix, "urn:exhibit:exhibit.case/ab:");
        assert_eq!(of_name(&format!("kb:File-{}", written(&namespace))), namespace);
        assert_eq!(written(&v5(&URL, "urn:exhibit:exhibit.case/ab:")), "eddca765-7fe3-579f-9581-d7f62bddd00f");
    }
}
