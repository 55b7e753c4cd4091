"""Tells the story of story.json: the same calls for each client, and the same answers.

`tell(call, refusal)`: `call(operation, input)` gives the output or raises; `refusal(raised)` is its code and message.
"""
import json
import pathlib
import re
import time
import uuid

ROLE = "arn:aws:iam::000000000000:role/test"
PATIENCE = 60
STEPS = json.loads(pathlib.Path(__file__).with_name("story.json").read_text(encoding="utf-8"))
OPERATIONS = {step["call"] for step in STEPS}


def machine(**state):
    return json.dumps({"StartAt": "A", "States": {"A": {**state, "End": True}}})


def tell(call, refusal):
    known = {"run": "n-" + uuid.uuid4().hex[:12], "role": ROLE, "pass": machine(Type="Pass")}
    for number, step in enumerate(STEPS, 1):
        if "activity" in known:
            known["task"] = machine(Type="Task", Resource=known["activity"])
            known["slow_task"] = machine(Type="Task", Resource=known["activity"], HeartbeatSeconds=60, TimeoutSeconds=3600)
        try:
            _take(step, known, call, refusal)
        except AssertionError as error:
            raise AssertionError(f"step {number}, {step['call']} {json.dumps(step['input'])}: {error}") from error


def _take(step, known, call, refusal):
    given = _filled(step["input"], known)
    if "error" in step:
        code, message = _refusal(lambda: call(step["call"], given), refusal)
        _same(code, step["error"], message)
        if "message" in step:
            _same(message, _filled(step["message"], known), "the message")
        return
    output = _arrived(lambda: call(step["call"], given), step.get("until", {}))
    _matches(output, _filled(step.get("expect", {}), known), "output")
    for member in step.get("absent", []):
        _same(output.get(member), None, member)
    for items, item in _filled(step.get("contains", {}), known).items():
        if not any(_fits(found, item) for found in output[items]):
            raise AssertionError(f"{items} lack {item}")
    for name, member in step.get("save", {}).items():
        if member not in output:
            raise AssertionError(f"{member} is absent")
        known[name] = output[member]


def _refusal(action, refusal):
    """Code and message of what it raises, if it does."""
    try:
        action()
    except Exception as error:  # Which one it is, `refusal` knows.
        return refusal(error)
    return None, "should have been refused"


def _arrived(call, expected):
    end = time.monotonic() + PATIENCE
    while True:
        output = call()
        if _fits(output, expected) or time.monotonic() > end:
            _matches(output, expected, "output")
            return output
        time.sleep(0.01)


def _filled(value, known):
    """The value with each `${name}` filled in; one that stands alone keeps its type."""
    if isinstance(value, str):
        alone = re.fullmatch(r"\$\{(\w+)\}", value)
        return known[alone[1]] if alone else re.sub(r"\$\{(\w+)\}", lambda name: known[name[1]], value)
    if isinstance(value, list):
        return [_filled(item, known) for item in value]
    if isinstance(value, dict):
        return {name: _filled(member, known) for name, member in value.items()}
    return value


def _matches(found, expected, path):
    """Members that are not expected may be there; lists have as many items."""
    if isinstance(expected, list):
        _same(len(found), len(expected), f"the length of {path}")
        for index, item in enumerate(expected):
            _matches(found[index], item, f"{path}[{index}]")
    elif isinstance(expected, dict):
        for name, member in expected.items():
            if not isinstance(found, dict) or name not in found:
                raise AssertionError(f"{path}.{name} is absent")
            _matches(found[name], member, f"{path}.{name}")
    else:
        _same(found, expected, path)


def _fits(found, expected):
    try:
        _matches(found, expected, "")
        return True
    except AssertionError:
        return False


def _same(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: {found!r} is not {expected!r}")
