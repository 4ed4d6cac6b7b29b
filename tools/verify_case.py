#!/usr/bin/env python3
"""Checks an exhibit case or bag with Python's standard library alone. Written from schema/FORMAT.md ("§" names its
rules) and not from the program's source, so that a fault of the program does not repeat here. Only reads.

verify_case.py PATH [--key 'ssh-ed25519 AAAA…']… [--json]   exit 0 green, 3 amber or red, 1 could not look, 2 usage
Judges log, published log, sealed values, vault, signatures and bags; not the catalogue (an index that `exhibit rebuild`
makes anew from the log), BLAKE3, media types, timestamps, and what a bag's records, captures and bag-info.txt say. Ask
the sender for the key by a way that does not come with the bag: anyone can sign with a key of their own."""
import argparse, base64, contextlib, datetime, hashlib, json, os, re, sqlite3, sys
from decimal import Decimal
from pathlib import Path

DIGEST, ORDER = "[0-9a-f]{64}", 2**252 + 27742317777372353535851937790883648493
TIME = r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9](:[0-6][0-9]){2}\.[0-9]{6}Z"
UNLISTED = r"tagmanifest-[^/]+\.txt|tagmanifest-sha256\.txt\.(sig|[0-9]+\.tsr)"  # tag files that no tag manifest covers
findings, checked = [], {"objects": 0, "bytes": 0, "entries": 0}

def expect(good, code, subject, detail, severity="red"):
    if not good:
        findings.append(dict(severity=severity, code=code, subject=str(subject)[:300], detail=str(detail)[:300]))

def need(good, detail):
    if not good:
        raise ValueError(detail)
def sha256(data):
    return hashlib.sha256(data).digest()

@contextlib.contextmanager
def finding(code, subject, severity="red"):
    """Whatever goes wrong inside, with data of any form, is a finding and not the end."""
    try:
        yield
    except Exception as fault:
        expect(False, code, subject, str(fault) if type(fault) is ValueError else repr(fault), severity)

def canonical(value):
    """RFC 8785: members in the order of UTF-16, numbers as ECMAScript writes a double."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"
    if type(value) not in (int, float):
        return f"[{','.join(map(canonical, value))}]" if type(value) is list else json.dumps(value, ensure_ascii=False)
    digits = Decimal(repr(float(value or 0))).normalize()
    return format(digits, "f" if -7 < digits.adjusted() < 21 else "e").lower()  # lower: NaN has no canonical form
def parse(data):
    value = json.loads(data.decode())
    need(canonical(value).encode() == data, "not in canonical form")  # §2; refuses duplicate members, too
    return value

P = 2**255 - 19  # Ed25519, RFC 8032: slow and plain
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
    good = len(signature) == 64 and s < ORDER and times(8, point_of(key)) != (0, 1)  # a small order signs anything
    return good and times(s, base) == plus(point_of(signature[:32]), times(k, point_of(key)))
def unbase64(text):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "base64 with stray bits")
    return data
def packed(*parts):
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
def ssh_key(text):
    kind, blob, *_ = text.split()
    need(kind == "ssh-ed25519" and packed(kind.encode(), unbase64(blob)[-32:]) == unbase64(blob), "no ssh-ed25519 key")
    return unbase64(blob)[-32:]

def keys_of(entries, given):
    """[(index, key, trusted)]: entry 0's key and those put in its place. Trust goes on as long as each key agreed."""
    keys, last, slack = [], datetime.datetime.min, datetime.timedelta(minutes=10)
    for index, entry in sorted(entries.items()):
        with finding("signature-invalid", f"entry {index}"):
            event, agreed = entry["event"], False
            good = last - (last := datetime.datetime.fromisoformat(entry["time"][:-1])) <= slack
            expect(good, "clock-anomaly", f"entry {index}", "dated before the entry before it", "amber")
            if entry["kind"] == "case-opened":
                keys.append((0, ssh_key(event["key"]), ssh_key(event["key"]) in given))
            if entry["kind"] == "key-changed":
                (_, old, trusted), new, origin = keys[-1], ssh_key(event["new"]), entries[0]["event"]["origin"]
                text = f"exhibit-key-change/1\n{origin}\n{event['old']}\n{event['new']}\n".encode()
                with finding("key-lost", f"entry {index}", "amber"):
                    agreed = signed(old, text, unbase64(event.get("by_old", "")))
                    need(agreed, "the key before did not agree to the change")
                keys.append((index, new, new in given or trusted and agreed))
                good = ssh_key(event["old"]) == old and signed(new, text, unbase64(event["by_new"]))
                need(good, "not signed by the new key, or not in the place of the key before")
            expect(entry["kind"] != "key-revoked", "key-revoked", f"entry {index}", event.get("key"), "amber")
    return keys

def read_note(data, subject, entries, keys):
    """A C2SP signed note over a tlog-checkpoint: its (size, root). Signatures of others are passed over."""
    with finding("checkpoint-differs", subject):
        form = "((.+)\n([1-9][0-9]{0,15})\n(.+)\n)\n((?:— [^ \n]+ [^ \n]+\n)+)"
        text, origin, size, root, signatures = re.fullmatch(form, data.decode()).groups()
        key, trusted = [key for index, *key in keys if index < int(size)][-1]
        mine = [unbase64(blob) for name, blob in re.findall("— (.+) (.+)\n", signatures) if name == origin]
        mine = [blob[4:] for blob in mine if blob[:4] == sha256(origin.encode() + b"\n\1" + key)[:4]]
        good = mine and all(signed(key, text.encode(), blob) for blob in mine)
        expect(good, "signature-invalid", subject, "not signed by the case's key")
        expect(trusted, "key-unknown", subject, "signed with a key that was not given with --key", "amber")
        need(entries[0]["event"].get("origin") == origin, "its origin is not that of entry 0")
        return int(size), unbase64(root)
    return 0, b""
def check_seal(message, armor, keys):
    """SSHSIG over the tag manifest. Its parts lie at fixed places; built anew of them, it must be the same bytes."""
    kind, space, form = b"ssh-ed25519", b"exhibit-custody", "(-----)BEGIN( SSH SIGNATURE-----\n)(.+)\n\\1END\\2"
    blob = unbase64(re.fullmatch(form, armor, re.S)[3].replace("\n", ""))
    key, signature, text = blob[33:65], blob[-64:], packed(space, b"", b"sha512", hashlib.sha512(message).digest())
    right = b"SSHSIG\0\0\0\1" + packed(packed(kind, key), space, b"", b"sha512", packed(kind, signature))
    need(blob == right and signed(key, b"SSHSIG" + text, signature), "not a signature over this bag")
    expect(keys[-1][1:] == (key, True), "key-unknown", "bag", "sealed with a key not given, or not the log's", "amber")

def root_of(leaves):
    half = 1 << (len(leaves) - 1).bit_length() - 1 if len(leaves) > 1 else 0
    return sha256(b"\1" + root_of(leaves[:half]) + root_of(leaves[half:])) if half else b"".join(leaves)
def proven_root(index, size, leaf, path):
    if size == 1 or not path:
        return leaf if size == 1 and not path else b""
    half = 1 << (size - 1).bit_length() - 1
    below = proven_root(index % half, half if index < half else size - half, leaf, path[:-1])
    return sha256(b"\1" + (below + path[-1] if index < half else path[-1] + below))

def read_entry(index, data, sealed, entries):
    """Puts the entry into entries, and holds those of its sealed values that are at hand against their commitments."""
    with finding("entry-altered", f"entry {index}"):
        entry = parse(data)
        kind, event, sums, work = entry["kind"], entry["event"], entry["sealed"], entry.get("work", {})
        need(entry.keys() | {"work"} == {*"agent event format kind sealed time work".split()}, "its members (§3, §4)")
        need(len(data) <= 65535 and entry["format"] == "exhibit-entry/1", "its size or format")
        need(re.fullmatch(TIME, entry["time"]) and re.match(".", entry["agent"]["tool"]), "its time or agent")
        need((kind == "case-opened") == (index == 0) and work.keys() in (set(), {"kind", "key"}), "its place or work")
        need(all(re.fullmatch(DIGEST, text) for text in sums.values()) and not sums.keys() & event.keys(), "its sealed")
        entries[index] = entry
    for field, pair in sealed.items():
        with finding("sealed-altered", f"entry {index} {field}"):  # §6
            commitment = sha256(bytes.fromhex(pair["salt"]) + canonical(pair["value"]).encode()).hex()
            good = re.fullmatch("[0-9a-f]{32}", pair["salt"]) and commitment == entries[index]["sealed"].get(field)
            need(good, "not the value that is committed to")
def events(entries, kind):
    return [entry["event"] for entry in entries.values() if entry["kind"] == kind]
def digest_of(path, name="sha256"):
    hasher = hashlib.new(name)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            hasher.update(block)
    return hasher.hexdigest()
def files(root, part, code):
    """{path: file} of all below root/part. Links and the like are findings, and not followed."""
    found = {}
    for base, folders, names in os.walk(root / part):
        for full in (Path(base, name) for name in names + folders):
            path, file = full.relative_to(root).as_posix(), full.is_file() and not full.is_symlink()
            expect(file or full.is_dir() and not full.is_symlink(), code, path, "neither a file nor a folder")
            found.update({path: full} if file else {})
    return found

def check_objects(found, entries, staged=()):
    kept = {event.get("sha256"): event.get("size") for event in events(entries, "object-kept")}
    purged = {event.get("object") for event in events(entries, "object-purged")}
    missing = {*kept, *purged}
    for path in sorted(path for path in found if path.startswith(("vault/", "data/objects/"))):
        name = found[path].name.split(".")[0]
        place = rf"vault/sha256/{name[:2]}/{name[2:4]}/{name}|data/objects/{name}(\.[A-Za-z0-9]+)?"
        named = re.fullmatch(DIGEST, name) and re.fullmatch(place, path) and name in {*kept, *staged}
        expect(named and name not in purged, "object-extra", path, "no entry names it, or one says that it is purged")
        missing.discard(name if named else None)
        with finding("object-altered", path):
            size = found[path].stat().st_size
            checked.update(objects=checked["objects"] + 1, bytes=checked["bytes"] + size)
            need(not named or digest_of(found[path]) == name and size == kept.get(name, size), "not its bytes or size")
    for name in sorted(missing, key=str):
        expect(name in purged, "object-missing", name, "an entry names it, and it is not here")
        expect(name not in purged, "object-erased", name, "removed on purpose, as the log says", "amber")
def tile_path(kind, index, width):
    *groups, last = f"{index:,}".zfill(len(f"{index:,}") + -(len(f"{index:,}") + 1) % 4).split(",")
    return "/".join([kind, *["x" + group for group in groups], last]) + (f".p/{width}" if width < 256 else "")
def check_files(found, size, raw, tiles, lines):
    """§12, §13, §15: all files that a log of `size` needs are there, and all there are say what the log says."""
    said = {f"log/tile/{i}": (hashes, size >> 8 * i, "tile-differs", "tile-differs") for i, hashes in enumerate(tiles)}
    said["log/tile/entries"] = [len(d).to_bytes(2, "big") + d for d in raw], size, "entry-missing", "entry-altered"
    said["log/sealed"] = [line.encode() for line in lines], size, "sealed-missing", "sealed-altered"
    for kind, (_, count, code, _) in said.items():
        for path in [tile_path(kind, i // 256, min(256, count - i)) for i in range(0, count, 256)]:
            expect(path in found, code, path, "it is missing")
    for path in found.keys() - {"log/checkpoint"}:
        with finding("object-extra", path):
            kind, index, width = re.fullmatch(r"(.+?)/((?:x\d{3}/)*\d{3})(?:\.p/(\d+))?", path).groups()
            index, width, (parts, _, _, code) = int(re.sub("[x/]", "", index)), int(width or 256), said[kind]
            parts = parts[256 * index:256 * index + width]
            need(tile_path(kind, index, width) == path and len(parts) == width, "no file of this log")
            expect(found[path].read_bytes() == b"".join(parts), code, path, "it does not say what the log says")

def check_case(path, given):
    entries, size, root = {}, 0, b""
    mode = "mode=ro" if (path / "case.sqlite-wal").exists() else "immutable=1"  # mode=ro would make a -wal
    db = sqlite3.connect(f"{(path / 'case.sqlite').absolute().as_uri()}?{mode}", uri=True)
    for pragma, right in ("integrity_check", "ok"), ("application_id", 0x45584842), ("user_version", 1):
        expect([*db.execute(f"PRAGMA {pragma}")] == [(right,)], "database-damaged", "case.sqlite", pragma)
    log = [*db.execute("SELECT idx, entry FROM log ORDER BY idx")]
    raw, sealed, numbers = [data for _, data in log], [{} for _ in log], [index for index, _ in log]
    expect(numbers == [*range(len(log) or 1)], "entry-missing", "log", "entries are not numbered from 0 without gaps")
    for index, field, salt, value in db.execute("SELECT idx, field, salt, value FROM sealed"):
        with finding("sealed-altered", f"entry {index} {field}"):
            sealed[index][field] = {"salt": salt.hex(), "value": parse(value)}
    for index, data in enumerate(raw):
        read_entry(index, data, sealed[index], entries)
    missing = {(i, field) for i in entries for field in entries[i]["sealed"].keys() - sealed[i].keys()}
    erased = {(event.get("entry"), event.get("field")) for event in events(entries, "value-erased")}
    for index, field in missing - erased:
        expect(False, "sealed-missing", f"entry {index} {field}", "not here and not erased")
    late = [f"entry {index} {field}" for index, field in erased - missing] + [name.name for name in path.glob("erasing")]
    expect(not late, "erasure-unfinished", "case", f"erased, and still here: {late}", "amber")
    leaves, keys, checked["entries"] = [sha256(b"\0" + data) for data in raw], keys_of(entries, given), len(raw)
    heads = [read_note(note.encode(), "head", entries, keys) for note, in db.execute("SELECT note FROM head")]
    expect(heads == [(len(raw), root_of(leaves))], "tree-differs", "head", "not the head of these entries")
    with finding("checkpoint-missing", "log/checkpoint"):
        size, root = read_note((path / "log/checkpoint").read_bytes(), "log/checkpoint", entries, keys)
    for least, root in [(size, root)] + ([*db.execute("SELECT size, root FROM publication")] or [(0, b"")]):
        good = 0 < least <= min(size, len(raw)) and root == root_of(leaves[:least])
        expect(good, "checkpoint-differs", "log/checkpoint", "no beginning of the log here, or less than was published")
    tiles = [[root_of(leaves[i * n:(i + 1) * n]) for i in range(len(leaves) // n)] for n in (256**e for e in range(6))]
    right = {(level, index, root) for level in range(1, 6) for index, root in enumerate(tiles[level])}
    expect({*db.execute("SELECT level, idx, hash FROM tile_hash")} == right, "tile-differs", "tile_hash", "altered")
    lines = [sealed[i] and canonical({"entry": i, "values": sealed[i]}) + "\n" or "" for i in range(len(raw))]
    check_files(files(path, "log", "tile-differs"), min(size, len(raw)), raw, tiles, lines)
    staged = [file.name[:64] for file in path.glob("staging/*/*") if re.fullmatch(DIGEST + "-[0-9]+", file.name)]
    check_objects(files(path, "vault", "object-altered"), entries, staged)

def check_manifests(found):
    payload = {path for path in found if path.startswith("data/")}
    tags = {path for path in found.keys() - payload if not re.fullmatch(UNLISTED, path)}
    for title in [f"{kind}manifest-{name}.txt" for kind in ("", "tag") for name in ("sha256", "sha512")]:
        covers = tags if title.startswith("tag") else payload
        with finding("bag-file-missing", title):
            *lines, end = found[title].read_bytes().decode().split("\n")
            listed = [re.sub("%(0A|0D|25)", lambda c: chr(int(c[1], 16)), line.partition("  ")[2]) for line in lines]
            for line, path in zip(lines, listed):
                with finding("bag-file-altered" if path in found else "bag-file-missing", path):
                    good = path in covers and digest_of(found[path], title[-10:-4]) == line.split("  ")[0]
                    need(good and listed.count(path) == 1, f"not as {title} says")
            for path in sorted(covers.difference(listed)):
                expect(False, "bag-file-extra", path, f"{title} does not name it")
            need(end == "" and "bagit.txt" in found, "cut, or without its bagit.txt")

def check_bag(path, given):
    found, entries, raw, proofs, note = files(path, "", "bag-file-altered"), {}, {}, {}, (0, b"")
    content = lambda name: found[name].read_bytes().decode()
    check_manifests(found)
    with finding("entry-missing", "data/log/entries.jsonl"):
        for line in content("data/log/entries.jsonl").split("\n")[:-1]:
            with finding("entry-altered", "data/log/entries.jsonl"):
                row = parse(line.encode())
                need(type(row["index"]) is int and row["index"] not in raw, "an index again, or no number")
                raw[row["index"]], proofs[row["index"]] = canonical(row["entry"]).encode(), row["proof"]
                read_entry(row["index"], raw[row["index"]], row.get("sealed", {}), entries)
    keys, checked["entries"] = keys_of(entries, given), len(raw)
    is_sealed = "tagmanifest-sha256.txt.sig" in found
    with finding("signature-invalid" if is_sealed else "key-unknown", "bag", "red" if is_sealed else "amber"):
        check_seal(content("tagmanifest-sha256.txt").encode(), content("tagmanifest-sha256.txt.sig"), keys)
    with finding("checkpoint-missing", "data/log/checkpoint"):
        note = read_note(content("data/log/checkpoint").encode(), "data/log/checkpoint", entries, keys)
    for index, path in proofs.items():
        with finding("proof-invalid", f"entry {index}"):
            root = proven_root(index, note[0], sha256(b"\0" + raw[index]), [unbase64(line) for line in path])
            need(0 <= index < note[0] and root == note[1], "the entry is not in the log under this checkpoint")
    form = "c2sp.org/tlog-proof@v1\nindex {}\n{}\n{}"
    right = {form.format(i, "".join(line + "\n" for line in path), content("data/log/checkpoint"))
             for i, path in proofs.items() if entries.get(i, {}).get("kind") == "exhibit-admitted"}
    for name in sorted(name for name in found if name.endswith(".tlog-proof")):
        expect(content(name) in right, "proof-invalid", name, "not the proof of an exhibit of this bag")
    check_objects(found, entries)

if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Checks an exhibit case or bag without exhibit.")
    arguments.add_argument("path", type=Path)
    arguments.add_argument("--key", action="append", default=[], type=ssh_key, help="that you trust: ssh-ed25519 AAAA…")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    here = lambda *names: any(os.path.lexists(options.path / name) for name in names)
    if not here("case.sqlite", "vault", "bagit.txt", "tagmanifest-sha256.txt"):
        sys.exit(f"could not look: {options.path} is neither a case nor a bag")
    with finding("database-damaged", options.path):
        (check_case if here("case.sqlite", "vault") else check_bag)(options.path, options.key)
    verdict = max([told["severity"] for told in findings], key=["amber", "red"].index, default="green")
    lines = [ascii(" ".join(told.values()))[1:-1] for told in findings] + [f"verdict: {verdict}"]
    print(json.dumps(dict(verdict=verdict, findings=findings, checked=checked)) if options.json else "\n".join(lines))
    sys.exit(0 if verdict == "green" else 3)
