#!/usr/bin/env python3
"""How the time of a scan grows with input that is meant to be slow (docs/performance.md).

  benches/bad-input.py target/release/leaktrace

Each kind of input is made in five sizes, one file each, from nothing but this script; the time is the
best of three scans, less that of an empty file. Where time is linear, the last column stays near 1: it
is the time for a byte at the largest size over that at the smallest that is long enough to measure.
"""
import json, os, random, subprocess, sys, tempfile, time

SIZES = [1, 2, 4, 8, 16]


def fill(unit, size):
    return (unit * (size // len(unit) + 1))[:size]


def kinds():
    draw = random.Random(7)
    hexa = lambda n: "".join(draw.choice("0123456789abcdef") for _ in range(n)).encode()
    yield "one line of words", lambda size: fill(b"the quick brown fox keeps its token to itself ", size)
    yield "one line without a blank", lambda size: fill(b"abcdefghijklmnopqrstuvwxyz0123456789", size)
    yield "random bytes", lambda size: draw.randbytes(size)
    yield "random base64", lambda size: fill(__import__("base64").b64encode(draw.randbytes(size)), size)
    yield "NULs", lambda size: b"\0" * size
    yield "look-alikes", lambda size: fill("раѕѕword = \"ｐａｓｓ\" tоkеn=а ".encode(), size)
    yield "nested JSON", lambda size: b'{"token":' * (size // 18) + b"1" + b"}" * (size // 18)
    yield "nested brackets", lambda size: b"[" * size
    yield "half a PEM block", lambda size: b"-----BEGIN RSA " + b"PRIVATE KEY-----\n" + fill(b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo\n", size)
    yield "BEGIN lines", lambda size: fill(b"-----BEGIN RSA " + b"PRIVATE KEY-----\n", size)
    # A finding each, and between them room: 1,000 of them a mebibyte.
    yield "findings", lambda size: b"".join(b"api_key = %s\n%s\n" % (hexa(32), b"." * 1000) for _ in range(size // 1045))
    yield "candidate lines", lambda size: b"".join(b"api_key = read_%d(config)\n" % n for n in range(size // 32))
    yield "key words", lambda size: fill(b"password=", size)
    yield "quotes", lambda size: fill(b"password = \"\\\"", size)
    yield "URLs", lambda size: fill(b"https://user:pa", size)
    yield "token beginnings", lambda size: fill(b"ghp_ sk_live_ AKIA xoxb- eyJ ", size)
    yield "escapes", lambda size: fill(b"\\u0041\\x42%41&#65;", size)
    yield "headers", lambda size: fill(b"Authorization: Digest username=\"a\", ", size)
    yield "secrets of clusters", lambda size: fill(b"kind: Secret\ndata:\n  a: b\n", size)


def scan(program, folder):
    best = None
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run([program, "scan", folder, "--no-history", "--isolated", "--fail-on", "never", "-o", "json"],
                              capture_output=True, timeout=300)
        spent = time.perf_counter() - start
        assert done.returncode in (0, 2), done.stderr
        best = spent if best is None else min(best, spent)
    return best


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "input.txt")
        open(path, "wb").close()
        least = scan(program, folder)
        print("| input | " + " | ".join(f"{size} MiB" for size in SIZES) + " | growth |")
        print("|---|" + "---|" * (len(SIZES) + 1))
        for name, make in kinds():
            times = []
            for size in SIZES:
                with open(path, "wb") as file:
                    file.write(make(size << 20))
                times.append(max(scan(program, folder) - least, 0.0))
            long = [(size, spent) for size, spent in zip(SIZES, times) if spent > 0.02]
            growth = f"{(long[-1][1] / long[-1][0]) / (long[0][1] / long[0][0]):.1f}" if len(long) > 1 else "-"
            print(f"| {name} | " + " | ".join(f"{spent * 1000:.0f} ms" for spent in times) + f" | {growth} |")


main()
