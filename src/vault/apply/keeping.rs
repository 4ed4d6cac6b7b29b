//! The events of the years after: checks, holds, erasures, anchors, keys and transfers.

use std::collections::BTreeSet;

use rusqlite::ToSql;

use super::{Rows, Sql, json};
use crate::evidence::Event;
use crate::ledger::Entry;

impl Rows<'_> {
    /// Writes the rows of an event that is none of the first day's.
    pub(super) fn keeping(&self, event: &Event, entry: &Entry) -> Sql<()> {
        let time = entry.time.to_string();
        match event {
            Event::FixityChecked(checked) => {
                let outcomes = [(&checked.confirmed, "confirmed"), (&checked.altered, "altered"), (&checked.missing, "missing")];
                let mut told = BTreeSet::new();
                for (objects, outcome) in outcomes {
                    for object in objects.iter().filter(|object| told.insert(**object)) {
                        let sql = "INSERT INTO fixity VALUES (?1, ?2, ?3, ?4, ?5)";
                        self.put("fixity", sql, &[&object.to_string(), &self.index, &outcome, &checked.depth, &time])?;
                    }
                }
                Ok(())
            }
            Event::HandlingSet(set) => {
                let (kind, subject) = self.subject(&set.subject)?;
                self.next(
                    "handling",
                    &[&kind, &subject, &set.property, &set.value, &set.reason, &entry.person, &time, &self.index],
                )?;
                self.touch(kind, subject)
            }
            Event::ObjectPurged(purged) => {
                let object = purged.object.to_string();
                let with = purged.with.map(|with| with.to_string());
                let sql = "INSERT OR IGNORE INTO purge VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
                let values: &[&dyn ToSql] =
                    &[&object, &with, &purged.reason, &purged.authority, &purged.second, &time, &self.index];
                self.put_once(("purge", 1), sql, values)?;
                self.touch_exhibits(&object)
            }
            Event::ObjectRestored(restored) => self.touch_exhibits(&restored.object.to_string()),
            Event::AnchorMade(made) => self
                .next(
                    "anchor",
                    &[
                        &made.way,
                        &made.authority,
                        &made.size,
                        &made.root,
                        &made.note.to_string(),
                        &made.token.to_string(),
                        &made.time.to_string(),
                        &self.index,
                    ],
                )
                .map(drop),
            Event::AnchorPending(pending) => self
                .next(
                    "pending_anchor",
                    &[
                        &pending.way,
                        &pending.authority,
                        &pending.size,
                        &pending.root,
                        &pending.note.to_string(),
                        &pending.token.to_string(),
                        &self.index,
                    ],
                )
                .map(drop),
            Event::KeyChanged(changed) => self
                .next(
                    "signing_key",
                    &[
                        &"changed",
                        &changed.new,
                        &changed.old,
                        &changed.by_old.is_some(),
                        &changed.reason,
                        &None::<String>,
                        &self.index,
                    ],
                )
                .map(drop),
            Event::KeyRevoked(revoked) => self
                .next(
                    "signing_key",
                    &[
                        &"revoked",
                        &revoked.key,
                        &None::<String>,
                        &false,
                        &revoked.reason,
                        &revoked.since.to_string(),
                        &self.index,
                    ],
                )
                .map(drop),
            Event::TransferMade(made) => {
                let objects: Vec<String> = made.objects.iter().map(ToString::to_string).collect();
                self.next(
                    "transfer",
                    &[
                        &made.manifest.to_string(),
                        &made.size,
                        &json(&objects),
                        &json(&made.withheld),
                        &made.recipient,
                        &made.purpose,
                        &entry.person,
                        &time,
                        &self.index,
                    ],
                )?;
                objects.iter().try_for_each(|object| self.touch_exhibits(object))
            }
            Event::PackageReceived(came) => self
                .next(
                    "package",
                    &[
                        &came.format,
                        &came.manifest.to_string(),
                        &came.origin,
                        &came.size,
                        &came.key,
                        &came.verdict,
                        &came.items,
                        &came.name,
                        &time,
                        &self.index,
                    ],
                )
                .map(drop),
            // The others are told above.
            _ => Ok(()),
        }
    }
}
