//! [Subresource Integrity](https://w3c.github.io/webappsec-subresource-integrity/).

use data_url::forgiving_base64;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// [Do bytes match metadataList?](https://w3c.github.io/webappsec-subresource-integrity/#does-response-match-metadatalist)
pub(crate) fn matches(bytes: &[u8], metadata: &str) -> bool {
    // 1. Let parsedMetadata be the result of parsing metadataList; unknown algorithms are skipped.
    let parsed = metadata.split_ascii_whitespace().filter_map(|item| {
        let (algorithm, rest) = item.split_once('-')?;
        let algorithm = algorithm.to_ascii_lowercase();
        let strength = ["sha256", "sha384", "sha512"]
            .iter()
            .position(|name| *name == algorithm)?;
        let digest = rest.split('?').next().unwrap_or_default();
        Some((strength, digest))
    });
    let parsed: Vec<(usize, &str)> = parsed.collect();
    // 2. If parsedMetadata is empty set, return true.
    let Some(strongest) = parsed.iter().map(|(strength, _)| *strength).max() else {
        return true;
    };
    // 3. to 5. One of the strongest has to match.
    let actual: Vec<u8> = match strongest {
        0 => Sha256::digest(bytes).to_vec(),
        1 => Sha384::digest(bytes).to_vec(),
        _ => Sha512::digest(bytes).to_vec(),
    };
    parsed
        .iter()
        .filter(|(strength, _)| *strength == strongest)
        .any(|(_, digest)| {
            let digest = digest.replace('-', "+").replace('_', "/");
            forgiving_base64::decode_to_vec(digest.as_bytes()).is_ok_and(|bytes| bytes == actual)
        })
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn the_strongest_counts() {
        let sha256 = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        assert!(matches(b"abc", sha256));
        assert!(!matches(b"abd", sha256));
        assert!(matches(b"abc", &format!("sha256-AAAA {sha256}?option")));
        assert!(!matches(b"abc", &format!("{sha256} sha512-AAAA")));
        assert!(matches(b"abc", ""));
        assert!(matches(b"abc", "md5-AAAA"));
        assert!(matches(b"abc", &sha256.replace('+', "-").replace('/', "_")));
    }
}
