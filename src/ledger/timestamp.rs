//! Timestamps of outside authorities (RFC 3161): asking for one, and checking one.

use std::time::Duration;

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{AnyRef, Decode, Encode, Reader, SliceReader, Tag, Tagged};
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::ring as algorithms;
use x509_cert::Certificate;

use crate::evidence::Time;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
/// `id-kp-timeStamping`, as webpki takes it.
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
const ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ED25519,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// Why an answer of a timestamp authority proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    #[error("it is not a timestamp answer: {0}")]
    Malformed(String),
    #[error("the authority refused: status {0}")]
    Refused(u64),
    #[error("it is of other bytes than these")]
    OtherBytes,
    #[error("it does not carry the number that was asked with")]
    OtherNonce,
    #[error("its signature is not a good one: {0}")]
    Signature(String),
}

/// A timestamp whose signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestamp {
    /// When, as the authority says.
    pub time: Time,
    /// Until when the certificate that signed it is valid.
    pub expires: Time,
    /// The authority's name in that certificate.
    pub authority: String,
    pub nonce: Option<Vec<u8>>,
    /// Whether the certificate leads to one of the trusted roots, at the time that the timestamp says.
    pub trusted: Result<(), String>,
}

/// Asks for a timestamp of a SHA-256 digest, with the certificates of the authority (TimeStampReq, DER).
pub fn timestamp_request(digest: &[u8; 32], nonce: u64) -> Vec<u8> {
    // Positive, and without leading zeroes.
    let nonce = (nonce | 1 << 62) & (u64::MAX >> 1);
    let mut body = vec![0x02, 0x01, 0x01];
    body.extend([0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00]);
    body.extend([0x04, 0x20]);
    body.extend(digest);
    body.extend([0x02, 0x08]);
    body.extend(nonce.to_be_bytes());
    body.extend([0x01, 0x01, 0xff]);
    let mut request = vec![0x30, body.len() as u8];
    request.extend(body);
    request
}

/// The nonce of a request of ours.
pub fn nonce_of(nonce: u64) -> Vec<u8> {
    ((nonce | 1 << 62) & (u64::MAX >> 1)).to_be_bytes().to_vec()
}

fn malformed(error: impl ToString) -> StampError {
    StampError::Malformed(error.to_string())
}

/// What a TSTInfo says.
struct Said {
    algorithm: ObjectIdentifier,
    imprint: Vec<u8>,
    time: Time,
    nonce: Option<Vec<u8>>,
}

/// `20250509115855.25Z`; fractions occur, and many readers refuse them.
fn generalized(text: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if whole.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let at = |from: usize, to: usize| &whole[from..to];
    let stamp = format!("{}-{}-{}T{}:{}:{}.{fraction}Z", at(0, 4), at(4, 6), at(6, 8), at(8, 10), at(10, 12), at(12, 14));
    stamp.parse().ok()
}

fn tst_info(bytes: &[u8]) -> Result<Said, StampError> {
    let outer = AnyRef::from_der(bytes).map_err(malformed)?;
    let mut reader = SliceReader::new(outer.value()).map_err(malformed)?;
    let mut next = |tag: Tag| -> Result<AnyRef<'_>, StampError> {
        let found: AnyRef<'_> = reader.decode().map_err(malformed)?;
        if found.tag() == tag { Ok(found) } else { Err(malformed("TSTInfo has another shape")) }
    };
    next(Tag::Integer)?;
    next(Tag::ObjectIdentifier)?;
    let imprint = next(Tag::Sequence)?;
    next(Tag::Integer)?;
    let time = generalized(next(Tag::GeneralizedTime)?.value()).ok_or_else(|| malformed("its time cannot be read"))?;
    let mut nonce = None;
    while !reader.is_finished() {
        let more: AnyRef<'_> = reader.decode().map_err(malformed)?;
        if more.tag() == Tag::Integer {
            nonce = Some(more.value().to_vec());
        }
    }
    let mut parts = SliceReader::new(imprint.value()).map_err(malformed)?;
    let algorithm: AnyRef<'_> = parts.decode().map_err(malformed)?;
    let digest: OctetStringRef<'_> = parts.decode().map_err(malformed)?;
    let algorithm = SliceReader::new(algorithm.value()).and_then(|mut inside| inside.decode()).map_err(malformed)?;
    Ok(Said { algorithm, imprint: digest.as_bytes().to_vec(), time, nonce })
}

/// The digest that an algorithm makes of bytes, if it is one that is still good.
fn digest(algorithm: &ObjectIdentifier, bytes: &[u8]) -> Option<Vec<u8>> {
    let which = match algorithm.to_string().as_str() {
        "2.16.840.1.101.3.4.2.1" => &ring::digest::SHA256,
        "2.16.840.1.101.3.4.2.2" => &ring::digest::SHA384,
        "2.16.840.1.101.3.4.2.3" => &ring::digest::SHA512,
        _ => return None,
    };
    Some(ring::digest::digest(which, bytes).as_ref().to_vec())
}

fn moment(time: x509_cert::time::Time) -> Time {
    Time::from_micros(i64::try_from(time.to_unix_duration().as_micros()).unwrap_or(i64::MAX))
}

/// Certificates in a PEM file, or in a single DER one.
pub fn certificates(bytes: &[u8]) -> Vec<Vec<u8>> {
    if let Ok(one) = Certificate::from_der(bytes).and_then(|one| one.to_der()) {
        return vec![one];
    }
    use base64::{Engine, engine::general_purpose::STANDARD};
    let text = String::from_utf8_lossy(bytes);
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let inside = blocks.filter_map(|block| block.split("-----END CERTIFICATE-----").next());
    let packed = inside.map(|block| block.split_whitespace().collect::<String>());
    packed.filter_map(|block| STANDARD.decode(block).ok()).filter(|der| Certificate::from_der(der).is_ok()).collect()
}

/// Checks an answer (TimeStampResp) over `data`: imprint, nonce if one was asked with, signature, and the way to one of
/// `roots`. `more` are certificates that the answer may lack. All are DER.
pub fn verify_timestamp(
    answer: &[u8],
    data: &[u8],
    nonce: Option<&[u8]>,
    roots: &[Vec<u8>],
    more: &[Vec<u8>],
) -> Result<Timestamp, StampError> {
    let outer = AnyRef::from_der(answer).map_err(malformed)?;
    let mut reader = SliceReader::new(outer.value()).map_err(malformed)?;
    let status: AnyRef<'_> = reader.decode().map_err(malformed)?;
    let status: u64 = SliceReader::new(status.value()).and_then(|mut inside| inside.decode()).map_err(malformed)?;
    if status > 1 {
        return Err(StampError::Refused(status));
    }
    let token: ContentInfo = reader.decode().map_err(malformed)?;
    if token.content_type != SIGNED_DATA {
        return Err(malformed("it holds no signed data"));
    }
    let signed: SignedData = token.content.decode_as().map_err(malformed)?;
    if signed.encap_content_info.econtent_type != TST_INFO {
        return Err(malformed("what is signed is no TSTInfo"));
    }
    let content = signed.encap_content_info.econtent.as_ref().ok_or_else(|| malformed("nothing is signed"))?;
    let info = content.value();
    let said = tst_info(info)?;
    if digest(&said.algorithm, data).is_none_or(|own| own != said.imprint) {
        return Err(StampError::OtherBytes);
    }
    if nonce.is_some_and(|asked| said.nonce.as_deref() != Some(asked)) {
        return Err(StampError::OtherNonce);
    }
    let mut all: Vec<Vec<u8>> = Vec::new();
    for choice in signed.certificates.iter().flat_map(|set| set.0.iter()) {
        if let CertificateChoices::Certificate(one) = choice {
            all.push(one.to_der().map_err(malformed)?);
        }
    }
    all.extend(more.iter().chain(roots).cloned());
    let [signer] = signed.signer_infos.0.as_slice() else { return Err(malformed("it has not exactly one signature")) };
    let (der, certificate) = all
        .iter()
        .filter_map(|der| Some((der, Certificate::from_der(der).ok()?)))
        .find(|(_, certificate)| is_of(signer, certificate))
        .ok_or_else(|| StampError::Signature("the certificate that signed it is not there".into()))?;
    signature(signer, info, der)?;
    let validity = &certificate.tbs_certificate.validity;
    Ok(Timestamp {
        time: said.time,
        expires: moment(validity.not_after),
        authority: certificate.tbs_certificate.subject.to_string(),
        nonce: said.nonce,
        trusted: leads_to(roots, der, &all, said.time),
    })
}

fn is_of(signer: &SignerInfo, certificate: &Certificate) -> bool {
    let certificate = &certificate.tbs_certificate;
    match &signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            id.issuer == certificate.issuer && id.serial_number == certificate.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            matches!(certificate.get::<x509_cert::ext::pkix::SubjectKeyIdentifier>(), Ok(Some((_, own))) if own == *id)
        }
    }
}

/// The signature over the signed attributes, which name the content and the certificate.
fn signature(signer: &SignerInfo, info: &[u8], certificate: &[u8]) -> Result<(), StampError> {
    let bad = |why: &str| StampError::Signature(why.to_owned());
    let attributes = signer.signed_attrs.as_ref().ok_or_else(|| bad("it has no signed attributes"))?;
    let value = |oid: ObjectIdentifier| attributes.iter().find(|one| one.oid == oid).and_then(|one| one.values.iter().next());
    let content_type = value(CONTENT_TYPE).and_then(|value| value.decode_as::<ObjectIdentifier>().ok());
    if content_type != Some(TST_INFO) {
        return Err(bad("it is of another kind of content"));
    }
    let own = digest(&signer.digest_alg.oid, info).ok_or_else(|| bad("its digest is of a kind that is not accepted"))?;
    if value(MESSAGE_DIGEST).is_none_or(|value| value.value() != own) {
        return Err(bad("it is of other content"));
    }
    // Without this a certificate of the same key and number could be put in the place of the signer's.
    let named = match (value(SIGNING_CERTIFICATE_V2), value(SIGNING_CERTIFICATE)) {
        (Some(value), _) => names(value, certificate, true),
        (None, Some(value)) => names(value, certificate, false),
        (None, None) => false,
    };
    if !named {
        return Err(bad("it does not name the certificate that it is checked with"));
    }
    let signed = attributes.to_der().map_err(malformed)?;
    let certificate = CertificateDer::from(certificate);
    let key = webpki::EndEntityCert::try_from(&certificate).map_err(|error| bad(&format!("its certificate: {error}")))?;
    let wanted = signer.digest_alg.oid.to_string();
    let good = ALGORITHMS.iter().any(|algorithm| {
        digest_of(*algorithm).is_none_or(|own| own == wanted)
            && key.verify_signature(*algorithm, &signed, signer.signature.as_bytes()).is_ok()
    });
    if good { Ok(()) } else { Err(bad("it does not match")) }
}

/// The digest that goes with a signature algorithm of `ALGORITHMS`, by its identifier.
fn digest_of(algorithm: &dyn SignatureVerificationAlgorithm) -> Option<&'static str> {
    // Their names end with it: ECDSA_P256_SHA256.
    let name = format!("{algorithm:?}");
    [("SHA256", "2.16.840.1.101.3.4.2.1"), ("SHA384", "2.16.840.1.101.3.4.2.2"), ("SHA512", "2.16.840.1.101.3.4.2.3")]
        .into_iter()
        .find(|(ending, _)| name.contains(ending))
        .map(|(_, oid)| oid)
}

/// Whether an ESSCertID (SHA-1, or in version 2 SHA-256 unless it says otherwise) is of this certificate.
fn names(value: &der::Any, certificate: &[u8], second: bool) -> bool {
    let inside = |bytes: &[u8]| -> Option<(Tag, Vec<u8>)> {
        let mut reader = SliceReader::new(bytes).ok()?;
        let first: AnyRef<'_> = reader.decode().ok()?;
        Some((first.tag(), first.value().to_vec()))
    };
    let read = || -> Option<bool> {
        let (_, certs) = inside(value.value())?;
        let (_, first) = inside(&certs)?;
        let mut reader = SliceReader::new(&first).ok()?;
        let mut part: AnyRef<'_> = reader.decode().ok()?;
        let hash = |oid: &str| ObjectIdentifier::new(oid).ok().and_then(|oid| digest(&oid, certificate));
        let own = if !second {
            ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref().to_vec()
        } else if part.tag() == Tag::Sequence {
            let oid: ObjectIdentifier = SliceReader::new(part.value()).and_then(|mut inside| inside.decode()).ok()?;
            part = reader.decode().ok()?;
            hash(&oid.to_string())?
        } else {
            hash("2.16.840.1.101.3.4.2.1")?
        };
        Some(part.tag() == Tag::OctetString && part.value() == own)
    };
    read().unwrap_or(false)
}

/// The way from the certificate to a trusted root, at a moment, for timestamping.
fn leads_to(roots: &[Vec<u8>], certificate: &[u8], all: &[Vec<u8>], time: Time) -> Result<(), String> {
    let anchors: Vec<CertificateDer<'_>> = roots.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let anchors: Vec<TrustAnchor<'_>> = anchors.iter().filter_map(|der| webpki::anchor_from_trusted_cert(der).ok()).collect();
    if anchors.is_empty() {
        return Err("no root certificate is trusted for timestamps".into());
    }
    let between: Vec<CertificateDer<'_>> =
        all.iter().filter(|der| !roots.contains(der)).map(|der| CertificateDer::from(der.as_slice())).collect();
    let own = CertificateDer::from(certificate);
    let end = webpki::EndEntityCert::try_from(&own).map_err(|error| error.to_string())?;
    let then = UnixTime::since_unix_epoch(Duration::from_micros(time.micros().max(0) as u64));
    let usage = webpki::KeyUsage::required(TIME_STAMPING);
    end.verify_for_usage(ALGORITHMS, &anchors, &between, then, usage, None, None).map(drop).map_err(|error| match error {
        webpki::Error::UnknownIssuer | webpki::Error::InvalidSignatureForPublicKey => {
            "its certificate leads to none of the roots that you trust".into()
        }
        webpki::Error::CertExpired { .. } => "a certificate on the way to your root had expired by then".into(),
        webpki::Error::CertNotValidYet { .. } => "a certificate on the way to your root was not valid yet".into(),
        webpki::Error::RequiredEkuNotFoundContext(_) => "a certificate on the way to your root is not one for timestamps".into(),
        // Its kind is enough: what is in the brackets is bytes.
        other => {
            let kind = format!("{other:?}");
            let kind = kind.split(['(', ' ']).next().unwrap_or_default();
            format!("no way from its certificate to a root that you trust holds ({kind})")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_x690_and_its_looser_users_write_them() {
        let time = |text: &[u8]| generalized(text).map(|time| time.to_string());
        assert_eq!(time(b"20250509115855Z").as_deref(), Some("2025-05-09T11:58:55.000000Z"));
        assert_eq!(time(b"20250509115855.25Z").as_deref(), Some("2025-05-09T11:58:55.250000Z"));
        for wrong in
            [&b"20250509115855"[..], b"2025050911585Z", b"202505091158555Z", b"20250509115855,25Z", b"20250509115855.xZ", b"\xff"]
        {
            assert_eq!(time(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn only_digests_that_are_still_good_are_taken() {
        for (algorithm, begins) in [
            ("2.16.840.1.101.3.4.2.1", "ba7816bf"),
            ("2.16.840.1.101.3.4.2.2", "cb00753f"),
            ("2.16.840.1.101.3.4.2.3", "ddaf35a1"),
        ] {
            let made = digest(&algorithm.parse().unwrap(), b"abc").unwrap();
            assert_eq!(hex::encode(&made[..4]), begins, "{algorithm}");
        }
        assert_eq!(digest(&"1.3.14.3.2.26".parse().unwrap(), b"abc"), None, "SHA-1");
    }
}
