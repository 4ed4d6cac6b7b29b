"""A calendar of OpenTimestamps and the node of Bitcoin behind it, for tests: proofs are made with the reference library, blocks
are mined with the work of a regression-test chain. Prints its address; POST /mine puts what is waiting into a block and answers
its header; POST /lie has it answer once that each promise is in a block that nobody mined."""

import hashlib
import http.server
import io
import json
import struct
import time

from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.op import OpAppend, OpPrepend, OpSHA256
from opentimestamps.core.serialize import StreamSerializationContext
from opentimestamps.core.timestamp import Timestamp, cat_sha256d

BITS = 0x207FFFFF
waiting, complete, blocks, lies = {}, {}, [], []


def written(stamp):
    stream = io.BytesIO()
    stamp.serialize(StreamSerializationContext(stream))
    return stream.getvalue()


def twice(data):
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def promise(digest):
    stamp = Timestamp(digest)
    end = stamp.ops.add(OpPrepend(struct.pack(">L", int(time.time())))).ops.add(OpSHA256()).ops.add(OpAppend(b"calendar")) \
        .ops.add(OpSHA256())
    end.attestations.add(PendingAttestation(ADDRESS))
    waiting[end.msg] = Timestamp(end.msg)
    return written(stamp)


def mine():
    """A block whose first transaction commits to all that waits, beside another one."""
    height = 100 + len(blocks)
    stamps = list(waiting.items())
    root = None
    for message, stamp in stamps:
        inside = stamp.ops.add(OpPrepend(b"\x01\x00\x00\x00\x01 a transaction ")).ops.add(OpAppend(b" its end"))
        leaf = inside.ops.add(OpSHA256()).ops.add(OpSHA256())
        if root is None:
            other = Timestamp(twice(b"another transaction"))
            top = cat_sha256d(leaf, other)
            root = top.msg
        else:
            raise SystemExit("one promise a block is enough for the tests")
        top.attestations.add(BitcoinBlockHeaderAttestation(height))
        complete[message] = stamp
    waiting.clear()
    before = twice(blocks[-1]) if blocks else bytes(32)
    for nonce in range(1 << 32):
        header = struct.pack("<i32s32sIII", 4, before, root or bytes(32), int(time.time()), BITS, nonce)
        if int.from_bytes(twice(header), "little") <= 0x7FFFFF << 232:
            blocks.append(header)
            return header


class Calendar(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/octet-stream"):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        message = bytes.fromhex(self.path.rsplit("/", 1)[1])
        if lies:
            stamp = Timestamp(message)
            stamp.ops.add(OpSHA256()).attestations.add(BitcoinBlockHeaderAttestation(lies.pop()))
            return self.answer(200, written(stamp))
        stamp = complete.get(message)
        if stamp is None:
            return self.answer(404, b"Pending confirmation in Bitcoin blockchain")
        self.answer(200, written(stamp))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/digest":
            return self.answer(200, promise(body))
        if self.path == "/lie":
            lies.append(77)
            return self.answer(200, b"")
        if self.path == "/mine":
            return self.answer(200, mine().hex().encode())
        asked = json.loads(body)
        method, given = asked["method"], asked["params"]
        if method == "getblockcount":
            result = 99 + len(blocks)
        elif method == "getblockhash":
            result = twice(blocks[given[0] - 100])[::-1].hex()
        else:
            result = next(header for header in blocks if twice(header)[::-1].hex() == given[0]).hex()
        self.answer(200, json.dumps({"result": result, "error": None, "id": asked["id"]}).encode(), "application/json")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Calendar)
ADDRESS = f"http://127.0.0.1:{server.server_address[1]}"
print(ADDRESS, flush=True)
server.serve_forever()
