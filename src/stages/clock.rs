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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Time {
        Time::from_micros(1_700_000_000_000_000 + micros)
    }

    #[test]
    fn ten_minutes_are_forgiven_and_a_microsecond_more_is_told() {
        let mut clock = Clock::default();
        assert_eq!(clock.take(0, at(SLACK)), None);
        assert_eq!(clock.take(1, at(0)), None);
        assert_eq!(clock.take(2, at(2 * SLACK)), None);
        let told = clock.take(3, at(SLACK - 1)).unwrap();
        assert_eq!((told.code, told.subject.as_str()), (Code::ClockAnomaly, "entry 3"));
        assert!(told.detail.contains("and entry 2 before it"), "{}", told.detail);
        // Only the entry before counts: the one that was wrong is told once.
        assert_eq!(clock.take(4, at(SLACK)), None);
    }

    #[test]
    fn an_authoritys_time_is_held_against_both_sides_as_exactly_as_it_is() {
        for about in [0, 2 * SLACK] {
            let far = SLACK + about;
            let told = |covered, recorded| against(at(0), about, (1, at(covered)), (2, at(recorded))).map(|told| told.subject);
            assert_eq!(told(far, -far), None);
            assert_eq!(told(far + 1, -far).as_deref(), Some("entry 1"));
            assert_eq!(told(far, -far - 1).as_deref(), Some("entry 2"));
        }
    }
}
