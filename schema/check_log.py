#!/usr/bin/env python3
"""Checks the log slice of an exhibit bag with nothing but Python's standard library.

usage: python3 data/log/check_log.py      (from the bag's own directory)

For every entry in data/log/entries.jsonl: the entry is in the tree under the checkpoint's root
(RFC 9162), and every sealed value at hand is the one that the entry commits to. For every admitted
exhibit: its bytes are here. The checkpoint's own signature (Ed25519, C2SP signed note) is not checked here;
the bag's signature covers the checkpoint's bytes.
"""
import base64, glob, hashlib, json, os, sys
from decimal import Decimal

LOG = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.dirname(LOG)
wrong = []


def canonical(value):
    """RFC 8785 for the values that exhibit writes."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    if isinstance(value, float):
        text = repr(value)
        if "e" in text:
            digits, power = text.split("e")
            if -6 <= int(power) < 0:
                return format(Decimal(text), "f")
            return digits + "e" + ("+" if int(power) > 0 else "-") + str(abs(int(power)))
        return text
    return json.dumps(value, ensure_ascii=False)


def root_of(index, size, leaf, path):
    node, last, found = index, size - 1, leaf
    if index >= size:
        return None
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            found = hashlib.sha256(b"\x01" + sibling + found).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + sibling).digest()
        node, last = node >> 1, last >> 1
    return found if last == 0 else None


checkpoint = open(os.path.join(LOG, "checkpoint"), encoding="utf-8").read()
origin, size, root = checkpoint.split("\n\n")[0].split("\n")
size, root = int(size), base64.b64decode(root)
entries = sealed = 0
objects = set()
for path in sorted(glob.glob(os.path.join(DATA, "objects", "*"))):
    digest, hasher = os.path.basename(path).split(".")[0], hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            hasher.update(block)
    objects.add(hasher.hexdigest())
    if hasher.hexdigest() != digest:
        wrong.append(f"object {digest}: its bytes are not those that its name stands for")
for line in open(os.path.join(LOG, "entries.jsonl"), encoding="utf-8"):
    row = json.loads(line)
    index, entry = row["index"], canonical(row["entry"]).encode()
    proof = open(os.path.join(LOG, "proofs", f"{index}.tlog-proof"), encoding="utf-8").read()
    head, hashes, rest = proof.split("\n", 2)[0], [], proof.split("\n\n", 1)
    hashes = [base64.b64decode(text) for text in rest[0].split("\n")[2:]]
    if head != "c2sp.org/tlog-proof@v1" or rest[1] != checkpoint or rest[0].split("\n")[1] != f"index {index}":
        wrong.append(f"entry {index}: its proof is not one for this checkpoint")
    elif root_of(index, size, hashlib.sha256(b"\x00" + entry).digest(), hashes) != root:
        wrong.append(f"entry {index}: it is not in the log under this checkpoint")
    for field, value in row.get("sealed", {}).items():
        sealed += 1
        bytes_ = bytes.fromhex(value["salt"]) + canonical(value["value"]).encode()
        if hashlib.sha256(bytes_).hexdigest() != row["entry"]["sealed"].get(field):
            wrong.append(f"entry {index}: the value of {field} is not the one that was committed to")
    if row["entry"]["kind"] == "exhibit-admitted" and row["entry"]["event"]["object"] not in objects:
        wrong.append(f"entry {index}: the bytes {row['entry']['event']['object']} are not in this bag")
    entries += 1

for text in wrong:
    print("WRONG", text)
print(f"{entries} entries of {size} and {sealed} sealed values checked against the root of {origin}: {len(wrong)} wrong")
sys.exit(1 if wrong else 0)
