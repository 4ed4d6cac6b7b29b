#!/usr/bin/env python3
"""Checks an exhibit case or bag with Python's standard library alone. Written from schema/FORMAT.md ("§" names its
rules) and not from the program's source, so that a fault of the program does not repeat here.

usage: verify_case.py PATH [--key 'ssh-ed25519 AAAA…']… [--json]
exit:  0 green, 3 amber or red, 1 could not look, 2 usage

Only reads. Not checked: BLAKE3, media types; of a catalogue the tables search, touches and permission, of units of work
all but which are done, and the views; of a bag its records, its WARC and bag-info.txt beyond their digests. Ask the
sender for the key by a way that does not come with the bag: anyone can sign with a key of their own.
"""
import argparse, base64, contextlib, hashlib, json, os, re, sqlite3, sys
from decimal import Decimal
from urllib.parse import quote, unquote

DIGEST, ORDER = "[0-9a-f]{64}", 2**252 + 27742317777372353535851937790883648493
TIME = r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9](:[0-6][0-9]){2}\.[0-9]{6}Z"
TABLES = {  # kind: its table in the catalogue, and the fields that tell its rows apart (none: every entry is a row)
    "report-received": ("report", "report"), "item-identified": ("item", "key"), "claim-made": ("claim", ""),
    "reference-found": ("mention", "report ordinal"), "object-kept": ("object", "sha256"), "note-added": ("note", ""),
    "capture-made": ("capture", "key"), "exhibit-admitted": ("exhibit", "object item"),
    "examination-made": ("examination", "object probe probe_version"), "value-erased": ("erasure", "idx field")}
findings, checked = [], {"objects": 0, "bytes": 0, "entries": 0}
def expect(good, code, subject, detail, severity="red"):
    """Unless it is good, it is a finding."""
    if not good:
        clean = lambda text: "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))[:300]
        findings.append({"code": code, "severity": severity, "subject": clean(subject), "detail": clean(detail)})
def sha256(data):
    return hashlib.sha256(data).digest()
def need(good, detail):
    if not good:
        raise ValueError(detail)
@contextlib.contextmanager
def finding(code, subject):
    """Whatever goes wrong inside, with data of any form, is a finding and not the end."""
    try:
        yield
    except Exception as fault:
        expect(False, code, subject, str(fault) if type(fault) is ValueError else repr(fault))

# ---- canonical JSON, RFC 8785 ----
def number(value):
    """As ECMAScript writes a double: the shortest digits that mean it."""
    sign, digits, power = Decimal(repr(float(value))).normalize().as_tuple()
    need(isinstance(power, int), "not a finite number")
    if value == 0 or -6 < len(digits) + power <= 21:
        return format(Decimal((sign, digits, power)), "f") if value else "0"
    first, *more = map(str, digits)
    return "-" * sign + first + ("." if more else "") + "".join(more) + f"e{len(more) + power:+d}"
def canonical(value):
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return number(value) if type(value) in (int, float) else json.dumps(value, ensure_ascii=False)
def parse(data):
    value = json.loads(data.decode())
    need(canonical(value).encode() == data, "not in canonical form")  # §2; refuses duplicate members, too
    return value

# ---- Ed25519, RFC 8032: slow and plain ----
P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
def plus(a, b):
    k = D * a[0] * b[0] * a[1] * b[1] % P
    return (a[0] * b[1] + b[0] * a[1]) * pow(1 + k, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - k, -1, P) % P
def times(factor, point):
    half = times(factor >> 1, point) if factor > 1 else (0, 1)
    return plus(plus(half, half), point) if factor & 1 else plus(half, half)
def point_of(data):
    y, sign = int.from_bytes(data, "little") & 2**255 - 1, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    need(y < P and (x * x - square) % P == 0 and (x or not sign), "not a point, or not its only encoding")
    return x if x & 1 == sign else P - x, y
def signed(key, message, signature):
    s, base = int.from_bytes(signature[32:], "little"), point_of((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    if len(signature) != 64 or s >= ORDER or times(8, point_of(key)) == (0, 1):  # last: small order signs anything
        return False
    return times(s, base) == plus(point_of(signature[:32]), times(k, point_of(key)))

# ---- keys, checkpoint, seal ----
def unbase64(text):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "base64 with stray bits")
    return data
def packed(*parts):
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
def ssh_key(text):
    kind, key = text.split()[0], unbase64(text.split()[1])
    need(kind == "ssh-ed25519" and key == packed(kind.encode(), key[-32:]), "not an ssh-ed25519 public key")
    return key[-32:]

def case_key(entries, given):
    """The key that signs this log: that of entry 0 (§14). Whose key it is, only the reader can know."""
    with finding("signature-invalid", "entry 0"):
        key = ssh_key(entries[0]["event"]["key"])
        expect(key in given, "key-unknown", "log", "signed with a key that was not given with --key", "amber")
        return key

def read_note(data, subject, entries, key):
    """A C2SP signed note over a tlog-checkpoint: its (size, root), or None. Signatures of others are passed over."""
    with finding("checkpoint-differs", subject):
        text, signatures = data.decode().rsplit("\n\n", 1)
        (origin, size, root), mine = text.split("\n"), []
        need(re.fullmatch("[1-9][0-9]{0,15}", size) and signatures.endswith("\n"), "not a checkpoint")
        for line in signatures.split("\n")[:-1]:
            name, blob = re.fullmatch("— ([^ ]+) ([^ ]+)", line).groups()
            if name == origin and unbase64(blob)[:4] == sha256(origin.encode() + b"\n\1" + key)[:4]:
                mine.append(signed(key, text.encode() + b"\n", unbase64(blob)[4:]))
        expect(mine and all(mine), "signature-invalid", subject, "not signed by the case's key")
        need(entries[0]["event"].get("origin") == origin, "its origin is not that of entry 0")
        return int(size), unbase64(root)

def check_seal(message, armor, given, key_of_log):
    """SSHSIG over the tag manifest. Its parts lie at fixed places; built anew of them, it must be the same bytes."""
    with finding("signature-invalid", "tagmanifest-sha256.txt.sig"):
        start, *lines, end, _ = armor.decode().split("\n")
        need((start[5:], end[5:]) == ("BEGIN SSH SIGNATURE-----", "END SSH SIGNATURE-----"), "not an SSH signature")
        blob, kind, space = unbase64("".join(lines)), b"ssh-ed25519", b"exhibit-custody"
        key, signature, text = blob[33:65], blob[-64:], packed(space, b"", b"sha512", hashlib.sha512(message).digest())
        right = b"SSHSIG\0\0\0\1" + packed(packed(kind, key), space, b"", b"sha512", packed(kind, signature))
        need(blob == right and signed(key, b"SSHSIG" + text, signature), "not a signature over this bag")
        expect(key in given, "key-unknown", "bag", "sealed with a key that was not given with --key", "amber")
        expect(key == key_of_log, "key-unknown", "bag", "sealed with another key than that of its log", "amber")

# ---- tree, RFC 6962 and 9162 ----
def root_of(leaves):
    half = 1 << (len(leaves) - 1).bit_length() - 1 if len(leaves) > 1 else 0
    return sha256(b"\1" + root_of(leaves[:half]) + root_of(leaves[half:])) if half else b"".join(leaves)
def proven_root(index, size, leaf, path):
    if size == 1 or not path:
        return leaf if size == 1 and not path else b""
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        return sha256(b"\1" + proven_root(index, half, leaf, path[:-1]) + path[-1])
    return sha256(b"\1" + path[-1] + proven_root(index - half, size - half, leaf, path[:-1]))

# ---- entries, sealed values, objects ----
def read_entry(index, data, entries):
    with finding("entry-altered", f"entry {index}"):
        entry = parse(data)
        kind, event, sealed, work = entry["kind"], entry["event"], entry["sealed"], entry.get("work", {})
        need(len(data) <= 65535 and entry["format"] == "exhibit-entry/1", "its size or format")
        need(entry.keys() - {"work"} == {"agent", "event", "format", "kind", "sealed", "time"}, "its members (§3, §4)")
        need(kind in ("case-opened", "permission-given", *TABLES), "its kind")
        need((kind == "case-opened") == (index == 0), "its place (§9)")
        need(re.fullmatch(TIME, entry["time"]) and isinstance(entry["agent"]["tool"], str), "its time or agent")
        need(isinstance(event, dict) and work.keys() in (set(), {"kind", "key"}), "its event or work")
        need(all(re.fullmatch(DIGEST, text) for text in sealed.values()), "its commitments")
        need(not sealed.keys() & event.keys(), "a sealed field stands open, too (§7)")
        entries[index] = entry
def open_values(index, entry, sealed):
    """§6: those values of {field: (salt, value)} that the entry commits to."""
    values = {}
    for field, (salt, data) in sealed.items():
        with finding("sealed-altered", f"entry {index} {field}"):
            need(len(salt) == 16, "not a salt of 16 bytes")
            need(sha256(salt + data).hex() == entry["sealed"].get(field), "not the value that is committed to")
            values[field] = parse(data)
    return values
def read_file(path):
    with open(path, "rb") as file:
        return file.read()
def digests(path):
    hashers = {name: hashlib.new(name) for name in ("sha256", "sha512")}
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            [hasher.update(block) for hasher in hashers.values()]
    return {name: hasher.hexdigest() for name, hasher in hashers.items()}
def files(folder, code):
    """{path below the folder: file}. Links and the like are findings, and not followed."""
    found = {}
    for base, folders, names in os.walk(folder):
        for full in (os.path.join(base, name) for name in names + folders):
            path = os.path.relpath(full, folder).replace(os.sep, "/")
            plain = not os.path.islink(full) and (os.path.isfile(full) or os.path.isdir(full))
            expect(plain, code, path, "neither a file nor a folder")
            found.update({path: full} if plain and os.path.isfile(full) else {})
    return found

def check_objects(found, entries, place, staged=()):
    kept = {e["event"].get("sha256"): e["event"].get("size") for e in entries.values() if e["kind"] == "object-kept"}
    missing = set(kept)
    for path, full in sorted(found.items()):
        digest = os.path.basename(path).split(".")[0]
        named = re.fullmatch(DIGEST, digest) and re.fullmatch(place(digest), path) and digest in {*kept, *staged}
        expect(named, "object-extra", path, "no entry names it")
        missing.discard(digest if named else None)
        with finding("object-altered", path):
            size = os.path.getsize(full)
            checked.update(objects=checked["objects"] + 1, bytes=checked["bytes"] + size)
            need(not named or digests(full)["sha256"] == digest, "its bytes are not those that its name stands for")
            need(size == kept.get(digest, size), "its size is not the one that its entry says")
    for digest in sorted(missing, key=str):
        expect(False, "object-missing", digest, "an entry names it, and it is not here")

# ---- a case ----
def replay(entries, values):
    """§20: {(table, entry): row}. Rows hold more fields than the tables; numbers count rows in the order of the log."""
    rows, numbers, counts, versions = {}, {}, {}, {}
    for index, entry in entries.items():
        with finding("entry-altered", f"entry {index}"):
            event, value, (table, unique) = entry["event"], values[index], TABLES.get(entry["kind"], ("", ""))
            claim, probe = value.get("claim", {}), event.get("probe", {})
            row = {"problems": [], "hedges": [] if claim else None, **event, **claim, **value,
                   "time": entry["time"], "admitted": entry["time"], "tool": entry["agent"]["tool"], "entry": index,
                   "idx": event.get("entry"), "probe": probe.get("name"), "probe_version": probe.get("version")}
            rows["custody_event", index] = {**row, "kind": entry["kind"]}
            own = (table, *([row[name] for name in unique.split()] or [index]))
            if not table or own in numbers:
                continue
            no = numbers[own] = counts[table] = counts.get(table, 0) + 1
            rows[table, index] = row
            row.update({"prefix": "", "suffix": "", **row["quote"]} if "quote" in row else {}, no=no)
            if table == "claim":  # who acted is the claimant only of a person's claim
                row.update(status="active", person=row.get("person") if event["by"] == "person" else None)
            if table == "report":
                row["sha256"] = row["report"]
            if table == "exhibit":
                numbers.setdefault(("object", row["object"]), no)
            if table == "capture" and row["outcome"] == "ok":  # a version for every change of an item's bytes
                version, last = versions.get(row["item"], (0, None))
                row["version"] = version + (last != row["object"])
                versions[row["item"]] = row["version"], row["object"]
            row.update({name: numbers[name, row[name]] for name in ("report", "item", "capture")
                        if name in row and name != table})
            for kind, key in event.get("subject", {}).items():
                about = (key.split("#")[0], int(key.split("#")[1])) if kind == "mention" else (key,)
                row["subject_kind"] = {"mention": "M", "item": "I", "object": "E", "report": "R"}[kind]
                row["subject_no"] = numbers[(kind, *about)]
    return rows
def read(db, query):
    with finding("database-damaged", query):
        return db.execute(query).fetchall()
    return []

def check_catalogue(db, entries, values):
    expected = replay(entries, values)
    for table in ["custody_event"] + [table for table, _ in TABLES.values()]:
        for row in read(db, f"SELECT * FROM {table}"):
            right = expected.pop((table, row["entry"]), {"entry": "no entry"})
            for name, value in ((name, right.get(name)) for name in row.keys()):
                value = canonical(value) if isinstance(value, (dict, list)) else value
                expect(row[name] == value, "catalogue-differs", f"{table} {row[0]}", f"{name} is not what the log says")
    for table, index in expected:
        expect(False, "catalogue-differs", table, f"the row of entry {index} is missing")
    done = {tuple(row) for row in read(db, "SELECT kind, key FROM work WHERE state = 'done'")}
    right = {(entry["work"]["kind"], entry["work"]["key"]) for entry in entries.values() if "work" in entry}
    expect(done == right, "catalogue-differs", "work", f"done only in the table or the log: {done ^ right}")

def open_database(path):
    """mode=ro, and immutable where there is no -wal: then nobody has it open, and mode=ro would make a -wal."""
    name = os.path.join(os.path.abspath(path), "case.sqlite")
    uri = f"file:{quote(os.fsencode(name))}?mode=ro"
    for attempt in [uri] * os.path.exists(name + "-wal") + [uri + "&immutable=1"]:
        db = sqlite3.connect(attempt, uri=True)
        db.row_factory, db.text_factory = sqlite3.Row, lambda data: data.decode(errors="surrogateescape")
        try:
            db.execute("SELECT 1 FROM sqlite_master").fetchall()
            return db
        except (sqlite3.Error, ValueError) as fault:
            print(f"case.sqlite was opened without its -wal: {fault}", file=sys.stderr)
    return db
def tile_path(kind, index, width):
    *groups, last = f"{index:,}".zfill(len(f"{index:,}") + -(len(f"{index:,}") + 1) % 4).split(",")
    return "/".join([kind, *["x" + group for group in groups], last]) + (f".p/{width}" if width < 256 else "")

def check_files(folder, size, raw, tiles, lines):
    """§12, §13, §15: all files that a log of `size` needs are there, and all that are there say what the log says."""
    bundles = [len(entry).to_bytes(2, "big") + entry for entry in raw]
    said = {f"tile/{level}": (hashes, ("tile-differs", "tile-differs")) for level, hashes in enumerate(tiles)}
    said.update({"tile/entries": (bundles, ("entry-missing", "entry-altered")),
                 "sealed": (lines, ("sealed-missing", "sealed-altered"))})
    found = files(folder, "tile-differs")
    found.pop("checkpoint", None)
    for kind, (parts, code) in said.items():
        count = size >> 8 * int(kind[5:]) if kind[5:].isdigit() else size
        for path in [tile_path(kind, i // 256, min(256, count - i)) for i in range(0, count, 256)]:
            expect(path in found, code[0], f"log/{path}", "it is missing")
    for path, full in found.items():
        with finding("object-extra", f"log/{path}"):
            kind, index, width = re.fullmatch(r"(.+?)/((?:x\d{3}/)*\d{3})(?:\.p/(\d+))?", path).groups()
            index, width, (parts, code) = int(re.sub("[x/]", "", index)), int(width or 256), said[kind]
            parts = parts[256 * index:256 * index + width]
            need(tile_path(kind, index, width) == path and len(parts) == width, "no file of this log")
            expect(read_file(full) == b"".join(parts), code[1], f"log/{path}", "it does not say what the log says")

def check_case(path, given):
    db, entries, values, sealed, lines = open_database(path), {}, {}, {}, []
    for pragma, right in ("integrity_check", "ok"), ("application_id", 0x45584842), ("user_version", 1):
        for fact, in read(db, f"PRAGMA {pragma}"):
            expect(fact == right, "database-damaged", "case.sqlite", f"{pragma}: {fact}")
    log = read(db, "SELECT idx, entry FROM log ORDER BY idx")
    raw = [bytes(row["entry"]) if isinstance(row["entry"], bytes) else b"" for row in log]
    whole = raw and [row["idx"] for row in log] == list(range(len(raw)))
    expect(whole, "entry-missing", "log", "entries are not numbered from 0 without gaps")
    for index, data in enumerate(raw):
        read_entry(index, data, entries)
    for index, field, salt, value in read(db, "SELECT idx, field, salt, value FROM sealed ORDER BY idx, field"):
        sealed.setdefault(index, {})[field] = salt, value
        expect(index in entries, "sealed-altered", f"entry {index} {field}", "there is no such entry")
    erased = [(e["event"].get("entry"), e["event"].get("field"))
              for e in entries.values() if e["kind"] == "value-erased"]
    for index in range(len(raw)):
        entry, here = entries.get(index, {"sealed": {}}), sealed.get(index, {})
        values[index] = open_values(index, entry, here)
        line = {field: {"salt": here[field][0].hex(), "value": value} for field, value in values[index].items()}
        lines.append(canonical({"entry": index, "values": line}).encode() + b"\n" if line else b"")
        for field in entry["sealed"].keys() - here.keys():
            expect((index, field) in erased, "sealed-missing", f"entry {index} {field}", "not here and not erased")
    leaves, key, size = [sha256(b"\0" + data) for data in raw], case_key(entries, given), 0
    for text, in read(db, "SELECT note FROM head") or [("",)]:
        note = read_note(text.encode(errors="surrogateescape"), "head", entries, key)
        expect(note == (len(raw), root_of(leaves)), "tree-differs", "head", "not the head of these entries")
    with finding("checkpoint-missing", "log/checkpoint"):
        note = read_note(read_file(os.path.join(path, "log", "checkpoint")), "log/checkpoint", entries, key)
        size = min(note[0], len(raw)) if note else 0
        right = note is None or note == (size, root_of(leaves[:size]))
        expect(right, "checkpoint-differs", "log/checkpoint", "not a beginning of the log in the database")
    for published, root in read(db, "SELECT size, root FROM publication") or [(0, b"")]:
        right = 0 < published <= size and root == root_of(leaves[:published])
        expect(right, "checkpoint-differs", "publication", "more was published than is here, or something else")
    tiles = [[root_of(leaves[i * n:(i + 1) * n]) for i in range(len(leaves) // n)] for n in (256**e for e in range(6))]
    right = {(level, index): root for level in range(1, 6) for index, root in enumerate(tiles[level])}
    stored = {(level, index): root for level, index, root in read(db, "SELECT level, idx, hash FROM tile_hash")}
    expect(stored == right, "tile-differs", "tile_hash", "not the hashes of this log")
    check_files(os.path.join(path, "log"), size, raw, tiles, lines)
    check_catalogue(db, entries, values)
    staged = [os.path.basename(name) for name in files(os.path.join(path, "staging"), "object-extra")]
    check_objects(files(os.path.join(path, "vault"), "object-altered"), entries,
                  lambda digest: f"sha256/{digest[:2]}/{digest[2:4]}/{digest}",
                  [name[:64] for name in staged if re.fullmatch(DIGEST + "-[0-9]+", name)])
    checked["entries"] = len(raw)

# ---- a bag ----
def check_manifests(found):
    right, seal = {}, {"tagmanifest-sha256.txt", "tagmanifest-sha512.txt", "tagmanifest-sha256.txt.sig"}
    for path, full in found.items():
        with finding("bag-file-altered", path):
            right[path] = digests(full)
    payload = {path for path in found if path.startswith("data/")}
    for title, covers in ("manifest", payload), ("tagmanifest", found.keys() - payload - seal):
        for name, title in ("sha256", f"{title}-sha256.txt"), ("sha512", f"{title}-sha512.txt"):
            with finding("bag-file-missing", title):
                lines = read_file(found[title]).decode().split("\n")
                pairs = [line.partition("  ")[::2] for line in lines[:-1]]
                listed = [re.sub("%(0A|0D|25)", lambda code: unquote(code[0]), path) for _, path in pairs]
                for (digest, _), path in zip(pairs, listed):
                    expect(path in found, "bag-file-missing", path, f"{title} names it")
                    good = path in covers and right.get(path, {}).get(name) == digest and listed.count(path) == 1
                    expect(good or path not in found, "bag-file-altered", path, f"not as {title} says")
                for path in sorted(covers.difference(listed)):
                    expect(False, "bag-file-extra", path, f"{title} does not name it")
                need(lines[-1] == "" and "bagit.txt" in found, "cut, or without its bagit.txt")

def check_bag(path, given):
    found, entries, raw, checkpoint, note = files(path, "bag-file-altered"), {}, {}, b"", None
    check_manifests(found)
    with finding("entry-missing", "data/log/entries.jsonl"):
        for line in read_file(found["data/log/entries.jsonl"]).split(b"\n")[:-1]:
            with finding("entry-altered", "data/log/entries.jsonl"):
                row = parse(line)
                index = row["index"]
                need(type(index) is int and index not in raw, f"index {index} again, or no number")
                raw[index] = canonical(row["entry"]).encode()
                read_entry(index, raw[index], entries)
                open_values(index, row["entry"], {
                    field: (bytes.fromhex(pair["salt"]), canonical(pair["value"]).encode())
                    for field, pair in row.get("sealed", {}).items()})
    key, checked["entries"] = case_key(entries, given), len(raw)
    with finding("signature-invalid", "bag"):
        check_seal(*[read_file(found["tagmanifest-sha256.txt" + end]) for end in ("", ".sig")], given, key)
    with finding("checkpoint-missing", "data/log/checkpoint"):
        checkpoint = read_file(found["data/log/checkpoint"])
        note = read_note(checkpoint, "data/log/checkpoint", entries, key)
    due = {f"data/log/proofs/{index}.tlog-proof" for index in raw}
    for name in sorted(due.union(name for name in found if name.endswith(".tlog-proof"))):
        with finding("proof-invalid", name):
            head, rest = read_file(found[name]).split(b"\n\n", 1)
            title, index, *path = head.decode().split("\n")
            number = int(re.fullmatch("index (0|[1-9][0-9]*)", index)[1])
            need(title == "c2sp.org/tlog-proof@v1" and rest == checkpoint, "not a proof for this checkpoint")
            need("/proofs/" not in name or name.endswith(f"/{number}.tlog-proof"), "a proof for another entry")
            root = proven_root(number, note[0], sha256(b"\0" + raw[number]), [unbase64(line) for line in path])
            need(number < note[0] and root == note[1], "the entry is not in the log under this checkpoint")
    check_objects({path[13:]: full for path, full in found.items() if path.startswith("data/objects/")}, entries,
                  lambda digest: digest + r"(\.[A-Za-z0-9]+)?")

def main():
    arguments = argparse.ArgumentParser(description="Checks an exhibit case or bag without exhibit.")
    arguments.add_argument("path")
    arguments.add_argument("--key", action="append", default=[], help="a key that you trust: 'ssh-ed25519 AAAA…'")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    try:
        given = [ssh_key(text) for text in options.key]
    except (LookupError, ValueError) as fault:
        arguments.error(f"--key: {fault}")
    here = lambda *names: any(os.path.lexists(os.path.join(options.path, name)) for name in names)
    if not here("case.sqlite", "vault", "bagit.txt", "tagmanifest-sha256.txt"):
        sys.exit(f"could not look: {options.path} is neither a case nor a bag")
    with finding("database-damaged", options.path):
        (check_case if here("case.sqlite", "vault") else check_bag)(options.path, given)
    verdict = "green" if not findings else "red" if "red" in [f["severity"] for f in findings] else "amber"
    lines = [f"{f['severity']} {f['code']} {f['subject']} {f['detail']}" for f in findings] + [f"verdict: {verdict}"]
    report = json.dumps({"verdict": verdict, "findings": findings, "checked": checked})
    print(report if options.json else "\n".join(lines).encode("ascii", "backslashreplace").decode())
    sys.exit(0 if verdict == "green" else 3)

if __name__ == "__main__":
    main()
