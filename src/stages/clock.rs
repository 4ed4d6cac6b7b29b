//! Times in the log that cannot all be right: a clock that was set back, or an entry that was dated back.

use crate::evidence::{Code, Finding, Time};

/// Clocks may differ by so much, ten minutes in microseconds, before anybody is told.
const SLACK: i64 = 600_000_000;

/// Looks at entries in the order of the log.
#[derive(Default)]
pub(super) struct Clock {
    before: Option<(u64, Time)>,
}

impl Clock {
    /// A finding if the entry is dated before the one that it follows.
    pub fn take(&mut self, entry: u64, time: Time) -> Option<Finding> {
        let (earlier, before) = self.before.replace((entry, time))?;
        let detail = || {
            format!(
                "Entry {entry} is dated {}, and entry {earlier} before it {}: one of the two clocks was wrong",
                time.plain(),
                before.plain()
            )
        };
        (time.micros() < before.micros() - SLACK).then(|| Finding::amber(Code::ClockAnomaly, format!("entry {entry}"), detail()))
    }
}

/// Holds an authority's time, which may be `about` microseconds off, against two entries: the last that it covers existed
/// before, the one that records it after.
pub(super) fn against(stamped: Time, about: i64, covered: (u64, Time), recorded: (u64, Time)) -> Option<Finding> {
    let told = |(entry, time): (u64, Time), how: &str| {
        let detail =
            format!("Entry {entry} is dated {}, {how} the timestamp of {} that it goes with", time.plain(), stamped.plain());
        Finding::amber(Code::ClockAnomaly, format!("entry {entry}"), detail)
    };
    if covered.1.micros() > stamped.micros() + SLACK + about {
        return Some(told(covered, "after"));
    }
    (recorded.1.micros() < stamped.micros() - SLACK - about).then(|| told(recorded, "before"))
}
