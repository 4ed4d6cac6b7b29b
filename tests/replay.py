"""Replays a WARC file with pywb and compares what it serves, byte for byte.

usage: replay.py FILE.warc.gz DIR URL SHA256 [URL SHA256 ...]
Exit code 0: every address gave exactly those bytes.
"""
import hashlib, os, socket, subprocess, sys, time, urllib.request

warc, home, pairs = sys.argv[1], sys.argv[2], sys.argv[3:]
tools = os.path.dirname(sys.executable)
os.makedirs(home, exist_ok=True)
run = lambda *args: subprocess.run([os.path.join(tools, args[0]), *args[1:]], cwd=home, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
run("wb-manager", "init", "bag")
run("wb-manager", "add", "bag", os.path.abspath(warc))
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
server = subprocess.Popen([os.path.join(tools, "wayback"), "-b", "127.0.0.1", "-p", str(port), "-d", home], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
wrong = 0
try:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    for url, digest in zip(pairs[::2], pairs[1::2]):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/bag/2id_/{url}", timeout=30) as answer:
            served = hashlib.sha256(answer.read()).hexdigest()
        if served != digest:
            print(f"{url}: {served} instead of {digest}")
            wrong += 1
finally:
    server.kill()
    server.wait()
sys.exit(1 if wrong else 0)
