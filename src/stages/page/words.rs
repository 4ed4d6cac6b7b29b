//! All words of the pages that are ours, as tables.

/// What a table says of a key.
pub(super) fn word<'a>(table: &[(&str, &'a str)], key: &str) -> Option<&'a str> {
    table.iter().find(|(known, _)| *known == key).map(|(_, word)| *word)
}

/// Months, January first.
pub(super) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// Directions, from north clockwise.
pub(super) const COMPASS: [&str; 8] = ["north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"];

/// The sections of an exhibit's page, in order.
pub(super) const SECTIONS: [&str; 9] = [
    "Where it was mentioned",
    "What is claimed, and what the file says",
    "Tries to obtain it",
    "How it was fetched",
    "What the file says of itself",
    "Custody",
    "Digests",
    "What proves it",
    "Its limits",
];

/// What an exhibit is.
pub(super) const KINDS: &[(&str, &str)] =
    &[("video", "a video"), ("image", "a picture"), ("audio", "a sound recording"), ("post", "a post"), ("page", "a web page")];

/// What a file is to the exhibit's item.
pub(super) const ROLES: &[(&str, &str)] = &[
    ("original", ""),
    ("page", " (the page, not the footage on it)"),
    ("sidecar", " (a file that came with the footage)"),
    ("rendered-page", " (a page as a browser drew it)"),
    ("screenshot", " (a browser’s picture of a page)"),
    ("pdf", " (a page as a PDF)"),
    ("derived", " (made from parts that are kept, too)"),
];

/// Pictures that a browser can show without letting them act.
pub(super) const SHOWN_IMAGES: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"];

/// How a report refers to it.
pub(super) const FORMS: &[(&str, &str)] =
    &[("embedded", "shown on the page itself"), ("linked", "behind a link"), ("described", "told in words only")];

/// How a try was made.
pub(super) const METHODS: &[(&str, &str)] = &[
    ("local", "read from a file that lay beside the report"),
    ("http", "asked for directly on the web"),
    ("handed-over", "handed over by a person"),
    ("yt-dlp", "obtained with yt-dlp, a program of others"),
    ("chromium", "as a browser showed it"),
    ("hls", "put together from a stream’s parts (HLS)"),
    ("dash", "put together from a stream’s parts (DASH)"),
    ("wayback", "a copy that the Wayback Machine holds: a third party’s"),
    ("save-page-now", "saved by the Wayback Machine at our request: a third party’s copy"),
];

/// Tries that ask a third party for its copy.
pub(super) const THIRD: &[&str] = &["wayback", "save-page-now"];

/// Tries that use no network.
pub(super) const OFFLINE: &[&str] = &["local", "handed-over"];

/// A value that the record does not have.
pub(super) const NOT_RECORDED: &str = "<span class=\"absent\">not recorded</span>";

/// What came of a try.
pub(super) const OUTCOMES: &[(&str, &str)] = &[
    ("ok", "obtained"),
    ("gone", "gone"),
    ("removed-by-platform", "removed by the platform"),
    ("removed-by-user", "removed by the account"),
    ("private", "private"),
    ("login-wall", "behind a login"),
    ("age-gated", "behind an age gate"),
    ("geo-blocked", "blocked for the place that was asked from"),
    ("blocked", "refused by the server"),
    ("placeholder", "something else in its place"),
    ("timeout", "no answer in time"),
    ("refused-by-policy", "not asked"),
    ("error", "failed"),
];

/// What an outcome means, where its word does not say it.
pub(super) const OUTCOME_NOTES: &[(&str, &str)] = &[
    ("gone", "(it was not there)"),
    ("placeholder", "(what came was not what was meant)"),
    ("refused-by-policy", "(the program’s own rules forbid this address)"),
];

/// Whether the bytes are all there were.
pub(super) const COMPLETENESS: &[(&str, &str)] = &[
    ("complete", "all that was announced arrived, and the file ends where it should"),
    ("partial", "a part, by intention"),
    ("truncated", "the bytes stop before their end"),
    ("unverifiable", "nothing tells where the end should be"),
];

/// The same, in a table.
pub(super) const COMPLETENESS_SHORT: &[(&str, &str)] = &[
    ("complete", "all that was announced arrived"),
    ("partial", "a part, by intention"),
    ("truncated", "the bytes stop before their end"),
    ("unverifiable", "nothing tells where the end should be"),
];

/// Reason phrases of HTTP.
pub(super) const STATUS: &[(&str, &str)] = &[
    ("200", "OK"),
    ("206", "Partial Content"),
    ("301", "Moved Permanently"),
    ("302", "Found"),
    ("307", "Temporary Redirect"),
    ("308", "Permanent Redirect"),
    ("401", "Unauthorized"),
    ("403", "Forbidden"),
    ("404", "Not Found"),
    ("410", "Gone"),
    ("429", "Too Many Requests"),
    ("451", "Unavailable For Legal Reasons"),
    ("500", "Internal Server Error"),
    ("502", "Bad Gateway"),
    ("503", "Service Unavailable"),
    ("504", "Gateway Timeout"),
];

/// Properties of claims, in the order of the page.
pub(super) const PROPERTIES: &[&str] = &["date", "location", "uploader", "source", "credit", "event", "same_footage"];

/// Properties of claims, as people say them.
pub(super) const LABELS: &[(&str, &str)] = &[
    ("date", "Date"),
    ("location", "Place"),
    ("uploader", "Who posted it"),
    ("source", "Source"),
    ("credit", "Credit"),
    ("event", "What it shows"),
    ("same_footage", "May be the same footage as"),
];

/// Facts of a file, in the order of the page.
pub(super) const FACTS: &[(&str, &str)] = &[
    ("mime", "Type, read from the bytes"),
    ("width", "Width in pixels"),
    ("height", "Height in pixels"),
    ("duration", "Duration"),
    ("video_codec", "Picture codec"),
    ("audio_codec", "Sound codec"),
    ("captured", "Time the picture was taken, as written"),
    ("offset", "Its time zone, as written"),
    ("creation_time", "Creation time of the container"),
    ("lat", "Latitude"),
    ("lon", "Longitude"),
    ("alt", "Altitude"),
    ("make", "Maker of the device"),
    ("model", "Model of the device"),
    ("software", "Software"),
    ("orientation", "Orientation"),
    ("rotation", "Rotation asked of the player"),
];

/// Facts that are told even when the file does not have them.
pub(super) const ALWAYS: &[&str] = &["mime", "captured", "creation_time", "lat", "lon", "make", "model", "software"];

/// Kinds of log entries.
pub(super) const KIND_LONG: &[(&str, &str)] = &[
    ("case-opened", "The case was opened"),
    ("report-received", "The report came in"),
    ("item-identified", "What the report means was given an identity"),
    ("reference-found", "The mention was found in the report"),
    ("claim-made", "A claim was recorded"),
    ("permission-given", "A host was permitted to be asked"),
    ("object-kept", "The bytes were stored under their SHA-256"),
    ("capture-made", "A try to obtain it was recorded"),
    ("exhibit-admitted", "It was admitted to the case as an exhibit"),
    ("examination-made", "The file was examined"),
    ("note-added", "A person added a note"),
    ("value-erased", "A recorded value was erased by law; its seal stays"),
    ("fixity-checked", "The bytes were digested again and compared"),
    ("handling-set", "A person said how it is to be handled"),
    ("object-purged", "The bytes were removed by law"),
    ("anchor-made", "A third party attested the log"),
    ("key-changed", "Another key signs from now on"),
    ("key-revoked", "A key was revoked"),
    ("transfer-made", "It left the case in an export"),
    ("package-received", "It came in a package of somebody else"),
    ("object-restored", "Bytes that were missing or altered were put back from a copy"),
];

/// The same, in the picture.
pub(super) const KIND_SHORT: &[(&str, &str)] = &[
    ("object-kept", "Bytes stored"),
    ("capture-made", "Tried to obtain it"),
    ("exhibit-admitted", "Admitted as an exhibit"),
    ("examination-made", "File examined"),
    ("note-added", "Note added"),
    ("value-erased", "Value erased by law"),
    ("fixity-checked", "Bytes checked"),
    ("handling-set", "Handling set"),
    ("object-purged", "Bytes removed by law"),
    ("anchor-made", "Log attested by a third party"),
    ("key-changed", "Signing key changed"),
    ("key-revoked", "Signing key revoked"),
    ("transfer-made", "Left the case in an export"),
    ("package-received", "Came in a package"),
    ("claim-made", "Claim recorded"),
    ("permission-given", "Host permitted"),
    ("object-restored", "Bytes put back from a copy"),
];

/// Kinds that the picture leaves out, or shows from elsewhere.
pub(super) const UNSEEN: &[&str] = &["capture-made", "case-opened", "report-received", "item-identified", "reference-found"];

/// What a check of the bytes said.
pub(super) const FIXITY: &[(&str, &str)] = &[
    ("confirmed", "they are the same"),
    ("altered", "they are <strong>not the same</strong>"),
    ("missing", "they were <strong>missing</strong>"),
];

/// How the bytes were digested for a check.
pub(super) const DEPTHS: &[(&str, &str)] = &[("quick", "BLAKE3"), ("full", "SHA-256")];

/// What a sealed field holds.
pub(super) const SEALED: &[(&str, &str)] = &[
    ("person", "who acted, or who claims"),
    ("name", "file names, and where the report was read from"),
    ("claim", "what is claimed, with its words and how they were understood"),
    ("quote", "the words of the report"),
    ("caption", "captions"),
    ("credit", "credits"),
    ("hedges", "words of doubt or support"),
    ("title", "titles of reports"),
    ("publisher", "publishers of reports"),
    ("text", "texts of notes"),
    ("exchange", "requests and answers, addresses and certificates"),
    ("location", "the position that the file states"),
    ("device", "the device and software that the file names"),
    ("authors", "authors of reports"),
    ("reason", "why something is handled as it is"),
    ("recipient", "to whom it was handed on"),
    ("purpose", "what it was handed on for"),
    ("published_as_written", "dates as reports print them"),
    ("authority", "who ordered that bytes be erased"),
    ("second", "the second person who agreed to it"),
];

/// The notice at the head of every page.
pub(super) const HANDLING: &str = "\
    <strong>Handle with care.</strong> This record is about violence. It can name people and places that need protection, and \
    people in it may not have agreed to being shown. Do not publish it, or pass it on, without the person who gave it to you.";

/// Before the bytes are shown.
pub(super) const MEDIA_NOTE: &str = "\
    You do not need to see it to read or check this record. It may show injury or death. \
                                        Sound is as recorded.";

/// Before the table of claims.
pub(super) const CLAIMS_NOTE: &str = "\
    <p>A claim is what somebody says. It is not a finding of this record. Beside it stands what the file itself says on the \
    same matter, and whether the two can be compared.</p>\n";

/// After it: how they are compared.
pub(super) const CLAIMS_RULE: &str = "\
    <p class=\"note\">How they are compared. Dates: agree if the file’s day lies in the claimed span; a time in UTC that would \
    fit in some time zone is not called a difference. Places: agree within the precision of the claim plus 100 m; differ \
    beyond ten times that precision, and more than 1 km; everything between is left open. Times and positions in a file can be \
    wrong, set by copying or changed by hand: agreement is no proof, and difference no disproof.</p>\n";

/// Before what the file says of itself.
pub(super) const FACTS_NOTE: &str = "<p>These are the file’s own words. Whoever had the file could have changed them.</p>\n";

/// Before custody.
pub(super) const CUSTODY_NOTE: &str = "\
    <p>What happened to it, by the clock of the machine that wrote each entry. An entry is in the log for good: it can be \
    added to and not changed unseen.</p>\n";

/// After the digests.
pub(super) const DIGESTS_NOTE: &str = "\
    <p>A digest is a number made from every byte of the file. Another file with the same digest is not known and not to be \
    expected. Compare: <code>sha256sum</code> and <code>b3sum</code> print them.</p>\n";

/// Before what proves it.
pub(super) const PROOF_NOTE: &str = "\
    <p>Every step was written as an entry into a log that only grows. One number, the root, stands for all entries and their \
    order, and the key of the case signs it. The proof files show that the entries of this record are under that root.</p>\n";

/// Before what is mentioned and not in the selection.
pub(super) const MISSING_NOTE: &str = "<p>From reports that were exported whole. The order is that of the report.</p>\n";

/// Before the collection technical report.
pub(super) const TECHNICAL_NOTE: &str = "\
    <p>How the material was collected, so that another can judge the method (after the Berkeley Protocol on Digital Open \
    Source Investigations).</p>\n";

/// Where no report was exported whole.
pub(super) const NOT_WHOLE: &str = "<p>No report was exported whole, so this page cannot say what else was mentioned.</p>\n";

/// What a record cannot show.
pub(super) const LIMITS: &[&str] = &[
    "The log proves that nothing changed <em>since</em> it was recorded. It does not prove that it is true.",
    "It cannot show that the footage was not staged, fabricated or altered <em>before</em> it was obtained.",
    "Times, places and devices in a file can be edited, and are often changed by platforms that copy it.",
    "The claims are those of the reports and people named beside them. They are not ours, and being recorded here does not \
        confirm them.",
    "That somebody is named as having filmed or posted it does not show who did.",
    "A try that failed shows that it could not be obtained then, from there. It does not show that it never existed, or why \
        it is gone.",
    "What is not known is called not known: “not recorded” means that the record has no value, “withheld” that any value \
        was left out of this copy.",
    "Until a proof from outside covers the log, its order and times rest on the word of whoever holds the key.",
];

/// What stands at the head of a paper that nobody has signed.
pub(super) const UNSIGNED: &str = "Not signed. A program made this form; it certifies nothing. It must be read, corrected and \
     signed by a person who can answer for it in court.";

/// Who certifies.
pub(super) const CERTIFICATE_PERSON: &[&str] = &[
    "Name",
    "Position and organisation",
    "Address for contact",
    "Training and experience with digital evidence",
    "What I did myself in this process",
];

/// The process, as the program carries it out.
pub(super) const CERTIFICATE_PROCESS: &[&str] = &[
    "While a file was taken into the archive, the SHA-256 digest of its bytes was computed, before it was named there or examined. \
     What another program fetched or joined (see “How”) was digested when that program had ended. SHA-256 (FIPS \
     180-4) is a fixed number for given bytes; no two different files with the same SHA-256 are known.",
    "The digest, the time by the clock of the collecting computer, and the way by which the file was obtained were written into a \
     log to which one can only add. Each state of the log is signed (Ed25519); an entry that is changed later no longer fits its signature.",
    "The files are kept under their digests and are not written to again.",
    "When this copy was made, every file was read again from the archive, its SHA-256 computed, and compared with the recorded one. A file \
     that differed would have stopped the copy.",
    "The manifest of this copy lists the SHA-256 and SHA-512 of every file in it. data/HOW-TO-CHECK.md says how anybody can \
     compare them with common tools.",
];

/// What a certificate of copying cannot reach.
pub(super) const CERTIFICATE_UNSAID: &[&str] = &[
    "Whether the footage shows what is claimed of it, where, when, or who made it.",
    "Whether the file was altered or made up before it was obtained.",
    "Whether the clock of the collecting computer was right, beyond what timestamps from outside attest.",
];

pub(super) const CERTIFICATE_STATEMENT: &str = "I am qualified by what is stated in part 1. The files listed in part 2 are \
     copies of data that was identified by the process described in part 3. I have compared their SHA-256 digests with those listed, \
     on the date below, and found that they [ ] all agree [ ] differ as noted here: <span class=\"blank\"></span> I declare \
     under penalty of perjury under the laws of the United States of America that the foregoing is true and correct. (28 U.S.C. § 1746; \
     “under the laws of the United States of America” is needed only if signed outside of the United States.)";

/// What a declaration is asked to tell, by part.
pub(super) const DECLARATION_ASKED: [(&str, &[&str]); 4] = [
    ("Who declares", &["Name, or the name to be used here", "Occupation and organisation", "Languages"]),
    (
        "How I came by it",
        &[
            "From whom, or from which address",
            "On which date, at what time, in what place",
            "By what device or program",
            "What I know of who made it, and how I know it",
            "What I was told about what it shows, and by whom",
        ],
    ),
    (
        "What was done with it since",
        &[
            "Where and how I kept it",
            "Who else had access",
            "Changes that I made or know of (cuts, names, formats)",
            "When and to whom I handed it over",
        ],
    ),
    (
        "Safety and consent",
        &["Risks to persons who are seen, heard or named", "Consent given, by whom and for what", "What must not be made public"],
    ),
];

pub(super) const DECLARATION_STATEMENT: &str = "What is written above is true to the best of my knowledge. I know that it may be \
     used in proceedings, and that I may be asked about it.";
