//! The form of an entry: a header that says what it was made of, sealed together with the artifact.

use std::ops::Deref;

use crate::key::Key;

/// The first bytes of an entry; the last of them is the version of its form.
const MAGIC: [u8; 8] = *b"sinewcc\x01";

const LENGTH: usize = MAGIC.len();
const CONTEXT: usize = LENGTH + 8;
const SOURCE: usize = CONTEXT + 32;
const SEAL: usize = SOURCE + 32;
/// Bytes before the artifact.
pub(crate) const HEADER: usize = SEAL + 32;

/// What an artifact is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    context: [u8; 32],
    source: [u8; 32],
}

impl Subject {
    /// A source, and all else that an artifact of it depends on: the compiler, its version and
    /// settings, the features of the processor it compiles for.
    pub fn new(context: &[&[u8]], source: &[u8]) -> Subject {
        let mut hasher = blake3::Hasher::new();
        let own: [&[u8]; 4] = [
            &MAGIC,
            env!("CARGO_PKG_VERSION").as_bytes(),
            std::env::consts::ARCH.as_bytes(),
            std::env::consts::OS.as_bytes(),
        ];
        for part in own.iter().chain(context) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Subject {
            context: hasher.finalize().into(),
            source: blake3::hash(source).into(),
        }
    }

    /// The name of the entry's file. Subjects that share one replace each other's entries.
    pub(crate) fn name(&self) -> String {
        let hex = |hash| blake3::Hash::from_bytes(hash).to_hex();
        let (source, context) = (hex(self.source), hex(self.context));
        format!("{}{}{SUFFIX}", &source[..32], &context[..32])
    }
}

const SUFFIX: &str = ".sinewc";
const NAME: usize = 64 + SUFFIX.len();

/// Whether this is the name of an entry's file.
pub(crate) fn is_name(name: &str) -> bool {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    name.len() == NAME
        && name
            .strip_suffix(SUFFIX)
            .is_some_and(|hashes| hashes.bytes().all(is_hex))
}

/// An artifact as it was stored.
pub struct Artifact(Vec<u8>);

impl Artifact {
    /// The artifact of an entry, if the entry is for `subject` and was sealed with `key`.
    pub(crate) fn verify(key: &Key, subject: &Subject, entry: Vec<u8>) -> Option<Artifact> {
        let (header, artifact) = entry.split_at_checked(HEADER)?;
        let expected = self::header(key, subject, artifact);
        let (seal, expected_seal) = (&header[SEAL..], &expected[SEAL..]);
        // Not told apart by how long it takes.
        let is_sealed = blake3::Hash::from_slice(seal).ok()? == *expected_seal;
        (is_sealed && header[..SEAL] == expected[..SEAL]).then_some(Artifact(entry))
    }
}

impl Deref for Artifact {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0[HEADER..]
    }
}

impl std::fmt::Debug for Artifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Artifact({} bytes)", self.len())
    }
}

/// What comes before the artifact in its entry.
pub(crate) fn header(key: &Key, subject: &Subject, artifact: &[u8]) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..LENGTH].copy_from_slice(&MAGIC);
    header[LENGTH..CONTEXT].copy_from_slice(&(artifact.len() as u64).to_le_bytes());
    header[CONTEXT..SOURCE].copy_from_slice(&subject.context);
    header[SOURCE..SEAL].copy_from_slice(&subject.source);
    let mut hasher = blake3::Hasher::new_keyed(key.bytes());
    hasher.update(&header[..SEAL]).update(artifact);
    header[SEAL..].copy_from_slice(hasher.finalize().as_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random (xorshift64*), the same each time.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
        }
    }

    const KEY: [u8; 32] = [7; 32];

    fn subject(context: &str, source: usize) -> Subject {
        Subject::new(&[context.as_bytes()], &source.to_le_bytes())
    }

    fn entry(key: [u8; 32], subject: &Subject, artifact: &[u8]) -> Vec<u8> {
        let mut entry = header(&Key::new(key), subject, artifact).to_vec();
        entry.extend(artifact);
        entry
    }

    /// Changes an entry in some way; it may come out as it was.
    fn mutate(entry: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
        let at = numbers.below(entry.len());
        match numbers.below(8) {
            0..=2 => entry[at] ^= 1 << numbers.below(8),
            3 => entry.truncate(at),
            4 => entry.extend((0..=numbers.below(80)).map(|n| n as u8)),
            // A part of another entry: its header, its seal, its artifact.
            5 => {
                let end = (at + numbers.below(64)).min(entry.len()).min(other.len());
                let start = at.min(end);
                entry[start..end].copy_from_slice(&other[start..end]);
            }
            6 if entry.len() >= HEADER => {
                let header = [LENGTH, CONTEXT, SOURCE, SEAL, HEADER];
                let field = numbers.below(4);
                let range = header[field]..header[field + 1];
                entry[range.clone()].copy_from_slice(&other[range]);
            }
            _ => {
                entry.remove(at);
            }
        }
    }

    /// HAZARDS F1: nothing but what was stored is taken.
    #[test]
    fn f1_cache_tamper() {
        let (key, mut numbers) = (Key::new(KEY), Numbers(1));
        let small: Vec<u8> = (0..200).collect();
        let large: Vec<u8> = (0..20_000u32).map(|n| ((n * n) >> 7) as u8).collect();
        let (mut changed, mut accepted) = (0, 0);
        while changed < 100_000 {
            let artifact = match changed % 50 {
                0 => &large,
                _ => &small,
            };
            let own = subject("engine", changed % 7);
            let original = entry(KEY, &own, artifact);
            let other = match numbers.below(3) {
                0 => entry(KEY, &subject("engine", 8), artifact),
                1 => entry(KEY, &subject("other engine", changed % 7), artifact),
                _ => entry([8; 32], &own, artifact),
            };
            let mut mutant = original.clone();
            for _ in 0..=numbers.below(3) {
                if !mutant.is_empty() {
                    mutate(&mut mutant, &other, &mut numbers);
                }
            }
            if mutant == original {
                continue;
            }
            changed += 1;
            accepted += usize::from(Artifact::verify(&key, &own, mutant).is_some());
        }
        assert_eq!(accepted, 0);
        let own = subject("engine", 1);
        let taken = Artifact::verify(&key, &own, entry(KEY, &own, &large)).unwrap();
        assert_eq!(*taken, *large);
    }

    #[test]
    fn whole_entries_of_others_are_refused() {
        let (key, own, artifact) = (Key::new(KEY), subject("engine", 1), [1, 2, 3]);
        let refused = [
            entry(KEY, &subject("engine", 2), &artifact),
            entry(KEY, &subject("engine 2", 1), &artifact),
            entry([8; 32], &own, &artifact),
            Vec::new(),
            MAGIC.to_vec(),
            vec![0; HEADER],
            vec![0; HEADER - 1],
        ];
        for entry in refused {
            assert!(Artifact::verify(&key, &own, entry).is_none());
        }
        let empty = Artifact::verify(&key, &own, entry(KEY, &own, &[])).unwrap();
        assert!(empty.is_empty());
    }

    #[test]
    fn subjects_are_told_apart() {
        let of = |context: &[&[u8]], source: &[u8]| Subject::new(context, source);
        let all = [
            of(&[], b"a"),
            of(&[b""], b"a"),
            of(&[b"ab", b"c"], b"a"),
            of(&[b"a", b"bc"], b"a"),
            of(&[b"abc"], b"a"),
            of(&[b"abc"], b"b"),
        ];
        for (index, a) in all.iter().enumerate() {
            assert!(is_name(&a.name()), "{}", a.name());
            for b in &all[index + 1..] {
                assert!(a != b && a.name() != b.name());
            }
        }
        for other in ["", "sinew.key", "a.sinewc", &"A".repeat(NAME)] {
            assert!(!is_name(other), "{other}");
        }
    }
}
