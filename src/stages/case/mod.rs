//! One exhibit's record as a CASE 1.5 graph in JSON-LD: the file, how it was obtained, by whom and with what, where it was
//! mentioned, what is claimed of it. `schema/exhibit-shapes.ttl` is the profile that it keeps.

mod graph;
mod ids;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use graph::{Graph, Members, compact, decimal, dictionary_entry, hash, inherent, refer, refer_all, sentences, time};

/// What the record alone does not say.
pub(super) struct Beside {
    /// Objects by digest: size, media type, path in the bag.
    pub objects: BTreeMap<String, (u64, String, Option<String>)>,
    /// Entries of captures: person, tool, agent, alterations, time.
    pub captures: BTreeMap<u64, Value>,
}

/// Who makes the programs that exhibit knows how to run. Not a fact of the case; any other program has no creator.
const CREATORS: [(&str, &str); 6] = [
    ("exhibit", "exhibit contributors"),
    ("yt-dlp", "yt-dlp contributors"),
    ("ffprobe", "FFmpeg developers"),
    ("ffmpeg", "FFmpeg developers"),
    ("exiftool", "Phil Harvey"),
    ("Chromium", "The Chromium Authors"),
];

/// Facts of a picture that have a name in EXIF.
const EXIF: [(&str, &str); 6] = [
    ("make", "Make"),
    ("model", "Model"),
    ("software", "Software"),
    ("captured", "DateTimeOriginal"),
    ("offset", "OffsetTimeOriginal"),
    ("orientation", "Orientation"),
];

/// Custody events that have a node of another kind, or go with one.
const TOLD_ELSEWHERE: [&str; 4] = ["object-kept", "capture-made", "examination-made", "note-added"];

const ACTION: &str = "case-investigation:InvestigativeAction";
const ANNOTATION: &str = "uco-core:Annotation";
const FILE: &str = "uco-observable:File";

fn text<'a>(of: &'a Value, member: &str) -> &'a str {
    of[member].as_str().unwrap_or_default()
}

/// A text that is known and says something.
fn there<'a>(of: &'a Value, member: &str) -> Option<&'a str> {
    of[member].as_str().filter(|text| !text.trim().is_empty())
}

fn list<'a>(of: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    of[member].as_array().into_iter().flatten()
}

fn is_address(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// Both numbers, and on the globe. Anything else stays in words.
fn place(of: &Value) -> Option<(f64, f64)> {
    let (lat, lon) = (of["lat"].as_f64()?, of["lon"].as_f64()?);
    ((-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon)).then_some((lat, lon))
}

/// A word of ActionStatusTypeVocab.
fn status(outcome: &str) -> &'static str {
    match outcome {
        "ok" => "Success",
        "error" | "timeout" => "Error",
        _ => "Fail",
    }
}

struct Telling<'a> {
    record: &'a Value,
    beside: &'a Beside,
    graph: Graph,
    withheld: Vec<&'a str>,
    custody: BTreeMap<u64, &'a Value>,
    /// Names of the exhibit's file, its record, the reports by id, and the actions.
    file: String,
    provenance: String,
    reports: BTreeMap<&'a str, String>,
    actions: Vec<String>,
}

/// The graph of one exhibit's record.
pub(super) fn case_graph(record: &Value, beside: &Beside) -> Value {
    let exhibit = &record["exhibit"];
    let (origin, id) = (text(&record["log"], "origin"), text(exhibit, "id"));
    let mut graph = Graph::new(origin);
    let bundle = graph.node(
        &["uco-core:Bundle"],
        id,
        vec![
            ("uco-core:name", json!(format!("Exhibit {id}"))),
            ("uco-core:description", json!(format!("Provenance of exhibit {id} of the case {origin}."))),
        ],
    );
    let investigation = graph.node(
        &["case-investigation:Investigation"],
        "case",
        vec![
            ("uco-core:name", json!(origin)),
            ("uco-core:description", json!(format!("The case {origin}: footage that reports mention, archived as evidence."))),
            ("case-investigation:focus", json!("Footage mentioned in reports")),
        ],
    );
    let provenance = graph.id("ProvenanceRecord", id);
    let file = graph.id("File", text(exhibit, "sha256"));
    let mut telling = Telling {
        record,
        beside,
        graph,
        withheld: list(record, "withheld").filter_map(Value::as_str).collect(),
        custody: list(record, "custody").filter_map(|event| Some((event["entry"].as_u64()?, event))).collect(),
        file,
        provenance,
        reports: BTreeMap::new(),
        actions: Vec::new(),
    };
    telling.exhibit();
    telling.reports();
    let after = telling.captures();
    telling.examinations(&after);
    telling.events(&after);
    telling.mentions();
    telling.claims();
    telling.notes();
    let Telling { mut graph, provenance, actions, .. } = telling;
    let done: Vec<String> = std::iter::once(provenance).chain(actions).collect();
    graph.set(&investigation, "uco-core:object", refer_all(&done));
    let others: Vec<String> = graph.names().into_iter().filter(|name| *name != bundle).collect();
    graph.set(&bundle, "uco-core:object", refer_all(&others));
    graph.finish()
}

/// What every kept file has.
fn file_facets(
    parent: &str,
    sha256: &str,
    (size, media_type, path): (u64, &str, Option<&str>),
    name: Option<&str>,
) -> Vec<Value> {
    let in_bag = path.and_then(|path| path.rsplit('/').next()).unwrap_or(sha256);
    vec![
        inherent(
            parent,
            "uco-observable:FileFacet",
            vec![
                ("uco-observable:fileName", json!(name.unwrap_or(in_bag))),
                ("uco-observable:filePath", json!(path)),
                ("uco-observable:sizeInBytes", json!(size)),
            ],
        ),
        inherent(
            parent,
            "uco-observable:ContentDataFacet",
            vec![
                ("uco-observable:mimeType", json!(media_type)),
                ("uco-observable:sizeInBytes", json!(size)),
                ("uco-observable:hash", json!([hash(sha256)])),
            ],
        ),
    ]
}

impl Telling<'_> {
    fn url(&mut self, url: &str) -> String {
        let name = self.graph.id("URL", url);
        let facet = inherent(&name, "uco-observable:URLFacet", vec![("uco-observable:fullValue", json!(url))]);
        self.graph.node(&["uco-observable:URL"], url, vec![("uco-core:hasFacet", json!([facet]))])
    }

    fn tool(&mut self, name: &str, version: &str, about: Option<String>) -> String {
        let creator = CREATORS.iter().find(|(known, _)| *known == name).map(|(_, creator)| {
            let members = vec![("uco-core:name", json!(creator))];
            refer(&self.graph.node(&["uco-identity:Organization"], creator, members))
        });
        let members: Members = vec![
            ("uco-core:name", json!(name)),
            ("uco-core:description", json!(about)),
            ("uco-tool:creator", json!(creator)),
            ("uco-tool:version", json!(version)),
        ];
        self.graph.node(&["uco-tool:Tool"], &format!("{name} {version}"), members)
    }

    /// Whoever acted. A person who is not named is said to be not named.
    fn person(&mut self, person: Option<&str>) -> String {
        if let Some(person) = person.filter(|person| !person.trim().is_empty()) {
            return self.graph.node(&["uco-identity:Person"], person, vec![("uco-core:name", json!(person))]);
        }
        let (name, about) = if self.withheld.contains(&"person") {
            ("withheld", "Whoever acted with the tool. The name, if one was recorded, is withheld from this export.")
        } else {
            ("not recorded", "Whoever acted with the tool. No name was recorded.")
        };
        self.graph.node(
            &["uco-identity:Identity"],
            name,
            vec![("uco-core:name", json!(name)), ("uco-core:description", json!(about))],
        )
    }

    /// Person and tool of an entry, and its time.
    fn acted(&mut self, entry: &Value) -> (String, String, String) {
        let entry = entry.as_u64().unwrap_or_default();
        let known = self.custody.get(&entry).copied();
        let logged = self.beside.captures.get(&entry);
        let person = known.map(|event| &event["person"]).or(logged.map(|logged| &logged["person"]));
        let person = person.and_then(Value::as_str).filter(|_| !self.withheld.contains(&"person"));
        let tool = known.map(|event| text(event, "tool")).or(logged.map(|logged| text(logged, "agent"))).unwrap_or_default();
        let when = known.or(logged).map(|event| text(event, "time")).unwrap_or_default().to_owned();
        let (name, version) = tool.rsplit_once(' ').unwrap_or((tool, ""));
        (self.person(person), self.tool(name, version, None), when)
    }

    fn location(&mut self, key: &str, name: String, about: String, at: (f64, f64), alt: Option<f64>) -> String {
        let parent = self.graph.id("Location", key);
        let facet = inherent(
            &parent,
            "uco-location:LatLongCoordinatesFacet",
            vec![
                ("uco-location:latitude", decimal(at.0)),
                ("uco-location:longitude", decimal(at.1)),
                ("uco-location:altitude", alt.map_or(Value::Null, decimal)),
            ],
        );
        let members: Members =
            vec![("uco-core:name", json!(name)), ("uco-core:description", json!(about)), ("uco-core:hasFacet", json!([facet]))];
        self.graph.node(&["uco-location:Location"], key, members)
    }

    /// What examinations read from a picture; the first that states a fact counts.
    fn picture_facets(&self, parent: &str, kind: &str) -> Vec<Value> {
        let fact = |name: &str| {
            let facts = list(self.record, "examinations").map(|made| &made["facts"][name]);
            facts.into_iter().find(|fact| !fact.is_null() && fact.as_str() != Some("")).cloned().unwrap_or_default()
        };
        let mut facets = vec![inherent(
            parent,
            "uco-observable:RasterPictureFacet",
            vec![
                ("uco-observable:pictureType", json!(kind)),
                ("uco-observable:pictureHeight", fact("height")),
                ("uco-observable:pictureWidth", fact("width")),
            ],
        )];
        let known = EXIF.iter().map(|(name, exif)| (*exif, fact(name))).filter(|(_, fact)| !fact.is_null());
        let known: Vec<(&str, String)> =
            known.map(|(exif, fact)| (exif, fact.as_str().map_or_else(|| fact.to_string(), str::to_owned))).collect();
        if !known.is_empty() {
            let mut facet = inherent(parent, "uco-observable:EXIFFacet", Vec::new());
            let mut words = inherent(text(&facet, "@id"), "uco-types:ControlledDictionary", Vec::new());
            let entries: Vec<Value> =
                known.iter().map(|(key, value)| dictionary_entry(text(&words, "@id"), key, value)).collect();
            words["uco-types:entry"] = json!(entries);
            facet["uco-observable:exifData"] = json!([words]);
            facets.push(facet);
        }
        facets
    }

    fn exhibit(&mut self) {
        let (exhibit, log) = (&self.record["exhibit"], &self.record["log"]);
        let (id, kind, sha256) = (text(exhibit, "id"), text(exhibit, "media_type"), text(exhibit, "sha256"));
        let held = (exhibit["size"].as_u64().unwrap_or_default(), kind, self.record["file"].as_str());
        let mut facets = file_facets(&self.file, sha256, held, there(exhibit, "name"));
        let picture = kind.strip_prefix("image/").filter(|kind| !kind.starts_with("svg"));
        let mut kinds = vec![FILE];
        if let Some(kind) = picture {
            kinds.push("uco-observable:RasterPicture");
            facets.extend(self.picture_facets(&self.file, kind));
        }
        self.graph.node(&kinds, sha256, vec![("uco-core:hasFacet", json!(facets))]);
        let entries: Vec<String> = list(log, "entries").map(ToString::to_string).collect();
        let described = sentences(vec![
            Some(format!(
                "Exhibit {id}: {}, {}, {}, captured {} ({})",
                text(exhibit, "kind"),
                text(exhibit, "role"),
                text(exhibit, "completeness"),
                text(exhibit, "captured"),
                text(exhibit, "capture")
            )),
            there(exhibit, "title").map(|title| format!("Title: “{title}”")),
            Some(format!("BLAKE3 {}", text(exhibit, "blake3"))),
            Some(format!(
                "Log {}, entries {}; tree of {} entries, root {}",
                text(log, "origin"),
                entries.join(", "),
                log["size"],
                text(log, "root")
            )),
            there(self.record, "erased").map(|reason| format!("The bytes were erased by order: {reason}")),
            (!self.withheld.is_empty()).then(|| format!("Withheld from this export: {}", self.withheld.join(", "))),
        ]);
        self.graph.node(
            &["case-investigation:ProvenanceRecord"],
            id,
            vec![
                ("case-investigation:exhibitNumber", json!(id)),
                ("uco-core:name", json!(format!("Exhibit {id}"))),
                ("uco-core:description", json!(described)),
                ("uco-core:object", json!([refer(&self.file)])),
            ],
        );
    }

    fn held(&self, sha256: &str) -> Option<(u64, &str, Option<&str>)> {
        self.beside.objects.get(sha256).map(|(size, kind, path)| (*size, kind.as_str(), path.as_deref()))
    }

    /// Reports that mention it.
    fn reports(&mut self) {
        for report in list(self.record, "reports") {
            let sha256 = text(report, "sha256");
            let name = self.graph.id("File", sha256);
            let (id, origin) = (text(report, "id"), there(report, "origin"));
            let facets =
                self.held(sha256).map(|held| file_facets(&name, sha256, held, origin.filter(|origin| !is_address(origin))));
            let from = origin.map(|origin| format!(" from {origin}")).unwrap_or_default();
            let described = sentences(vec![
                Some(format!("Report {id}, received {}{from}", text(report, "received"))),
                there(report, "publisher").map(|publisher| format!("Publisher: {publisher}")),
                there(report, "published").map(|published| format!("Published (EDTF): {published}")),
                there(report, "language").map(|language| format!("Language: {language}")),
            ]);
            let members: Members = vec![
                ("uco-core:name", json!(there(report, "title"))),
                ("uco-core:description", json!(described)),
                ("uco-core:tag", json!(["report"])),
                ("uco-core:hasFacet", json!(facets)),
            ];
            let name = self.graph.node(&[FILE], sha256, members);
            self.reports.insert(id, name);
        }
    }

    /// Attempts to obtain it, failures too. Gives the one that brought it.
    fn captures(&mut self) -> Vec<String> {
        let mut after = Vec::new();
        for capture in list(self.record, "captures") {
            let id = text(capture, "id");
            let (performer, own, _) = self.acted(&capture["entry"]);
            let mut tools = vec![own];
            let program = &capture["tool"];
            if program.is_object() {
                let about = there(program, "sha256").map(|digest| format!("SHA-256 of the program's file: {digest}."));
                tools.insert(0, self.tool(text(program, "name"), text(program, "version"), about));
            }
            let urls = [there(capture, "url"), there(capture, "final_url")];
            let urls: Vec<String> = urls.into_iter().flatten().filter(|url| is_address(url)).map(|url| self.url(url)).collect();
            let (asked, results) = self.brought(capture, urls);
            let tags = [
                "capture".to_owned(),
                format!("method:{}", text(capture, "method")),
                format!("outcome:{}", text(capture, "outcome")),
                format!("completeness:{}", text(capture, "completeness")),
                format!("route:{}", text(capture, "route")),
            ];
            let members: Members = vec![
                ("uco-core:name", json!(format!("Capture {id}"))),
                ("uco-core:description", json!(capture_words(capture))),
                ("uco-core:tag", json!(tags)),
                ("uco-action:actionStatus", json!(status(text(capture, "outcome")))),
                ("uco-action:startTime", time(text(capture, "started"))),
                ("uco-action:endTime", time(text(capture, "finished"))),
                ("uco-action:performer", refer(&performer)),
                ("uco-action:instrument", refer_all(&tools)),
                ("uco-action:object", refer_all(&asked)),
                ("uco-action:result", refer_all(&results)),
            ];
            let name = self.graph.node(&[ACTION], id, members);
            if text(&self.record["exhibit"], "capture") == id {
                after = vec![name.clone()];
            }
            self.actions.push(name);
        }
        after
    }

    /// What a capture was of, and what came of it.
    fn brought(&mut self, capture: &Value, urls: Vec<String>) -> (Vec<String>, Vec<String>) {
        let or = |names: Vec<String>| if urls.is_empty() { names } else { urls.clone() };
        let (id, exhibit) = (text(capture, "id"), &self.record["exhibit"]);
        match there(capture, "sha256") {
            Some(digest) if digest == text(exhibit, "sha256") => {
                (or(vec![self.file.clone()]), vec![self.provenance.clone(), self.file.clone()])
            }
            Some(digest) if self.beside.objects.contains_key(digest) => {
                let name = self.graph.id("File", digest);
                let facets = self.held(digest).map(|held| file_facets(&name, digest, held, None));
                let about = format!("Bytes of capture {id}; not exhibit {}.", text(exhibit, "id"));
                let members = vec![("uco-core:description", json!(about)), ("uco-core:hasFacet", json!(facets))];
                let name = self.graph.node(&[FILE], digest, members);
                (or(vec![name.clone()]), vec![name])
            }
            _ => {
                let asked = or(vec![self.provenance.clone()]);
                let outcome = text(capture, "outcome");
                let members: Members = vec![
                    ("uco-core:name", json!(format!("Outcome of {id}"))),
                    ("uco-core:description", json!(sentences(vec![Some(format!("{outcome}: {}", text(capture, "because")))]))),
                    ("uco-core:tag", json!(["outcome", outcome])),
                    ("uco-core:object", refer_all(&asked)),
                ];
                let name = self.graph.node(&[ANNOTATION], &format!("outcome {id}"), members);
                (asked, vec![name])
            }
        }
    }

    /// Examinations: the moment is that of their log entry, the only one there is.
    fn examinations(&mut self, after: &[String]) {
        let exhibit = &self.record["exhibit"];
        let (id, sha256) = (text(exhibit, "id"), text(exhibit, "sha256"));
        for made in list(self.record, "examinations") {
            let (performer, own, when) = self.acted(&made["entry"]);
            let (probe, version, entry, facts) =
                (text(made, "probe"), text(made, "probe_version"), &made["entry"], &made["facts"]);
            let mut about = vec![self.file.clone()];
            if let Some(at) = place(facts) {
                let alt = facts["alt"].as_f64();
                let key = format!(
                    "camera {sha256} {}",
                    compact(&json!({ "lat": facts["lat"], "lon": facts["lon"], "alt": facts["alt"] }))
                );
                let name = format!("Where the file of {id} says the camera was");
                let words = format!("Coordinates that the file of {id} states of itself, read by {probe} {version}.");
                about.push(self.location(&key, name, words, at, alt));
            }
            let mut tools = vec![own];
            if probe != "exhibit" {
                tools.insert(0, self.tool(probe, version, None));
            }
            let problems: Vec<&str> = list(made, "problems").filter_map(Value::as_str).collect();
            let described = sentences(vec![
                Some(format!("Facts as the file states them, read by probe {probe} {version}: {}", compact(facts))),
                (!problems.is_empty()).then(|| format!("Problems: {}", problems.join("; "))),
            ]);
            let members: Members = vec![
                ("uco-core:name", json!(format!("Examination of {id}, entry {entry}"))),
                ("uco-core:description", json!(described)),
                ("uco-core:tag", json!(["examination"])),
                ("uco-core:object", refer_all(&about)),
            ];
            let found = self.graph.node(&[ANNOTATION], &format!("examination {entry}"), members);
            let results: Vec<String> = std::iter::once(found).chain(about.into_iter().skip(1)).collect();
            let told = sentences(vec![
                Some(format!("File of {id} examined with probe {probe} {version}")),
                Some(format!("The time is that of log entry {entry}")),
            ]);
            let members: Members = vec![
                ("uco-core:name", json!(format!("Examination of {id}"))),
                ("uco-core:description", json!(told)),
                ("uco-core:tag", json!(["examination"])),
                ("uco-action:startTime", time(&when)),
                ("uco-action:endTime", time(&when)),
                ("uco-action:performer", refer(&performer)),
                ("uco-action:instrument", refer_all(&tools)),
                ("uco-action:object", json!([refer(&self.file)])),
                ("uco-action:result", refer_all(&results)),
                ("case-investigation:wasInformedBy", refer_all(after)),
            ];
            let name = self.graph.node(&[ACTION], &format!("entry {entry}"), members);
            self.actions.push(name);
        }
    }

    /// Every other event of its custody: the admission, later checks and so on.
    fn events(&mut self, after: &[String]) {
        let id = text(&self.record["exhibit"], "id");
        for event in list(self.record, "custody").filter(|event| !TOLD_ELSEWHERE.contains(&text(event, "kind"))) {
            let (performer, own, _) = self.acted(&event["entry"]);
            let (kind, entry) = (text(event, "kind"), &event["entry"]);
            let told = sentences(vec![
                Some(format!("Custody event {kind} of exhibit {id}")),
                Some(format!("The time is that of log entry {entry}")),
            ]);
            let members: Members = vec![
                ("uco-core:name", json!(format!("{kind} {id}"))),
                ("uco-core:description", json!(told)),
                ("uco-core:tag", json!([kind])),
                ("uco-action:startTime", time(text(event, "time"))),
                ("uco-action:endTime", time(text(event, "time"))),
                ("uco-action:performer", refer(&performer)),
                ("uco-action:instrument", json!([refer(&own)])),
                ("uco-action:object", json!([refer(&self.file)])),
                ("uco-action:result", json!([refer(&self.provenance)])),
                ("case-investigation:wasInformedBy", refer_all(after)),
            ];
            let name = self.graph.node(&[ACTION], &format!("entry {entry}"), members);
            self.actions.push(name);
        }
    }

    /// The exhibit's file, and the report that something is in.
    fn about(&self, report: Option<&str>) -> Vec<String> {
        std::iter::once(self.file.clone()).chain(report.and_then(|report| self.reports.get(report)).cloned()).collect()
    }

    fn mentions(&mut self) {
        for mention in list(self.record, "mentions") {
            let (id, report) = (text(mention, "id"), text(mention, "report"));
            let what = format!("{} {}", text(mention, "kind"), text(mention, "item"));
            let described = sentences(vec![
                Some(format!(
                    "Report {report} refers to {} ({}) at {}",
                    what.trim(),
                    text(mention, "form"),
                    text(mention, "locator")
                )),
                there(mention, "quote").map(|quote| format!("Words: “{quote}”")),
            ]);
            let members: Members = vec![
                ("uco-core:name", json!(format!("Reference {id}"))),
                ("uco-core:description", json!(described)),
                ("uco-core:tag", json!(["reference"])),
                ("uco-core:object", refer_all(&self.about(Some(report)))),
            ];
            self.graph.node(&[ANNOTATION], id, members);
        }
    }

    /// What is claimed of it. Never a finding.
    fn claims(&mut self) {
        for claim in list(self.record, "claims") {
            let (id, subject, property) = (text(claim, "id"), text(claim, "subject"), text(claim, "property"));
            let report =
                list(self.record, "mentions").find(|mention| text(mention, "id") == subject).map(|one| text(one, "report"));
            let by = match (text(claim, "by"), report, there(claim, "person")) {
                ("report", Some(report), _) => format!("report {report}"),
                ("person", _, Some(person)) => format!("person {person}"),
                (by, ..) => by.to_owned(),
            };
            let mut about = self.about(report);
            let reading = &claim["reading"];
            if let Some(at) = place(reading) {
                let relation = there(reading, "relation").map(|relation| format!("; the claim's place is “{relation}” it"));
                let words = format!(
                    "Not a finding: coordinates as claim {id} by {by} is read (precision {}{}).",
                    there(reading, "precision").unwrap_or("not stated"),
                    relation.unwrap_or_default()
                );
                let name = format!("Place claimed of {} ({id})", text(&self.record["exhibit"], "id"));
                about.push(self.location(&format!("claim {id}"), name, words, at, None));
            }
            let via = there(claim, "via").map(|via| format!(" via {via}")).unwrap_or_default();
            let hedges: Vec<String> = list(claim, "hedges").filter_map(Value::as_str).map(|hedge| format!("“{hedge}”")).collect();
            let described = sentences(vec![
                Some(format!("Claim {id} by {by} about {subject}; not a finding")),
                Some(
                    there(claim, "value").map_or(format!("{property}: withheld"), |value| format!("{property}: “{value}”{via}")),
                ),
                (!hedges.is_empty()).then(|| format!("Hedged with {}", hedges.join(", "))),
                there(claim, "quote").map(|quote| format!("Words: “{quote}”")),
                reading.is_object().then(|| format!("Read as {}", compact(reading))),
                Some(format!("Rule {}, status {}, log entry {}", text(claim, "rule"), text(claim, "status"), claim["entry"])),
            ]);
            let tags = [
                "claim".to_owned(),
                format!("property:{property}"),
                format!("by:{}", text(claim, "by")),
                format!("status:{}", text(claim, "status")),
            ];
            let members: Members = vec![
                ("uco-core:name", json!(format!("Claim {id}"))),
                ("uco-core:description", json!(described)),
                ("uco-core:tag", json!(tags)),
                ("uco-core:object", refer_all(&about)),
            ];
            self.graph.node(&[ANNOTATION], id, members);
        }
    }

    fn notes(&mut self) {
        let id = text(&self.record["exhibit"], "id");
        for note in list(self.record, "notes") {
            let author = self.person(there(note, "person"));
            let members: Members = vec![
                ("uco-core:name", json!(format!("Note on {id}, entry {}", note["entry"]))),
                ("uco-core:description", json!(there(note, "text").unwrap_or("The text of this note is withheld."))),
                ("uco-core:tag", json!(["note"])),
                ("uco-core:createdBy", refer(&author)),
                ("uco-core:objectCreatedTime", time(text(note, "time"))),
                ("uco-core:object", json!([refer(&self.file)])),
            ];
            self.graph.node(&[ANNOTATION], &format!("note {}", note["entry"]), members);
        }
    }
}

fn capture_words(capture: &Value) -> String {
    let number = |member: &str| capture[member].as_u64();
    let got = if there(capture, "sha256").is_some() { "Got" } else { "Tried to get" };
    let alterations: Vec<&str> = list(capture, "alterations").filter_map(Value::as_str).collect();
    let announced = number("declared").map(|declared| format!(" of {declared} announced")).unwrap_or_default();
    sentences(vec![
        Some(there(capture, "url").map_or(format!("Attempt {}", text(capture, "id")), |url| format!("{got} {url}"))),
        Some(format!("Method {}, route {}", text(capture, "method"), text(capture, "route"))),
        Some(format!("Outcome {}, {}: {}", text(capture, "outcome"), text(capture, "completeness"), text(capture, "because"))),
        number("status").map(|status| format!("Status {status}")),
        there(capture, "final_url").map(|url| format!("{} redirects, the last to {url}", capture["redirects"])),
        there(capture, "address").map(|address| format!("Served by {address}")),
        Some(format!("{} bytes received{announced}", capture["received"])),
        there(capture, "declared_type").map(|kind| format!("Announced as {kind}")),
        (!alterations.is_empty()).then(|| format!("Changed by the collection itself: {}", alterations.join("; "))),
        Some(format!("Log entry {}", capture["entry"])),
    ])
}
