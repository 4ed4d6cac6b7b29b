#!/usr/bin/env python3
"""Fixity checks against other tools, over the same files, warm, in one run; ratios of wall time and of CPU time.

usage: fixity.py EXHIBIT DIR [SCALE]     makes a case of mixed sizes in DIR (3.7 GB at SCALE 1, 15 GB at 3), or takes the one that is there

Peers: sha256sum -c under xargs -P2, and b3sum --check, hashdeep and bagit.py where they are on the search path.
"""
import os, random, resource, shutil, subprocess, sys, time

exhibit, place, scale = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), float((sys.argv + ["1"])[3])
case = os.path.join(place, "case")
environment = dict(os.environ, XDG_CONFIG_HOME=os.path.join(place, "config"), EXHIBIT_BROWSER="")


def make():
    random.seed(5)
    block = random.randbytes(1 << 20)
    large = [1 << 30] + [300 << 20] * 3 + [64 << 20] * 10 + [8 << 20] * 60 + [1 << 20] * 300
    sizes = [4 << 30] * (scale >= 3) + large * max(1, round(scale)) + [100_000] * 2000 + [1000] * 8000
    for number, size in enumerate(sizes[:: max(1, round(1 / scale))]):
        folder = os.path.join(place, "in", f"{number % 50:02}")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, str(number)), "wb") as file:
            file.write(number.to_bytes(8, "big"))
            for at in range(8, size, 1 << 20):
                file.write(block[: min(1 << 20, size - at)])
    subprocess.run([exhibit, "init", case, "-q"], env=environment, check=True)
    subprocess.run([exhibit, "--case", case, "add", os.path.join(place, "in"), "-q"], env=environment, check=True)
    shutil.rmtree(os.path.join(place, "in"))


def timed(name, command, cwd):
    best = None
    for _ in range(3):
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
        done = subprocess.run(["sh", "-c", command], cwd=cwd, env=environment, stdout=subprocess.DEVNULL)
        wall, after = time.time() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if done.returncode != 0:
            return print(f"{name}: exit {done.returncode}")
        best = min(best or (wall, cpu), (wall, cpu))
    print(f"{name:<34} {best[0]:7.2f} s wall {best[1]:7.2f} s CPU")
    return best


if not os.path.isdir(case):
    make()
vault = os.path.join(case, "vault", "sha256")
names = sorted(os.path.join(base, name) for base, _, files in os.walk(vault) for name in files)
with open(os.path.join(place, "sums"), "w") as file:
    file.writelines(f"{os.path.basename(name)}  {name}\n" for name in names)
print(len(names), "objects,", sum(map(os.path.getsize, names)) / 1e9, "GB,", os.cpu_count(), "cores")
full = timed("exhibit verify --full", f"{exhibit} --case {case} verify --full -q", place)
quick = timed("exhibit verify --quick", f"{exhibit} --case {case} verify --quick -q", place)
structure = timed("exhibit verify (no bytes)", f"{exhibit} --case {case} verify --quick -q --since 2100-01-01", place)
peers = {"sha256sum -c, xargs -P2": "split -n r/64 sums part. && ls part.* | xargs -P2 -n1 sha256sum -c --quiet; rm -f part.*"}
if shutil.which("b3sum"):
    subprocess.run(f"cut -c67- sums | xargs b3sum > b3", shell=True, cwd=place, check=True)
    peers["b3sum --check"] = "b3sum --check --quiet b3"
if shutil.which("hashdeep"):
    subprocess.run(f"hashdeep -c sha256 -r {vault} > deep", shell=True, cwd=place, check=True)
    peers["hashdeep -a"] = f"hashdeep -c sha256 -a -k deep -r {vault}"
if shutil.which("bagit.py"):
    bag = os.path.join(place, "bag")
    if not os.path.isdir(bag):
        os.makedirs(bag)
        subprocess.run(["cp", "-al", vault, os.path.join(bag, "data")], check=True)
        with open(os.path.join(bag, "bagit.txt"), "w") as file:
            file.write("BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n")
        with open(os.path.join(bag, "manifest-sha256.txt"), "w") as file:
            file.writelines(f"{os.path.basename(name)}  data{name[len(vault):]}\n" for name in names)
    peers["bagit.py --validate --processes 2"] = f"bagit.py --quiet --validate --processes 2 {bag}"
for name, command in peers.items():
    peer = timed(name, command, place)
    for own, told in ("--quick", quick), ("--full", full):
        if peer and told:
            print(f"    {own}: {peer[0] / told[0]:.2f} × faster by wall, {peer[1] / told[1]:.2f} × by CPU")
