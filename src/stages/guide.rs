//! How to check a bag, for people who do not have exhibit: commands that are right for this very bag.

use super::anchor::ending_of;
use super::profile::Profile;
use crate::evidence::Time;
use crate::ledger::{BAG_NAMESPACE, PublicKey};
use crate::vault::{AnchorRow, ExhibitRow, Published};

/// What a bag's guide depends on.
pub(super) struct Guide<'a> {
    pub exhibits: &'a [ExhibitRow],
    pub head: &'a Published,
    pub profile: &'a Profile,
    pub key: &'a PublicKey,
    pub signed: bool,
    pub whole: bool,
    pub warc: bool,
    pub wacz: bool,
    pub anchors: &'a [AnchorRow],
    pub erased: bool,
}

/// Commands that are right for this very bag, to be typed in its own directory. A test runs each of them.
pub(super) fn how_to_check(bag: &Guide<'_>) -> String {
    let list: String = bag
        .exhibits
        .iter()
        .take(100)
        .map(|exhibit| {
            format!(
                "- {}: SHA-256 `{}`, {} bytes, {}, log entry {}\n",
                exhibit.id, exhibit.sha256, exhibit.size, exhibit.media_type, exhibit.entry
            )
        })
        .collect();
    let more = match bag.exhibits.len().saturating_sub(100) {
        0 => String::new(),
        more => format!("- and {more} more: see `data/record/index.html`\n"),
    };
    let head = &bag.head.checkpoint;
    let (key, fingerprint) = (bag.key.to_string(), bag.key.fingerprint());
    let who = if bag.signed {
        format!(
            "Ask the sender, by a way that does not come with this bag, for the fingerprint of their key. It should be\n\n    {fingerprint}\n\nOnly then:\n\n```\necho 'exhibit namespaces=\"{BAG_NAMESPACE}\" {key}' > /tmp/allowed_signers\nssh-keygen -Y verify -f /tmp/allowed_signers -I exhibit -n {BAG_NAMESPACE} -s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt\n```\n\nIt prints `Good \"{BAG_NAMESPACE}\" signature`. The key in this file proves nothing by itself: whoever forged the bag would have\nforged this line.\n"
        )
    } else {
        "This bag is not signed: the key was not at hand when it was made. Compare the SHA-256 of `tagmanifest-sha256.txt` with the\nsender, by a way that does not come with this bag.\n".to_owned()
    };
    let mut told = format!(
        "# How to check this bag\n\nIt holds {count} from the case `{origin}`:\n\n{list}{more}\nAll commands run in the bag's own directory, with common tools. `exhibit` is not needed. For people:\n`data/record/index.html`.\n\n## 1. The bytes are complete and unchanged\n\n```\nsha256sum -c --strict --quiet manifest-sha256.txt\nsha256sum -c --strict --quiet tagmanifest-sha256.txt\n```\n\nBoth print nothing. `bagit.py --validate .` (PyPI: bagit) checks the same, and that nothing was added.\n\n## 2. Who sealed it\n\n{who}\n## 3. It is in the log\n\n```\npython3 data/log/verify_case.py . --key '{key}'\n```\n\nIt prints `verdict: {verdict}`. It checks the files again, and that every entry in `data/log/entries.jsonl` is in the log of\n{size} entries whose root is\n`{root}`,\nsigned by that key, and that every value at hand is the one that was committed to when the entry was made. The short form of\nthat head is `{short}`: compare it with one that was noted, printed or mailed earlier, if you have one.\n\n",
        count = match bag.exhibits.len() {
            0 => "a report's record".to_owned(),
            1 => "one exhibit".to_owned(),
            many => format!("{many} exhibits"),
        },
        origin = head.origin,
        verdict = if bag.erased || !bag.signed { "amber" } else { "green" },
        size = head.size,
        root = hex::encode(head.root),
        short = head.fingerprint(),
    );
    let mut number = 3;
    let mut section = |title: &str, text: String| {
        number += 1;
        told.push_str(&format!("## {number}. {title}\n\n{text}\n\n"));
    };
    if bag.warc || bag.wacz {
        let mut text = Vec::new();
        if bag.warc {
            text.push("`data/capture/exchange.warc.gz` holds every request and answer, in the form that web archives use. Any WARC player replays\nit; warcio (PyPI) checks its digests:\n\n```\nwarcio check -v data/capture/exchange.warc.gz\n```");
        }
        if bag.wacz {
            text.push("`data/capture/exchange.wacz` holds every request and answer with an index and a list of pages, for web archive players.\nwacz (PyPI) checks its digests:\n\n```\nwacz validate -f data/capture/exchange.wacz\n```");
        }
        section("How it was obtained", text.join("\n\n"));
    }
    if !bag.anchors.is_empty() {
        let mut text = "Somebody outside attested the head of the log.".to_owned();
        for anchor in bag.anchors {
            text.push_str(&when(anchor));
        }
        section("When", text.trim_end().to_owned());
    }
    section(
        "As data",
        "`data/record/*.case.jsonld` say the same in CASE/UCO 1.5; case-utils (PyPI) reads and checks them.".to_owned(),
    );
    let withheld = match &bag.profile.withhold[..] {
        [] => String::new(),
        fields => format!(
            "Withheld from this bag: {}{}. The entries hold commitments to the values; whoever has a value and its salt can show\nthat it is the one.\n\n",
            fields.join(", "),
            if bag.profile.why.is_empty() { String::new() } else { format!(" ({})", bag.profile.why) }
        ),
    };
    let erased =
        if bag.erased { "Some bytes were erased by order before this bag was made; their records say so.\n\n" } else { "" };
    let left = if bag.whole {
        ""
    } else {
        " Only the named\nexhibits are here: what the reports mention besides, and tries that failed, stayed in the case."
    };
    let covered = if bag.anchors.is_empty() {
        "Until proofs from outside cover the log, whoever holds the key could have written the log anew."
    } else {
        "What is newer than the last proof from outside could have been written anew by whoever holds the key."
    };
    told + &format!(
        "## What this proves, and what not\n\n{withheld}{erased}It proves that these bytes and entries are what was recorded when the entries were made, and that they are in the log that\nthe key signed. The records in `data/record` say the same for people; `exhibit verify` compares them with the entries, the\ncommands above do not.{left} It does not prove that the footage shows what is claimed, nor that it was not fabricated before it was captured.\n{covered}\n"
    )
}

/// How one proof from outside is checked.
fn when(anchor: &AnchorRow) -> String {
    let AnchorRow { id, authority, time, size, .. } = anchor;
    let said = format!("\n\n{authority} said at {time} that the first {size} entries existed");
    let seconds = time.parse::<Time>().map_or(0, |time| time.micros() / 1_000_000);
    match ending_of(&anchor.way) {
        "tsr" => format!(
            "{said}. Get its root certificate from the authority\nitself, as `/tmp/root.pem`, and then:\n\n```\nopenssl ts -verify -attime {seconds} -data data/log/anchors/{id}.note -in data/log/anchors/{id}.tsr -CAfile /tmp/root.pem\n```"
        ),
        "ots" => format!(
            "\n\nA block of Bitcoin of {time} holds a digest of the head with the first {size} entries, through\n{authority}. opentimestamps-client (PyPI) shows the way from the SHA-256 of\n`data/log/anchors/{id}.note` to the block and its Merkle root, which any block explorer tells, too:\n\n```\nots info data/log/anchors/{id}.ots\n```\n\nWith a node of Bitcoin, `ots verify -f data/log/anchors/{id}.note data/log/anchors/{id}.ots` checks it in one step.\n`data/log/anchors/{id}.block` is the header of that block; its bytes 37 to 68 are the root."
        ),
        "cosigned" => format!(
            "{said} and that the log had only grown. Any\nimplementation of cosignatures (C2SP tlog-cosignature) checks `data/log/anchors/{id}.cosigned` with the witness's key,\nwhich you get from the witness itself."
        ),
        _ => format!("{said}, in a way that this version does not know: `data/log/anchors/{id}.token`."),
    }
}
