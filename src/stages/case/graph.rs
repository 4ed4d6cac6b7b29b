//! Nodes of a CASE/UCO graph, each once, in the order in which they were added.

use serde_json::{Map, Value, json};

use super::ids::{Uuid, of_case, of_hash, of_name, v5, written};

pub(super) const PREFIXES: [(&str, &str); 9] = [
    ("case-investigation", "https://ontology.caseontology.org/case/investigation/"),
    ("uco-action", "https://ontology.unifiedcyberontology.org/uco/action/"),
    ("uco-core", "https://ontology.unifiedcyberontology.org/uco/core/"),
    ("uco-identity", "https://ontology.unifiedcyberontology.org/uco/identity/"),
    ("uco-location", "https://ontology.unifiedcyberontology.org/uco/location/"),
    ("uco-observable", "https://ontology.unifiedcyberontology.org/uco/observable/"),
    ("uco-tool", "https://ontology.unifiedcyberontology.org/uco/tool/"),
    ("uco-types", "https://ontology.unifiedcyberontology.org/uco/types/"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// Members of a node; those without a value are left out.
pub(super) type Members = Vec<(&'static str, Value)>;

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null) || value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty)
}

fn put(node: &mut Map<String, Value>, members: Members) {
    for (member, value) in members.into_iter().filter(|(_, value)| !is_nothing(value)) {
        node.entry(member).or_insert(value);
    }
}

pub(super) struct Graph {
    prefix: String,
    namespace: Uuid,
    nodes: Vec<Map<String, Value>>,
}

impl Graph {
    pub fn new(origin: &str) -> Graph {
        let (prefix, namespace) = of_case(origin);
        Graph { prefix, namespace, nodes: Vec::new() }
    }

    /// The name of a node of this case.
    pub fn id(&self, kind: &str, key: &str) -> String {
        format!("kb:{kind}-{}", written(&v5(&self.namespace, &format!("{kind} {key}"))))
    }

    /// Adds a node, once; said again, it keeps what it has. The first of its classes names it. Gives its name.
    pub fn node(&mut self, kinds: &[&str], key: &str, members: Members) -> String {
        let local = kinds[0].split(':').nth(1).unwrap_or_default();
        let name = self.id(local, key);
        let at = self.nodes.iter().position(|node| node["@id"] == name.as_str()).unwrap_or_else(|| {
            let kind = if let [one] = kinds { json!(one) } else { json!(kinds) };
            self.nodes.push(Map::from_iter([("@id".to_owned(), json!(name)), ("@type".to_owned(), kind)]));
            self.nodes.len() - 1
        });
        put(&mut self.nodes[at], members);
        name
    }

    /// Sets a member of a node that is there.
    pub fn set(&mut self, name: &str, member: &str, value: Value) {
        if let Some(node) = self.nodes.iter_mut().find(|node| node["@id"] == name) {
            node.insert(member.to_owned(), value);
        }
    }

    /// Names of all nodes, in their order.
    pub fn names(&self) -> Vec<String> {
        self.nodes.iter().filter_map(|node| node["@id"].as_str().map(str::to_owned)).collect()
    }

    pub fn finish(self) -> Value {
        let mut context: Map<String, Value> = PREFIXES.iter().map(|(name, iri)| ((*name).to_owned(), json!(iri))).collect();
        context.insert("kb".into(), json!(self.prefix));
        json!({ "@context": context, "@graph": self.nodes })
    }
}

/// A facet, or another part of its parent, with the name that it has everywhere.
pub(super) fn inherent(parent: &str, kind: &str, members: Members) -> Value {
    let (prefix, local) = kind.split_once(':').unwrap_or_default();
    let iri = PREFIXES.iter().find(|(name, _)| *name == prefix).map_or("", |(_, iri)| iri);
    let name = format!("kb:{local}-{}", written(&v5(&of_name(parent), &format!("{iri}{local}"))));
    let mut node = Map::from_iter([("@id".to_owned(), json!(name)), ("@type".to_owned(), json!(kind))]);
    put(&mut node, members);
    Value::Object(node)
}

/// A part of a dictionary.
pub(super) fn dictionary_entry(dictionary: &str, key: &str, value: &str) -> Value {
    let name = format!("kb:ControlledDictionaryEntry-{}", written(&v5(&of_name(dictionary), key)));
    json!({ "@id": name, "@type": "uco-types:ControlledDictionaryEntry", "uco-types:key": key, "uco-types:value": value })
}

pub(super) fn hash(sha256: &str) -> Value {
    json!({
        "@id": of_hash(sha256),
        "@type": "uco-types:Hash",
        "uco-types:hashMethod": "SHA256",
        "uco-types:hashValue": { "@type": "xsd:hexBinary", "@value": sha256 },
    })
}

pub(super) fn refer(name: &str) -> Value {
    json!({ "@id": name })
}

/// Each once, in order.
pub(super) fn refer_all(names: &[String]) -> Value {
    let mut once: Vec<&String> = Vec::new();
    names.iter().for_each(|name| {
        if !once.contains(&name) {
            once.push(name);
        }
    });
    once.into_iter().map(|name| refer(name)).collect()
}

pub(super) fn time(text: &str) -> Value {
    json!({ "@type": "xsd:dateTime", "@value": text })
}

/// Without an exponent, which xsd:decimal does not have.
pub(super) fn decimal(number: f64) -> Value {
    json!({ "@type": "xsd:decimal", "@value": format!("{number}") })
}

/// Parts that are there, each ended with a full stop if it has no end of its own.
pub(super) fn sentences(parts: Vec<Option<String>>) -> String {
    let ended = |part: &str| part.trim_end_matches('”').ends_with(['.', '!', '?', '؟', '۔', '。', '…']);
    let parts = parts.into_iter().flatten().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
    parts.map(|part| if ended(&part) { part } else { format!("{part}.") }).collect::<Vec<_>>().join(" ")
}

/// Sorted, without blanks, and without what says nothing.
pub(super) fn compact(value: &Value) -> String {
    let kept = match value {
        Value::Object(members) => {
            members.iter().filter(|(_, one)| !is_nothing(one)).map(|(name, one)| (name.clone(), one.clone())).collect()
        }
        other => other.clone(),
    };
    kept.to_string()
}
