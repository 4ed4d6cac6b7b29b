//! Streams: the playlist and each fragment as served; then, made of them, one file that plays, with its recipe.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};

use serde_json::json;
use tokio::task::JoinSet;

use super::capture::{Acquisition, Arrived, Means, Part, Received, disk, finish};
use super::judge::Judgement;
use crate::evidence::{Completeness, Digest, Exchange, Hop, Item, Outcome, Role};
use crate::fetch::Ending;
use crate::probe::{Fragment, Playlist, StreamPiece, Track, playlist};
use crate::vault::VaultError;

/// Fragments of one stream that are asked for at once.
const AT_ONCE: usize = 4;
/// Bytes of a playlist that are read.
const PLAYLIST: u64 = 16 << 20;

/// What came from one address.
struct Body {
    digest: Option<Digest>,
    /// Why it is not there, or not whole.
    lacking: Option<String>,
}

/// All that one attempt brought.
#[derive(Default)]
struct Brought {
    hops: Vec<Hop>,
    bodies: BTreeMap<String, Body>,
    arrived: BTreeMap<Digest, Arrived>,
    /// The first reason why something is missing.
    lacking: Option<String>,
    /// Bodies whose length nobody had told.
    unmarked: usize,
    received: u64,
}

impl Brought {
    fn put(&mut self, url: &str, Received { fetched, arrived, beside, .. }: Received) {
        let status = fetched.status.unwrap_or_default();
        let lacking = match &fetched.ending {
            _ if fetched.status.is_some() && !(200..300).contains(&status) => Some(format!("the server answered {status}")),
            Ending::Whole(_) | Ending::Unmarked if fetched.reserved.is_some() => {
                Some("it was sent in a coding, or as a part, that was not asked for".to_owned())
            }
            Ending::Whole(_) | Ending::Unmarked if arrived.is_none() => Some("no bytes came".to_owned()),
            Ending::Whole(_) | Ending::Unmarked => None,
            Ending::Cut(why) | Ending::Stopped(why) | Ending::Timeout(why) | Ending::Refused(why) | Ending::Failed(why) => {
                Some(why.clone())
            }
        };
        self.unmarked += usize::from(matches!(fetched.ending, Ending::Unmarked));
        let digest = arrived.as_ref().map(Arrived::digest);
        let mut hops = fetched.exchange.hops;
        let served = fetched.served.unwrap_or(hops.len().saturating_sub(1));
        // What led elsewhere has a body of its own.
        if let Some(hop) = hops.get_mut(served).filter(|hop| hop.body.is_none()) {
            (hop.body, hop.cut) = (digest, lacking.clone());
        }
        self.hops.append(&mut hops);
        if let Some(why) = &lacking {
            self.lacking.get_or_insert_with(|| format!("{url}: {why}"));
        }
        self.received += arrived.as_ref().map_or(0, Arrived::size);
        for arrived in arrived.into_iter().chain(beside) {
            self.arrived.entry(arrived.digest()).or_insert(arrived);
        }
        self.bodies.insert(url.to_owned(), Body { digest, lacking });
    }
}

impl Means {
    /// Captures the stream that a playlist lists. `listed` is the playlist as it was fetched.
    pub(super) async fn stream(
        &self,
        key: &str,
        item: &Item,
        listed: &Acquisition,
        mime: &str,
        address: &str,
    ) -> Result<Acquisition, VaultError> {
        let method = if mime == "application/dash+xml" { "dash" } else { "hls" };
        let mut capture = self.blank(key, item, method, self.clock.now());
        let mut brought = Brought::default();
        let bytes = listed.bytes().transpose()?.unwrap_or_default();
        let (tracks, of) = match self.tracks(&bytes, mime, address, &mut brought).await? {
            Ok(tracks) => tracks,
            Err(why) => {
                capture.finished = self.clock.now();
                return Ok(Acquisition::failed(capture, &format!("the playlist cannot be followed: {why}")));
            }
        };
        self.gather(&tracks, &mut brought).await?;
        let (mut made, mut notes) = (Vec::new(), Vec::new());
        for track in &tracks {
            match self.join(track, &brought)? {
                Ok(parts) => made.extend(parts),
                Err(why) => notes.push(format!("{}: {why}", track.name)),
            }
        }
        let wanted: usize = tracks.iter().map(|track| track.fragments.len()).sum();
        let there = |one: &&Fragment| brought.bodies.get(&one.url).is_some_and(|body| body.lacking.is_none());
        let whole: usize = tracks.iter().flat_map(|track| &track.fragments).filter(there).count();
        let names = tracks.iter().map(|track| track.name.as_str()).collect::<Vec<_>>().join(", ");
        let mut because = format!("{whole} of {wanted} fragments ({names})");
        if of > tracks.len() {
            because += &format!("; the best of {of} versions");
        }
        let completeness = if whole < wanted || brought.lacking.is_some() {
            because += &format!("; missing, or cut: {}", brought.lacking.clone().unwrap_or_default());
            Completeness::Truncated
        } else if brought.unmarked > 0 {
            because += &format!("; of {} of them nothing had told the length", brought.unmarked);
            Completeness::Unverifiable
        } else if tracks.iter().all(|track| track.ended) {
            because += "; each arrived whole, and the playlist has its end";
            Completeness::Complete
        } else {
            because += "; the playlist has no end: it goes on, or was cut";
            Completeness::Unverifiable
        };
        if !notes.is_empty() {
            because += &format!("; no file was made of them ({})", notes.join("; "));
        }
        let outcome = match whole {
            0 if brought.hops.iter().any(|hop| hop.cut.as_ref().is_some_and(|why| why.contains("not a public address"))) => {
                Outcome::RefusedByPolicy
            }
            0 => Outcome::Error,
            _ => Outcome::Ok,
        };
        capture.finished = self.clock.now();
        capture.received = brought.received;
        capture.address = brought.hops.iter().rev().find_map(|hop| hop.connected.clone());
        capture.exchange = Some(Exchange { hops: brought.hops, steps: Vec::new() });
        if made.iter().any(|part| part.role == Some(Role::Derived)) {
            capture.alterations.push("the exhibit is joined of the fragments, byte for byte; they are kept as served".to_owned());
        }
        let completeness = if outcome == Outcome::Ok { completeness } else { Completeness::Unverifiable };
        let judged = Judgement { outcome, completeness, because: because.chars().take(1000).collect() };
        let first = if made.is_empty() { None } else { Some(made.remove(0)) };
        made.extend(brought.arrived.into_values().map(Part::no_exhibit));
        Ok(Acquisition::with_parts(capture, judged, first, made, Vec::new()))
    }

    /// The pieces of a stream, the playlists between included.
    async fn tracks(
        &self,
        bytes: &[u8],
        mime: &str,
        address: &str,
        brought: &mut Brought,
    ) -> Result<Result<(Vec<Track>, usize), String>, VaultError> {
        let (chosen, of) = match playlist(bytes, mime, address) {
            Ok(Playlist::Tracks { tracks, of }) => return Ok(Ok((tracks, of))),
            Ok(Playlist::Choice { tracks, of }) => (tracks, of),
            Err(why) => return Ok(Err(why)),
        };
        let mut tracks = Vec::new();
        for (nth, (name, url)) in chosen.into_iter().enumerate() {
            let received = self.receive(&url).await?;
            let fetched = &received.fetched;
            let at =
                fetched.served.and_then(|served| Some(fetched.exchange.hops.get(served)?.url.clone())).unwrap_or(url.clone());
            let mut bytes = Vec::new();
            if let Some(arrived) = &received.arrived {
                arrived.open()?.take(PLAYLIST).read_to_end(&mut bytes).map_err(disk)?;
            }
            brought.put(&url, received);
            let why = match playlist(&bytes, mime, &at) {
                Ok(Playlist::Tracks { tracks: found, .. }) => {
                    tracks.extend(found.into_iter().map(|track| Track { name: name.clone(), ..track }));
                    continue;
                }
                Ok(Playlist::Choice { .. }) => format!("{url} lists playlists again"),
                Err(why) => format!("{url}: {why}"),
            };
            // Without its sound or its subtitles a picture is still evidence.
            if nth == 0 {
                return Ok(Err(why));
            }
            brought.lacking.get_or_insert(why);
        }
        Ok(Ok((tracks, of)))
    }

    /// Asks for every address of the tracks once, in order, a few at a time.
    async fn gather(&self, tracks: &[Track], brought: &mut Brought) -> Result<(), VaultError> {
        let mut urls: Vec<String> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for fragment in tracks.iter().flat_map(|track| &track.fragments) {
            if seen.insert(&fragment.url) {
                urls.push(fragment.url.clone());
            }
        }
        let most = self.client.route().limits.max_bytes;
        let (mut waiting, mut under_way) = (urls.into_iter().enumerate(), JoinSet::new());
        let (mut came, mut next, mut bytes) = (BTreeMap::new(), 0, 0u64);
        loop {
            while under_way.len() < AT_ONCE && bytes <= most {
                let Some((nth, url)) = waiting.next() else { break };
                let means = self.clone();
                under_way.spawn(async move {
                    let received = means.receive(&url).await;
                    (nth, url, received)
                });
            }
            let Some(done) = under_way.join_next().await else { break };
            let (nth, url, received) = done.map_err(|error| disk(io::Error::other(error)))?;
            let received = received?;
            bytes += received.arrived.as_ref().map_or(0, Arrived::size);
            came.insert(nth, (url, received));
            // Told in the playlist's order, whichever came first.
            while let Some((url, received)) = came.remove(&next) {
                brought.put(&url, received);
                next += 1;
            }
        }
        for (_, url) in waiting {
            let why = format!("stopped at the limit of {most} bytes");
            brought.lacking.get_or_insert_with(|| format!("{url}: {why}"));
            brought.bodies.insert(url, Body { digest: None, lacking: Some(why) });
        }
        Ok(())
    }

    /// One file of a track's pieces, byte for byte in the playlist's order, and the recipe. An error says why not.
    fn join(&self, track: &Track, brought: &Brought) -> Result<Result<Vec<Part>, String>, VaultError> {
        if track.encrypted {
            return Ok(Err("the fragments are encrypted; what opens them is kept beside them if it was served".into()));
        }
        let pieces: Vec<&Fragment> = track.fragments.iter().filter(|one| one.piece != StreamPiece::Key).collect();
        let mut staging = (self.intake)()?;
        let mut inputs = Vec::new();
        for piece in &pieces {
            let body = brought.bodies.get(&piece.url).filter(|body| body.lacking.is_none()).and_then(|body| body.digest);
            let Some(arrived) = body.and_then(|digest| brought.arrived.get(&digest)) else {
                return Ok(Err("not all fragments came".into()));
            };
            let (from, length) = piece.range.unwrap_or((0, arrived.size()));
            if from.saturating_add(length) > arrived.size() {
                return Ok(Err(format!("{} has fewer bytes than the playlist says", piece.url)));
            }
            let mut file = arrived.open()?;
            // Each has a head of its own (RFC 8216, 3.1.4): one after another they are no file of subtitles.
            if pieces.len() > 1 && inputs.is_empty() && begins_with_any(&file, &["WEBVTT", "\u{feff}WEBVTT"])? {
                return Ok(Err("each piece is a file of subtitles of its own".into()));
            }
            file.seek(SeekFrom::Start(from)).map_err(disk)?;
            io::copy(&mut file.take(length), &mut staging).map_err(disk)?;
            inputs.push(json!({ "url": piece.url, "sha256": arrived.digest().to_string(), "from": from, "length": length }));
        }
        // A single whole file is itself.
        if pieces.len() == 1 && pieces[0].range.is_none() {
            let mut staging = (self.intake)()?;
            let arrived = brought.bodies[&pieces[0].url].digest.and_then(|digest| brought.arrived.get(&digest));
            if let Some(arrived) = arrived {
                io::copy(&mut arrived.open()?, &mut staging).map_err(disk)?;
            }
            let part = |arrived| Part { arrived, role: Some(Role::Original), name: Some(track.name.clone()), always: false };
            return Ok(Ok(finish(staging)?.map(part).into_iter().collect()));
        }
        staging.flush().map_err(disk)?;
        let Some(film) = finish(staging)? else { return Ok(Err("the fragments are empty".into())) };
        let ending = match film.mime() {
            "video/mp2t" => "ts",
            mime if mime.ends_with("mp4") => "mp4",
            "video/webm" => "webm",
            "audio/mpeg" => "mp3",
            "audio/aac" => "aac",
            _ => "bin",
        };
        let name = format!("{}.{ending}", track.name);
        let recipe = json!({
            "made": name,
            "sha256": film.digest().to_string(),
            "how": "the bytes of the inputs, one after another",
            "by": format!("exhibit {}", env!("CARGO_PKG_VERSION")),
            "inputs": inputs,
        });
        let text = serde_json::to_string_pretty(&recipe).unwrap_or_default() + "\n";
        let mut parts = vec![Part { arrived: film, role: Some(Role::Derived), name: Some(name.clone()), always: false }];
        let recipe = self.made_of(text.as_bytes())?;
        let name = Some(format!("{name}.recipe.json"));
        parts.extend(recipe.map(|arrived| Part { arrived, role: Some(Role::Sidecar), name, always: false }));
        Ok(Ok(parts))
    }
}

fn begins_with_any(file: &std::fs::File, words: &[&str]) -> Result<bool, VaultError> {
    let mut head = Vec::new();
    file.take(16).read_to_end(&mut head).map_err(disk)?;
    Ok(words.iter().any(|words| head.starts_with(words.as_bytes())))
}
