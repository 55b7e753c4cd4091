"""Compares the outcome of a conformance run with the list of cases that do not pass yet.

    python3 compare.py RESULTS.json not-yet.txt
    python3 compare.py RESULTS.json not-yet.txt chance        prints the cases that chance alone may have failed
    python3 compare.py RESULTS.json not-yet.txt AGAIN.json    takes what passed when it was tried again

A line of the list is a case, a tab, and why it does not pass. Fails when a case outside the list
fails, or a case in it passes. With UPDATE=1 it writes the list instead.
"""
import collections
import glob
import json
import os
import re
import sys

# What gradus says of itself where it is not finished.
OWN_WORDS = re.compile(r"gradus does not .*? yet")
# The name of a function differs from run to run.
FUNCTION = re.compile(r"(arn:aws:lambda:)\S+")
# The length of an answer that holds a date is one less in every tenth millisecond, whose last digit is 0.
CHANCE = re.compile(r"\.Content-Length\b")


def reason(why):
    """Why a case fails, in a few words that do not change from run to run."""
    own = OWN_WORDS.search(why)
    if own:
        return FUNCTION.sub(r"\1...", own.group())
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<uuid>", " ".join(why.split()))[:160]


def read(path):
    with open(path, encoding="utf-8") as file:
        return dict(line.rstrip("\n").split("\t", 1) for line in file if line.strip() and not line.startswith("#"))


def write(path, failed):
    with open(path, "w", encoding="utf-8") as file:
        file.write("# Recorded cases that do not pass yet, and why. Rewritten by UPDATE=1 tests/conformance/run.sh.\n")
        file.writelines(f"{case}\t{reason(result['why'])}\n" for case, result in sorted(failed.items()))


def failures(results):
    return {case: result for case, result in results.items() if result["status"] == "failed"}


def chance(results, listed):
    """The cases outside the list that may pass when they are tried again, as patterns for the runner."""
    known = read(listed)
    return [glob.escape(case) for case, result in failures(results).items()
            if case not in known and CHANCE.search(result["why"])]


def verdict(results, listed):
    failed = failures(results)
    counts = collections.Counter(result["status"] for result in results.values())
    print(", ".join(f"{counts[status]} {status}" for status in ("passed", "failed", "skipped")))
    if os.environ.get("UPDATE") == "1":
        write(listed, failed)
        return 0
    known = read(listed)
    worse = sorted(case for case in failed if case not in known)
    better = sorted(case for case, result in results.items() if result["status"] == "passed" and case in known)
    for case in worse:
        print(f"FAILS, and is not listed: {case}: {failed[case]['why']}")
    for case in better:
        print(f"PASSES, and is listed: {case}: take it out of {os.path.basename(listed)} (UPDATE=1)")
    return 1 if worse or better else 0


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main(path, listed, more=None):
    results = load(path)
    if more == "chance":
        for pattern in chance(results, listed):
            print(pattern)
        return 0
    if more:
        results.update((case, result) for case, result in load(more).items() if result["status"] == "passed")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(results, file)
        return 0
    return verdict(results, listed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
