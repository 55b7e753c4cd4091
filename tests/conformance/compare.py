"""Compares the outcome of a conformance run with the list of cases that do not pass yet.

    python3 compare.py RESULTS.json not-yet.txt

A line of the list is a case, a tab, and why it does not pass. Fails when a case outside the list
fails, or a case in it passes. With UPDATE=1 it writes the list instead.
"""
import json
import os
import re
import sys

# What gradus says of itself where it is not finished.
OWN_WORDS = re.compile(r"gradus does not .*? yet")
# The name of a function differs from run to run.
FUNCTION = re.compile(r"(arn:aws:lambda:)\S+")


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


def main(results, listed):
    with open(results, encoding="utf-8") as file:
        results = json.load(file)
    failed = {case: result for case, result in results.items() if result["status"] == "failed"}
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


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
