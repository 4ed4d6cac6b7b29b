//! Export profiles: what an export leaves out, and why. They are data: `config/profiles.toml`, or a file of the person's.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::ledger::SEALED_FIELDS;

const OURS: &str = include_str!("../../config/profiles.toml");

/// What an export leaves out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    #[serde(skip)]
    pub name: String,
    pub why: String,
    /// Sealed fields.
    pub withhold: Vec<String>,
}

/// A profile of ours by its name, or one of `file`, whose text has the same form.
pub fn profile(name: &str, file: Option<&str>) -> Result<Profile, String> {
    let text = file.unwrap_or(OURS);
    let mut all: BTreeMap<String, Profile> = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    let known = all.keys().cloned().collect::<Vec<_>>().join(", ");
    let mut profile = all.remove(name).ok_or_else(|| format!("there is no profile {name:?}: there are {known}"))?;
    if let Some(field) = profile.withhold.iter().find(|field| !SEALED_FIELDS.contains(&field.as_str())) {
        return Err(format!("{field:?} is no sealed field: there are {}", SEALED_FIELDS.join(", ")));
    }
    profile.withhold.sort();
    profile.withhold.dedup();
    profile.name = name.to_owned();
    Ok(profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_of_ours_can_be_read() {
        for name in ["full", "partner", "court", "public"] {
            let profile = profile(name, None).unwrap();
            assert!(!profile.why.is_empty() && profile.name == name);
        }
        assert!(profile("none", None).unwrap_err().contains("public"));
        assert!(profile("a", Some("[a]\nwhy = \"x\"\nwithhold = [\"url\"]\n")).unwrap_err().contains("no sealed field"));
    }
}
