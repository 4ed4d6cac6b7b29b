//! Politeness: how many requests one host gets at a time, and how fast after one another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

struct Lane {
    places: Arc<Semaphore>,
    /// When the next request may begin.
    next: Instant,
}

/// One lane a host. Idle lanes are dropped when there are many.
pub(super) struct Lanes {
    at_once: usize,
    apart: Duration,
    lanes: Mutex<HashMap<String, Lane>>,
}

/// The most hosts that are remembered.
const MOST: usize = 4096;

impl Lanes {
    pub fn new(at_once: usize, apart: Duration) -> Lanes {
        Lanes { at_once: at_once.clamp(1, Semaphore::MAX_PERMITS), apart, lanes: Mutex::default() }
    }

    /// Waits for a place in a host's lane. The place is free again when the result is dropped.
    pub async fn turn(&self, host: &str) -> Option<OwnedSemaphorePermit> {
        let places = {
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            if lanes.len() > MOST {
                lanes.retain(|_, lane| lane.places.available_permits() < self.at_once);
            }
            let fresh = || Lane { places: Arc::new(Semaphore::new(self.at_once)), next: Instant::now() };
            lanes.entry(host.to_ascii_lowercase()).or_insert_with(fresh).places.clone()
        };
        let place = places.acquire_owned().await.ok();
        let begin = {
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            lanes.get_mut(&host.to_ascii_lowercase()).map(|lane| {
                let begin = lane.next.max(Instant::now());
                lane.next = begin + self.apart;
                begin
            })
        };
        if let Some(begin) = begin.filter(|_| !self.apart.is_zero()) {
            tokio::time::sleep_until(begin).await;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_host_gets_so_many_at_once_and_so_far_apart_and_others_do_not_wait() {
        let lanes = Lanes::new(1, Duration::from_secs(5));
        let begun = Instant::now();
        drop(lanes.turn("a.example").await);
        let held = lanes.turn("A.example").await;
        assert_eq!(begun.elapsed(), Duration::from_secs(5));
        drop(lanes.turn("b.example").await);
        assert_eq!(begun.elapsed(), Duration::from_secs(5));
        let waits = tokio::time::timeout(Duration::from_secs(60), lanes.turn("a.example")).await;
        assert!(waits.is_err(), "one at a time");
        drop(held);
        assert!(lanes.turn("a.example").await.is_some());
    }
}
