#!/usr/bin/env python3
"""Many small captures against `wget --warc-file`, in turn, on loopback: wall and CPU time.

usage: capture.py EXHIBIT DIR [URLS] [ROUNDS]     URLS: 10000, ROUNDS: 3; DIR must be new, and on a real disk, for syncs cost there

Needs nginx (the server) and wget.
Every byte of exhibit's is durable, digested, in the signed log and in the catalogue before it is acknowledged; wget syncs nothing.
"""
import os, resource, shutil, socket, struct, subprocess, sys, time, zlib

exhibit, place = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
count, rounds = (int(given) for given in (sys.argv[3:] + ["10000", "3"][len(sys.argv[3:]):]))


def picture(number):
    """A PNG of its own bytes, about 1.5 kB."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes((number * 7 + row * 13 + at * at) % 251 for at in range(48)) for row in range(32))
    head = struct.pack(">IIBBBBB", 16, 32, 8, 2, 0, 0, 0)
    text = chunk(b"tEXt", b"Comment\0" + str(number).encode())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + text + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


if os.path.exists(os.path.join(place, "case-0")):
    # Nor are they removed here: a file system is slow for minutes after many files went.
    sys.exit(f"{place} holds an earlier run: name another directory")
os.makedirs(os.path.join(place, "www"), exist_ok=True)
for number in range(count):
    path = os.path.join(place, "www", f"{number}.png")
    if not os.path.exists(path):
        open(path, "wb").write(picture(number))
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
with open(os.path.join(place, "nginx.conf"), "w") as file:
    file.write(f"daemon off; user root; worker_processes 1; pid {place}/nginx.pid; error_log {place}/nginx.log;\n"
               f"events {{ worker_connections 256; }}\nhttp {{ access_log off; keepalive_requests 1000000; types {{ image/png png; }}\n"
               f"server {{ listen 127.0.0.1:{port}; root {place}/www; }} }}\n")
with open(os.path.join(place, "list.txt"), "w") as file:
    file.writelines(f"http://127.0.0.1:{port}/{number}.png\n" for number in range(count))
server = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-c", f"{place}/nginx.conf", "-p", place])
time.sleep(1)
environment = dict(os.environ, XDG_CONFIG_HOME=os.path.join(place, "config"), EXHIBIT_BROWSER="")


def timed(command, turn):
    # Each into names of its own: a file system takes its time to use again what was deleted just before.
    command = [part.replace("TURN", str(turn)) for part in command]
    os.sync()
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    done = subprocess.run(command, cwd=place, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.time() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.returncode, wall, after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime


try:
    contestants = {
        "exhibit archive": [exhibit, "archive", "--case", "case-TURN", "list.txt", "--allow-host", "127.0.0.1"],
        "wget --warc-file": ["wget", "-q", "--warc-file=w-TURN", "--delete-after", "-i", "list.txt"],
        "wget --warc-file, files": ["wget", "-q", "--warc-file=v-TURN", "-P", "got-TURN", "-i", "list.txt"],
    }
    told = {name: [] for name in contestants}
    for turn in range(rounds):
        for name, command in contestants.items():
            told[name].append(timed(command, turn))
    for name, runs in told.items():
        code, wall, user, system = sorted(runs, key=lambda run: run[1])[len(runs) // 2]
        print(f"{name:<26} exit {code} {wall:7.2f} s wall {user:7.2f} s user {system:7.2f} s system {1000 * (user + system) / count:6.2f} ms CPU an item")
    middle = lambda name: sorted(run[1] for run in told[name])[rounds // 2]
    for name in list(told)[1:]:
        print(f"exhibit's wall is {middle('exhibit archive') / middle(name):.2f} × that of {name}")
finally:
    server.terminate()
