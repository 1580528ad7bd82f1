"""The other side of bench/measure/row-process.ts: one line in says how many steps, one line out says what they took."""
import json
import resource
import sys
import time


def max_rss():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def say(value):
    print(json.dumps(value), flush=True)


def serve(loaded, first, step):
    """`loaded`: MB before any work; `first`: numbers to compare with those of other rows; `step` is timed."""
    say({"loaded": loaded, "first": first})
    for line in sys.stdin:
        if line.strip() == "stop":
            break
        wall, cpu = [], []
        for _ in range(int(line)):
            cpu_start, start = time.process_time(), time.perf_counter()
            step()
            wall.append((time.perf_counter() - start) * 1e3)
            cpu.append((time.process_time() - cpu_start) * 1e3)
        say({"wall": wall, "cpu": cpu})
    say({"maxRss": max_rss()})
