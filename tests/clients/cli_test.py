"""All operations that gradus answers, with the aws command line.

    GRADUS_ENDPOINT=http://... python3 cli_test.py

Each call is a process of a third of a second, so there is one of each operation, in one story.
"""
import json
import os
import shutil
import subprocess
import unittest
import uuid

ENDPOINT = os.environ.get("GRADUS_ENDPOINT", "http://127.0.0.1:8083")
AWS = os.environ.get("AWS_CLI") or shutil.which("aws") or "aws"
ROLE = "arn:aws:iam::000000000000:role/test"
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/"), "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ENDPOINT_URL_SFN": ENDPOINT, "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1", "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
}
CALLED = set()


def run(operation, *arguments):
    CALLED.add(operation)
    command = [AWS, "stepfunctions", operation, "--output", "json", *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False)


def aws(operation, *arguments):
    done = run(operation, *arguments)
    if done.returncode:
        raise AssertionError(f"{operation} {arguments}: {done.stderr}")
    return json.loads(done.stdout or "{}")


class Story(unittest.TestCase):
    def refused(self, code, operation, *arguments):
        done = run(operation, *arguments)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"({code})", done.stderr)

    def test_story(self):
        name = "n-" + uuid.uuid4().hex[:12]
        activity = aws("create-activity", "--name", name, "--tags", "key=k,value=v")["activityArn"]
        self.assertEqual(aws("describe-activity", "--activity-arn", activity)["name"], name)
        self.assertIn(activity, [item["activityArn"] for item in aws("list-activities")["activities"]])
        aws("tag-resource", "--resource-arn", activity, "--tags", "key=l,value=w")
        aws("untag-resource", "--resource-arn", activity, "--tag-keys", "k")
        tags = aws("list-tags-for-resource", "--resource-arn", activity)["tags"]
        self.assertEqual(tags, [{"key": "l", "value": "w"}])

        self.assertEqual(aws("validate-state-machine-definition", "--definition", "{}")["result"], "FAIL")
        task = {"Type": "Task", "Resource": activity, "End": True}
        definition = json.dumps({"StartAt": "A", "States": {"A": task}})
        machine = aws("create-state-machine", "--name", name, "--role-arn", ROLE, "--definition", definition)
        machine = machine["stateMachineArn"]
        self.assertEqual(aws("describe-state-machine", "--state-machine-arn", machine)["definition"], definition)
        self.assertIn(machine, [item["stateMachineArn"] for item in aws("list-state-machines")["stateMachines"]])
        commented = json.dumps({"Comment": "new", **json.loads(definition)})
        aws("update-state-machine", "--state-machine-arn", machine, "--definition", commented)

        one, two, three = (aws("start-execution", "--state-machine-arn", machine, "--name", each, "--input", '{"n":1}')
                           ["executionArn"] for each in ("one", "two", "three"))
        of_one = aws("describe-state-machine-for-execution", "--execution-arn", one)
        self.assertEqual(of_one["definition"], commented)
        token = aws("get-activity-task", "--activity-arn", activity, "--worker-name", "w")["taskToken"]
        aws("send-task-heartbeat", "--task-token", token)
        aws("send-task-success", "--task-token", token, "--task-output", '{"done":true}')
        self.assertEqual(aws("describe-execution", "--execution-arn", one)["output"], '{"done":true}')
        token = aws("get-activity-task", "--activity-arn", activity)["taskToken"]
        aws("send-task-failure", "--task-token", token, "--error", "E", "--cause", "C")
        self.assertEqual(aws("describe-execution", "--execution-arn", two)["error"], "E")
        aws("stop-execution", "--execution-arn", three, "--cause", "enough")
        listed = aws("list-executions", "--state-machine-arn", machine)["executions"]
        self.assertEqual({item["name"]: item["status"] for item in listed},
                         {"one": "SUCCEEDED", "two": "FAILED", "three": "ABORTED"})
        events = aws("get-execution-history", "--execution-arn", one)["events"]
        self.assertEqual([event["id"] for event in events], list(range(1, 8)))

        first = aws("publish-state-machine-version", "--state-machine-arn", machine)["stateMachineVersionArn"]
        listed = aws("list-state-machine-versions", "--state-machine-arn", machine)["stateMachineVersions"]
        self.assertEqual([item["stateMachineVersionArn"] for item in listed], [first])
        routing = f"stateMachineVersionArn={first},weight=100"
        alias = aws("create-state-machine-alias", "--name", "live", "--routing-configuration", routing)
        alias = alias["stateMachineAliasArn"]
        aws("update-state-machine-alias", "--state-machine-alias-arn", alias, "--description", "d")
        described = aws("describe-state-machine-alias", "--state-machine-alias-arn", alias)
        self.assertEqual((described["name"], described["description"]), ("live", "d"))
        listed = aws("list-state-machine-aliases", "--state-machine-arn", machine)["stateMachineAliases"]
        self.assertEqual([item["stateMachineAliasArn"] for item in listed], [alias])
        aws("delete-state-machine-alias", "--state-machine-alias-arn", alias)
        aws("delete-state-machine-version", "--state-machine-version-arn", first)

        express = aws("create-state-machine", "--name", name + "-x", "--role-arn", ROLE, "--type", "EXPRESS",
                      "--definition", json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}))
        ended = aws("start-sync-execution", "--state-machine-arn", express["stateMachineArn"], "--input", "[1]")
        self.assertEqual((ended["status"], ended["output"]), ("SUCCEEDED", "[1]"))

        map_run = "arn:aws:states:us-east-1:000000000000:mapRun:m/l:x"
        self.refused("ResourceNotFound", "describe-map-run", "--map-run-arn", map_run)
        self.refused("ResourceNotFound", "update-map-run", "--map-run-arn", map_run, "--max-concurrency", "1")
        self.assertEqual(aws("list-map-runs", "--execution-arn", two)["mapRuns"], [])
        self.refused("ExecutionNotRedrivable", "redrive-execution", "--execution-arn", one)
        self.assertIn("redriveDate", aws("redrive-execution", "--execution-arn", two))
        tested = aws("test-state", "--definition", '{"Type":"Pass","Result":[1],"End":true}', "--role-arn", ROLE)
        self.assertEqual(tested, {"status": "SUCCEEDED", "output": "[1]"})

        self.refused("ExecutionDoesNotExist", "describe-execution", "--execution-arn", one + "x")
        self.refused("TaskTimedOut", "send-task-heartbeat", "--task-token", token)
        self.refused("InvalidDefinition", "create-state-machine", "--name", "x", "--role-arn", ROLE, "--definition", "{}")
        aws("delete-state-machine", "--state-machine-arn", machine)
        aws("delete-activity", "--activity-arn", activity)
        self.assertEqual(len(CALLED), 37)


if __name__ == "__main__":
    unittest.main()
