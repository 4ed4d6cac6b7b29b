"""Checks a bag's timestamps with rfc3161-client alone. Arguments: the bag, and the authority's root certificate (PEM)."""
import sys
from pathlib import Path

from cryptography import x509
from rfc3161_client import VerifierBuilder, decode_timestamp_response

bag, root = Path(sys.argv[1]), x509.load_pem_x509_certificate(Path(sys.argv[2]).read_bytes())
verifier = VerifierBuilder().add_root_certificate(root).build()
anchors = bag / "data" / "log" / "anchors"
pairs = [(token, bag / "tagmanifest-sha256.txt") for token in bag.glob("tagmanifest-sha256.txt.*.tsr")]
pairs += [(note.with_suffix(".tsr"), note) for note in anchors.glob("*.note")]
for token, data in pairs:
    verifier.verify_message(decode_timestamp_response(token.read_bytes()), data.read_bytes())
print(len(pairs), "timestamps")
