//! SHA-256 (FIPS 180-4) of many streams at once, one in each lane of the processor's vectors.
//!
//! One stream keeps a processor waiting, because each round waits for the one before. Streams do not wait for each other: with vectors,
//! eight or sixteen of them go through the same rounds together, in the time of one; with instructions for SHA, which one stream keeps
//! busy half of the time, two streams take turns. A lane that is done takes the next stream at once.

use std::io::Read;

use crate::evidence::Digest;

/// How this processor hashes many streams best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// Nothing that helps with more: one stream after the other.
    One,
    /// Instructions for SHA.
    Two,
    /// AVX2.
    Eight,
    /// AVX-512.
    Sixteen,
}

impl Width {
    pub fn of_this_processor() -> Width {
        #[cfg(target_arch = "x86_64")]
        {
            if sha() {
                Width::Two
            } else if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
                Width::Sixteen
            } else if is_x86_feature_detected!("avx2") {
                Width::Eight
            } else {
                Width::One
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        Width::One
    }

    /// How many times faster one stream is by itself than in a lane.
    pub fn alone(self) -> f64 {
        match self {
            Width::One => 1.0,
            Width::Two => 1.0,
            Width::Eight => 3.0,
            Width::Sixteen => 4.5,
        }
    }

    /// How many times faster all lanes are than one stream by itself.
    pub fn together(self) -> f64 {
        match self {
            Width::One => 1.0,
            Width::Two => 2.0,
            Width::Eight => 8.0 / 3.0,
            Width::Sixteen => 16.0 / 4.5,
        }
    }

    /// Digests every stream that `next` gives, and hands each digest to `done`, in no order.
    pub fn digest<J, R: Read>(
        self,
        next: &mut dyn FnMut() -> Option<(J, R)>,
        done: &mut dyn FnMut(J, std::io::Result<(Digest, u64)>),
    ) {
        match self {
            Width::One => {
                let mut buffer = vec![0; 1 << 18];
                while let Some((job, stream)) = next() {
                    done(job, alone(stream, &mut buffer));
                }
            }
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `of_this_processor` gives a width only where the processor has its instructions.
            #[allow(unsafe_code)]
            Width::Two => many::<2, J, R>(next, done, |state, blocks| unsafe { two(state, blocks) }),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            #[allow(unsafe_code)]
            Width::Eight => many::<8, J, R>(next, done, |state, blocks| unsafe { eight(state, blocks) }),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            #[allow(unsafe_code)]
            Width::Sixteen => many::<16, J, R>(next, done, |state, blocks| unsafe { sixteen(state, blocks) }),
            #[cfg(not(target_arch = "x86_64"))]
            Width::Two => many::<2, J, R>(next, done, compress),
            #[cfg(not(target_arch = "x86_64"))]
            Width::Eight => many::<8, J, R>(next, done, compress),
            #[cfg(not(target_arch = "x86_64"))]
            Width::Sixteen => many::<16, J, R>(next, done, compress),
        }
    }
}

/// Whether the processor has all that [`two`] needs.
#[cfg(target_arch = "x86_64")]
fn sha() -> bool {
    is_x86_feature_detected!("sha") && is_x86_feature_detected!("avx")
}

/// One stream by itself, and its length in bytes.
pub(super) fn alone(mut stream: impl Read, buffer: &mut [u8]) -> std::io::Result<(Digest, u64)> {
    let (mut sha256, mut size) = (crate::evidence::Sha256::default(), 0);
    loop {
        match stream.read(buffer) {
            Ok(0) => return Ok((sha256.finish(), size)),
            Ok(count) => {
                sha256.update(&buffer[..count]);
                size += count as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

const START: [u32; 8] = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

const ROUND: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// One word of each lane's stream.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Words<const N: usize>([u32; N]);

macro_rules! lanewise {
    ($name:ident($($arg:ident),+) = $result:expr) => {
        #[inline(always)]
        fn $name<const N: usize>($($arg: Words<N>),+) -> Words<N> {
            let mut out = Words([0; N]);
            for lane in 0..N {
                $(let $arg = $arg.0[lane];)+
                out.0[lane] = $result;
            }
            out
        }
    };
}

lanewise!(add(a, b) = a.wrapping_add(b));
lanewise!(choose(e, f, g) = (e & f) ^ (!e & g));
lanewise!(majority(a, b, c) = (a & b) ^ (a & c) ^ (b & c));
lanewise!(sum0(a) = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22));
lanewise!(sum1(e) = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25));
lanewise!(small0(w) = w.rotate_right(7) ^ w.rotate_right(18) ^ (w >> 3));
lanewise!(small1(w) = w.rotate_right(17) ^ w.rotate_right(19) ^ (w >> 10));

/// The same blocks of every lane, from the state before to the state after.
#[inline(always)]
fn compress<const N: usize>(state: &mut [Words<N>; 8], blocks: &[&[u8]; N]) {
    let count = blocks.iter().map(|block| block.len() / 64).min().unwrap_or(0);
    for nth in 0..count {
        let mut w = [Words([0u32; N]); 16];
        for (lane, bytes) in blocks.iter().enumerate() {
            let block = &bytes[nth * 64..nth * 64 + 64];
            for (word, bytes) in w.iter_mut().zip(block.chunks_exact(4)) {
                word.0[lane] = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            }
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
        for sixteen in 0..4 {
            for at in 0..16 {
                if sixteen > 0 {
                    let (far, near) = (small0(w[(at + 1) % 16]), small1(w[(at + 14) % 16]));
                    w[at] = add(add(w[at], far), add(w[(at + 9) % 16], near));
                }
                let round = Words([ROUND[sixteen * 16 + at]; N]);
                let t1 = add(add(add(h, sum1(e)), add(choose(e, f, g), round)), w[at]);
                let t2 = add(sum0(a), majority(a, b, c));
                (h, g, f, e, d, c, b, a) = (g, f, e, add(d, t1), c, b, a, add(t1, t2));
            }
        }
        for (word, more) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word = add(*word, more);
        }
    }
}

/// The same as [`compress`], by instructions for SHA: each takes the state as two vectors, of the words a, b, e, f and c, d, g, h, and makes
/// two rounds. Loops, not closures: what takes a closure (`map`, `from_fn`) is compiled without these instructions, and they are then
/// calls. AVX, as each step then needs no copies of registers, and more than two streams would gain nothing.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sha,avx")]
fn two<const N: usize>(state: &mut [Words<N>; 8], blocks: &[&[u8]; N]) {
    use std::arch::x86_64::*;
    let big_endian = _mm_set_epi64x(0x0c0d0e0f_08090a0b, 0x04050607_00010203);
    let (mut abef, mut cdgh) = ([_mm_setzero_si128(); N], [_mm_setzero_si128(); N]);
    for lane in 0..N {
        let mut word = [0; 8];
        for at in 0..8 {
            word[at] = state[at].0[lane].cast_signed();
        }
        let [a, b, c, d, e, f, g, h] = word;
        (abef[lane], cdgh[lane]) = (_mm_set_epi32(a, b, e, f), _mm_set_epi32(c, d, g, h));
    }
    let count = blocks.iter().map(|block| block.len() / 64).min().unwrap_or(0);
    for nth in 0..count {
        let before = (abef, cdgh);
        let mut w = [[_mm_setzero_si128(); 4]; N];
        for lane in 0..N {
            let (halves, _) = blocks[lane][nth * 64..nth * 64 + 64].as_chunks::<8>();
            for at in 0..4 {
                let (low, high) = (i64::from_le_bytes(halves[at * 2]), i64::from_le_bytes(halves[at * 2 + 1]));
                w[lane][at] = _mm_shuffle_epi8(_mm_set_epi64x(high, low), big_endian);
            }
        }
        for sixteen in 0..4 {
            for at in 0..4 {
                let mut round = [0; 4];
                for word in 0..4 {
                    round[word] = ROUND[sixteen * 16 + at * 4 + word].cast_signed();
                }
                let round = _mm_set_epi32(round[3], round[2], round[1], round[0]);
                for lane in 0..N {
                    let (now, next) = (w[lane][at], w[lane][(at + 1) % 4]);
                    let (third, last) = (w[lane][(at + 2) % 4], w[lane][(at + 3) % 4]);
                    let sum = _mm_add_epi32(now, round);
                    cdgh[lane] = _mm_sha256rnds2_epu32(cdgh[lane], abef[lane], sum);
                    abef[lane] = _mm_sha256rnds2_epu32(abef[lane], cdgh[lane], _mm_shuffle_epi32::<0x0e>(sum));
                    if sixteen < 3 {
                        let far = _mm_add_epi32(_mm_sha256msg1_epu32(now, next), _mm_alignr_epi8::<4>(last, third));
                        w[lane][at] = _mm_sha256msg2_epu32(far, last);
                    }
                }
            }
        }
        for lane in 0..N {
            abef[lane] = _mm_add_epi32(abef[lane], before.0[lane]);
            cdgh[lane] = _mm_add_epi32(cdgh[lane], before.1[lane]);
        }
    }
    for lane in 0..N {
        let (x, y) = (abef[lane], cdgh[lane]);
        let [a, b] = [_mm_extract_epi32::<3>(x), _mm_extract_epi32::<2>(x)];
        let [e, f] = [_mm_extract_epi32::<1>(x), _mm_extract_epi32::<0>(x)];
        let [c, d] = [_mm_extract_epi32::<3>(y), _mm_extract_epi32::<2>(y)];
        let [g, h] = [_mm_extract_epi32::<1>(y), _mm_extract_epi32::<0>(y)];
        let new = [a, b, c, d, e, f, g, h];
        for at in 0..8 {
            state[at].0[lane] = new[at].cast_unsigned();
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn eight(state: &mut [Words<8>; 8], blocks: &[&[u8]; 8]) {
    compress(state, blocks);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn sixteen(state: &mut [Words<16>; 8], blocks: &[&[u8]; 16]) {
    compress(state, blocks);
}

/// Bytes that a lane reads at once: those of all lanes stay in the core's own cache.
const BUFFER: usize = 1 << 16;

struct Lane<J, R> {
    job: J,
    stream: R,
    /// Read bytes, then the padding.
    buffer: Vec<u8>,
    at: usize,
    size: u64,
    ended: bool,
}

impl<J, R: Read> Lane<J, R> {
    fn refill(&mut self) -> std::io::Result<()> {
        self.at = 0;
        self.buffer.resize(BUFFER, 0);
        let mut filled = 0;
        while filled < BUFFER {
            match self.stream.read(&mut self.buffer[filled..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.buffer.truncate(filled);
        self.size += filled as u64;
        if self.ended {
            self.buffer.push(0x80);
            let zeros = (120 - self.buffer.len() % 64) % 64;
            self.buffer.resize(self.buffer.len() + zeros, 0);
            self.buffer.extend((self.size * 8).to_be_bytes());
        }
        Ok(())
    }
}

fn many<const N: usize, J, R: Read>(
    next: &mut dyn FnMut() -> Option<(J, R)>,
    done: &mut dyn FnMut(J, std::io::Result<(Digest, u64)>),
    compress: impl Fn(&mut [Words<N>; 8], &[&[u8]; N]),
) {
    let idle = vec![0; BUFFER + 128];
    let mut state = START.map(|word| Words([word; N]));
    let mut lanes: [Option<Lane<J, R>>; N] = std::array::from_fn(|_| None);
    // Buffers are used again: a small file costs no allocation of 64 KiB.
    let mut spare: Vec<Vec<u8>> = Vec::new();
    loop {
        for (number, place) in lanes.iter_mut().enumerate() {
            loop {
                let finished = match place {
                    None => match next() {
                        None => break,
                        Some((job, stream)) => {
                            for (word, start) in state.iter_mut().zip(START) {
                                word.0[number] = start;
                            }
                            let buffer = spare.pop().unwrap_or_else(|| Vec::with_capacity(BUFFER + 128));
                            let mut lane = Lane { job, stream, buffer, at: 0, size: 0, ended: false };
                            let read = lane.refill();
                            *place = Some(lane);
                            read.map(|()| false)
                        }
                    },
                    Some(lane) if lane.at < lane.buffer.len() => break,
                    Some(lane) if lane.ended => Ok(true),
                    Some(lane) => lane.refill().map(|()| false),
                };
                let told = match finished {
                    Ok(false) => continue,
                    Ok(true) => {
                        let mut digest = [0; 32];
                        for (bytes, word) in digest.chunks_exact_mut(4).zip(&state) {
                            bytes.copy_from_slice(&word.0[number].to_be_bytes());
                        }
                        Ok(Digest(digest))
                    }
                    Err(error) => Err(error),
                };
                if let Some(Lane { job, buffer, size, .. }) = place.take() {
                    spare.push(buffer);
                    done(job, told.map(|digest| (digest, size)));
                }
            }
        }
        let Some(least) = lanes.iter().flatten().map(|lane| lane.buffer.len() - lane.at).min() else { return };
        let blocks: [&[u8]; N] = std::array::from_fn(|number| match &lanes[number] {
            Some(lane) => &lane.buffer[lane.at..lane.at + least],
            None => &idle[..least],
        });
        compress(&mut state, &blocks);
        lanes.iter_mut().flatten().for_each(|lane| lane.at += least);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths() -> Vec<Width> {
        #[cfg(target_arch = "x86_64")]
        {
            let two = sha().then_some(Width::Two);
            let eight = is_x86_feature_detected!("avx2").then_some(Width::Eight);
            let sixteen = (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")).then_some(Width::Sixteen);
            [Some(Width::One), two, eight, sixteen].into_iter().flatten().collect()
        }
        #[cfg(not(target_arch = "x86_64"))]
        vec![Width::One, Width::Two, Width::Eight, Width::Sixteen]
    }

    /// A stream that gives a few bytes at a time, and one that breaks.
    struct Slow<'a>(&'a [u8], usize, bool);
    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() && self.2 {
                return Err(std::io::Error::other("broken"));
            }
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn lanes_give_the_digests_of_one_stream_after_the_other() {
        let bytes: Vec<u8> = (0..300_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        // Every length around the ends of blocks and buffers, in an order that keeps lanes apart.
        let mut lengths: Vec<usize> = (0..200).chain(BUFFER - 70..BUFFER + 70).chain([2 * BUFFER, 299_999]).collect();
        lengths.sort_by_key(|length| length.wrapping_mul(7919) % 1013);
        for width in widths() {
            let mut streams = lengths.iter().enumerate();
            let mut told = vec![None; lengths.len()];
            width.digest(
                &mut || streams.next().map(|(nth, &length)| ((nth, length), Slow(&bytes[..length], 1 + nth * 37, false))),
                &mut |(nth, length), result| {
                    let (digest, size) = result.unwrap();
                    assert_eq!(size as usize, length);
                    told[nth] = Some(digest);
                },
            );
            for (length, digest) in lengths.iter().zip(told) {
                assert_eq!(digest, Some(Digest::of(&bytes[..*length])), "{width:?} {length}");
            }
        }
    }

    #[test]
    fn a_stream_that_breaks_is_its_own_error_and_harms_no_other() {
        let bytes = vec![7; 100_000];
        for width in widths() {
            let mut streams = (0..40).map(|nth| (nth, Slow(&bytes[..nth * 2_000], 1_000, nth % 3 == 0)));
            let mut told = 0;
            width.digest(&mut || streams.next(), &mut |nth, result| {
                told += 1;
                match result {
                    Err(_) => assert_eq!(nth % 3, 0),
                    Ok((digest, _)) => assert_eq!((digest, nth % 3 > 0), (Digest::of(&bytes[..nth * 2_000]), true)),
                }
            });
            assert_eq!(told, 40, "{width:?}");
        }
    }
}
