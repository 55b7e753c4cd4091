"""All operations that gradus answers, and their errors, with boto3.

    GRADUS_ENDPOINT=http://... GRADUS_NARROW=http://... python3 boto3_test.py

The second server runs one Express execution at a time.
"""
import json
import os
import pathlib
import socket
import threading
import time
import unittest
import unittest.mock
import uuid

import boto3
from botocore.config import Config
from botocore import xform_name
from botocore.exceptions import ClientError

import story

ENDPOINT = os.environ.get("GRADUS_ENDPOINT", "http://127.0.0.1:8083")
ROLE = "arn:aws:iam::000000000000:role/test"
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 3600, "End": True}}}
PATIENCE = 60


def client(region="us-east-1", endpoint=None, **config):
    config = {"inject_host_prefix": False, "retries": {"total_max_attempts": 1}, **config}
    return boto3.client("stepfunctions", endpoint_url=endpoint or ENDPOINT, region_name=region,
                        aws_access_key_id="test", aws_secret_access_key="test", config=Config(**config))


def name():
    return "n-" + uuid.uuid4().hex[:12]


def eventually(look):
    """What `look` gives as soon as it is true."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("waited in vain")


class Case(unittest.TestCase):
    def setUp(self):
        self.sfn = client()

    def machine(self, definition, **more):
        return self.sfn.create_state_machine(
            name=name(), roleArn=ROLE, definition=json.dumps(definition), **more)["stateMachineArn"]

    def end_of(self, execution):
        def look():
            described = self.sfn.describe_execution(executionArn=execution)
            return described if described["status"] != "RUNNING" else None
        return eventually(look)

    def refused(self, code, message, operation, **arguments):
        with self.assertRaises(ClientError) as caught:
            getattr(self.sfn, operation)(**arguments)
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], code)
        if message is not None:
            self.assertEqual(error["Message"], message)
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 400)
        return caught.exception


class StateMachines(Case):
    def test_life(self):
        created = self.sfn.create_state_machine(name=name(), roleArn=ROLE, definition=json.dumps(PASS),
                                                tags=[{"key": "k", "value": "v"}])
        arn = created["stateMachineArn"]
        described = self.sfn.describe_state_machine(stateMachineArn=arn)
        self.assertEqual(described["creationDate"], created["creationDate"])
        self.assertEqual(described["definition"], json.dumps(PASS))
        self.assertEqual((described["status"], described["type"], described["roleArn"]), ("ACTIVE", "STANDARD", ROLE))
        self.assertEqual(described["loggingConfiguration"], {"level": "OFF", "includeExecutionData": False})
        self.assertEqual(described["tracingConfiguration"], {"enabled": False})
        self.assertNotIn("revisionId", described)
        self.assertIn(arn, [item["stateMachineArn"] for page in self.sfn.get_paginator("list_state_machines").paginate()
                            for item in page["stateMachines"]])
        updated = self.sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(WAIT))
        described = self.sfn.describe_state_machine(stateMachineArn=arn)
        self.assertEqual((described["definition"], described["revisionId"]), (json.dumps(WAIT), updated["revisionId"]))
        execution = self.sfn.start_execution(stateMachineArn=arn)["executionArn"]
        of_execution = self.sfn.describe_state_machine_for_execution(executionArn=execution)
        self.assertEqual(of_execution["definition"], json.dumps(WAIT))
        self.assertEqual(of_execution["revisionId"], updated["revisionId"])
        self.sfn.delete_state_machine(stateMachineArn=arn)
        self.sfn.delete_state_machine(stateMachineArn=arn)

    def test_errors(self):
        absent = "arn:aws:states:us-east-1:000000000000:stateMachine:absent"
        for operation in ("describe_state_machine", "start_execution", "list_executions"):
            self.refused("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{absent}'", operation,
                         stateMachineArn=absent)
        self.refused("StateMachineDoesNotExist", None, "update_state_machine", stateMachineArn=absent,
                     definition=json.dumps(PASS))
        self.refused("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'", "describe_state_machine", stateMachineArn="x")
        self.refused("InvalidName", "Invalid Name: 'a b'", "create_state_machine", name="a b", roleArn=ROLE,
                     definition=json.dumps(PASS))
        self.refused("InvalidDefinition", None, "create_state_machine", name=name(), roleArn=ROLE, definition="{}")
        arn = self.machine(PASS)
        self.refused("MissingRequiredParameter", None, "update_state_machine", stateMachineArn=arn)
        self.refused("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'", "create_state_machine",
                     name=arn.split(":")[-1], roleArn=ROLE, definition=json.dumps(WAIT))
        long = "n" * 81
        self.refused("ValidationException", f"1 validation error detected: Value '{long}' at 'name' failed to satisfy "
                     "constraint: Member must have length less than or equal to 80", "create_state_machine", name=long,
                     roleArn=ROLE, definition=json.dumps(PASS))
        self.refused("InvalidLoggingConfiguration", None, "create_state_machine", name=name(), roleArn=ROLE,
                     definition=json.dumps(PASS), loggingConfiguration={"level": "ALL"})

    def test_validate(self):
        validated = self.sfn.validate_state_machine_definition(definition=json.dumps(PASS))
        self.assertEqual((validated["result"], validated["diagnostics"], validated["truncated"]), ("OK", [], False))
        validated = self.sfn.validate_state_machine_definition(definition="{}")
        self.assertEqual((validated["result"], validated["diagnostics"]), ("FAIL", [{
            "severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "location": "/",
            "message": "These fields are required: [States, StartAt]"}]))

    def test_regions_are_apart(self):
        arn = client("eu-west-1").create_state_machine(name=name(), roleArn=ROLE, definition=json.dumps(PASS))
        self.assertIn(":states:eu-west-1:", arn["stateMachineArn"])
        self.refused("StateMachineDoesNotExist", None, "describe_state_machine", stateMachineArn=arn["stateMachineArn"])


class Executions(Case):
    def test_life(self):
        machine = self.machine(PASS)
        started = self.sfn.start_execution(stateMachineArn=machine, name="e", input='{ "a": 1 }')
        ended = self.end_of(started["executionArn"])
        self.assertEqual((ended["status"], ended["input"], ended["output"]), ("SUCCEEDED", '{ "a": 1 }', '{ "a": 1 }'))
        self.assertEqual(ended["startDate"], started["startDate"])
        self.assertEqual((ended["inputDetails"], ended["outputDetails"]), ({"included": True}, {"included": True}))
        self.assertEqual((ended["redriveCount"], ended["redriveStatus"]), (0, "NOT_REDRIVABLE"))
        history = self.sfn.get_execution_history(executionArn=started["executionArn"])
        self.assertNotIn("nextToken", history)
        self.assertEqual([event["type"] for event in history["events"]],
                         ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"])
        self.assertEqual([event["id"] for event in history["events"]], [1, 2, 3, 4])
        for number in range(4):
            self.sfn.start_execution(stateMachineArn=machine, name=f"e{number}")
        pages = self.sfn.get_paginator("list_executions").paginate(
            stateMachineArn=machine, PaginationConfig={"PageSize": 2})
        self.assertEqual(sorted(item["name"] for page in pages for item in page["executions"]),
                         ["e", "e0", "e1", "e2", "e3"])
        pages = self.sfn.get_paginator("get_execution_history").paginate(
            executionArn=started["executionArn"], reverseOrder=True, PaginationConfig={"PageSize": 3})
        self.assertEqual([event["id"] for page in pages for event in page["events"]], [4, 3, 2, 1])

    def test_stop(self):
        execution = self.sfn.start_execution(stateMachineArn=self.machine(WAIT))["executionArn"]
        stopped = self.sfn.stop_execution(executionArn=execution, error="E", cause="C")
        ended = self.end_of(execution)
        self.assertEqual((ended["status"], ended["error"], ended["cause"]), ("ABORTED", "E", "C"))
        self.assertEqual(ended["stopDate"], stopped["stopDate"])

    def test_redrive(self):
        execution = self.sfn.start_execution(stateMachineArn=self.machine(WAIT))["executionArn"]
        self.refused("ExecutionNotRedrivable", "Execution is RUNNING and cannot be redriven", "redrive_execution",
                     executionArn=execution)
        self.sfn.stop_execution(executionArn=execution)
        redriven = self.sfn.redrive_execution(executionArn=execution, clientToken="once")
        again = self.sfn.redrive_execution(executionArn=execution, clientToken="once")
        self.assertEqual(again["redriveDate"], redriven["redriveDate"])
        shown = self.sfn.describe_execution(executionArn=execution)
        self.assertEqual((shown["status"], shown["redriveCount"], shown["redriveDate"]),
                         ("RUNNING", 1, redriven["redriveDate"]))
        self.assertNotIn("stopDate", shown)
        item = self.sfn.list_executions(stateMachineArn=shown["stateMachineArn"])["executions"][0]
        self.assertEqual((item["redriveCount"], item["redriveDate"]), (1, redriven["redriveDate"]))
        events = self.sfn.get_execution_history(executionArn=execution)["events"]
        self.assertEqual([(event["type"], event["previousEventId"]) for event in events[2:]],
                         [("ExecutionAborted", 0), ("ExecutionRedriven", 3)])
        self.assertEqual(events[3]["executionRedrivenEventDetails"], {"redriveCount": 1})
        self.sfn.stop_execution(executionArn=execution)
        # The client makes a token of its own for each call.
        self.sfn.redrive_execution(executionArn=execution)
        self.assertEqual(self.sfn.describe_execution(executionArn=execution)["redriveCount"], 2)
        missing = execution + "x"
        self.refused("ExecutionDoesNotExist", f"Execution Does Not Exist: '{missing}'", "redrive_execution",
                     executionArn=missing)
        self.refused("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'", "redrive_execution", executionArn="x")

    def test_map_runs(self):
        execution = self.sfn.start_execution(stateMachineArn=self.machine(PASS))["executionArn"]
        self.assertEqual(self.sfn.list_map_runs(executionArn=execution)["mapRuns"], [])
        missing = execution + "x"
        self.refused("ExecutionDoesNotExist", f"Execution Does Not Exist: '{missing}'", "list_map_runs",
                     executionArn=missing)
        run = "arn:aws:states:us-east-1:000000000000:mapRun:m/l:x"
        gone = f"Resource not found: '{run}'"
        self.refused("ResourceNotFound", gone, "describe_map_run", mapRunArn=run)
        self.refused("ResourceNotFound", gone, "update_map_run", mapRunArn=run, maxConcurrency=1)
        self.refused("ResourceNotFound", gone, "list_executions", mapRunArn=run)
        self.refused("ValidationException", None, "update_map_run", mapRunArn=run)

    def test_errors(self):
        machine = self.machine(WAIT)
        first = self.sfn.start_execution(stateMachineArn=machine, name="e")
        again = self.sfn.start_execution(stateMachineArn=machine, name="e", input="{}")
        self.assertEqual((again["executionArn"], again["startDate"]), (first["executionArn"], first["startDate"]))
        arn = first["executionArn"]
        self.refused("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'", "start_execution",
                     stateMachineArn=machine, name="e", input="1")
        self.refused("InvalidExecutionInput", None, "start_execution", stateMachineArn=machine, input="not json")
        self.refused("InvalidName", "Invalid Name: 'a b'", "start_execution", stateMachineArn=machine, name="a b")
        absent = arn + "x"
        for operation in ("describe_execution", "stop_execution", "get_execution_history",
                          "describe_state_machine_for_execution"):
            self.refused("ExecutionDoesNotExist", f"Execution Does Not Exist: '{absent}'", operation, executionArn=absent)
            self.refused("InvalidArn", None, operation, executionArn="x")
        self.refused("InvalidToken", "Invalid Token: 'Invalid token'", "list_executions", stateMachineArn=machine,
                     nextToken="garbage")
        self.refused("ValidationException", None, "list_executions", stateMachineArn=machine, maxResults=1001)
        self.refused("ValidationException", None, "start_execution", stateMachineArn=machine,
                     input=json.dumps("x" * 262143))


class Activities(Case):
    def setUp(self):
        super().setUp()
        self.activity = self.sfn.create_activity(name=name())["activityArn"]

    def start(self):
        task = {"Type": "Task", "Resource": self.activity, "End": True}
        machine = self.machine({"StartAt": "A", "States": {"A": task}})
        return self.sfn.start_execution(stateMachineArn=machine, input='{"a":1}')["executionArn"]

    def take(self):
        return eventually(lambda: next((task for task in [self.sfn.get_activity_task(
            activityArn=self.activity, workerName="w")] if task.get("taskToken")), None))

    def test_life(self):
        described = self.sfn.describe_activity(activityArn=self.activity)
        self.assertEqual(described["activityArn"], self.activity)
        again = self.sfn.create_activity(name=described["name"])
        self.assertEqual((again["activityArn"], again["creationDate"]), (self.activity, described["creationDate"]))
        pages = self.sfn.get_paginator("list_activities").paginate()
        self.assertIn(self.activity, [item["activityArn"] for page in pages for item in page["activities"]])
        self.sfn.delete_activity(activityArn=self.activity)
        self.sfn.delete_activity(activityArn=self.activity)
        for operation in ("describe_activity", "get_activity_task"):
            self.refused("ActivityDoesNotExist", f"Activity Does Not Exist: '{self.activity}'", operation,
                         activityArn=self.activity)

    def test_success(self):
        execution, task = self.start(), self.take()
        self.assertEqual(task["input"], '{"a":1}')
        self.sfn.send_task_heartbeat(taskToken=task["taskToken"])
        self.sfn.send_task_success(taskToken=task["taskToken"], output='{"b": 2}')
        self.assertEqual(self.end_of(execution)["output"], '{"b": 2}')
        for operation, more in (("send_task_success", {"output": "1"}), ("send_task_failure", {}),
                                ("send_task_heartbeat", {})):
            self.refused("TaskTimedOut", f"Task Timed Out: '{self.activity}'", operation,
                         taskToken=task["taskToken"], **more)
            self.refused("InvalidToken", "Invalid Token: 'Invalid token'", operation, taskToken="garbage", **more)

    def test_failure(self):
        execution, task = self.start(), self.take()
        self.refused("InvalidOutput", None, "send_task_success", taskToken=task["taskToken"], output="not json")
        self.sfn.send_task_failure(taskToken=task["taskToken"], error="E", cause="C")
        ended = self.end_of(execution)
        self.assertEqual((ended["status"], ended["error"], ended["cause"]), ("FAILED", "E", "C"))

    def test_a_poll_waits_for_a_task(self):
        found = []
        poll = threading.Thread(target=lambda: found.append(client().get_activity_task(activityArn=self.activity)))
        poll.start()
        self.start()
        poll.join(PATIENCE)
        self.assertIn("taskToken", found[0])

    def test_tags(self):
        self.sfn.tag_resource(resourceArn=self.activity, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": ""}])
        self.sfn.untag_resource(resourceArn=self.activity, tagKeys=["a", "absent"])
        self.assertEqual(self.sfn.list_tags_for_resource(resourceArn=self.activity)["tags"], [{"key": "b", "value": ""}])
        absent = self.activity + "x"
        self.refused("ResourceNotFound", f"Resource not found: '{absent}'", "list_tags_for_resource", resourceArn=absent)
        self.refused("TooManyTags", None, "tag_resource", resourceArn=self.activity,
                     tags=[{"key": str(number), "value": ""} for number in range(50)])


class Versions(Case):
    def test_life(self):
        created = self.sfn.create_state_machine(name=name(), roleArn=ROLE, definition=json.dumps(PASS), publish=True,
                                                versionDescription="first")
        arn, first = created["stateMachineArn"], created["stateMachineVersionArn"]
        self.assertEqual(first, f"{arn}:1")
        self.assertEqual(self.sfn.describe_state_machine(stateMachineArn=first)["description"], "first")
        revision = self.sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(WAIT))["revisionId"]
        self.refused("ConflictException", "Failed to publish the State Machine version for revision INITIAL. The current "
                     f"State Machine revision is {revision}.", "publish_state_machine_version", stateMachineArn=arn,
                     revisionId="INITIAL")
        second = self.sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
        listed = self.sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
        self.assertEqual([version["stateMachineVersionArn"] for version in listed], [second, first])
        routes = [{"stateMachineVersionArn": first, "weight": 100}]
        alias = self.sfn.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
        execution = self.sfn.start_execution(stateMachineArn=alias)["executionArn"]
        described = self.end_of(execution)
        self.assertEqual((described["stateMachineArn"], described["stateMachineVersionArn"],
                          described["stateMachineAliasArn"], described["status"]), (arn, first, alias, "SUCCEEDED"))
        for qualified in (arn, first, alias):
            listed = self.sfn.list_executions(stateMachineArn=qualified)["executions"]
            self.assertEqual([item["executionArn"] for item in listed], [execution])
        self.assertEqual(self.sfn.list_executions(stateMachineArn=second)["executions"], [])
        self.refused("ConflictException", "Version to be deleted must not be referenced by an alias. Current list of "
                     "aliases referencing this version: [live]", "delete_state_machine_version",
                     stateMachineVersionArn=first)
        routes = [{"stateMachineVersionArn": second, "weight": 100}]
        self.sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=routes)
        self.assertEqual(self.sfn.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"], routes)
        self.sfn.delete_state_machine_version(stateMachineVersionArn=first)
        listed = self.sfn.list_state_machine_aliases(stateMachineArn=second)["stateMachineAliases"]
        self.assertEqual([item["stateMachineAliasArn"] for item in listed], [alias])
        self.sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
        self.refused("ResourceNotFound", "Request references a resource that does not exist.",
                     "describe_state_machine_alias", stateMachineAliasArn=alias)


class Express(Case):
    def test_start_sync_execution_waits_for_the_end(self):
        arn = self.machine(PASS, type="EXPRESS")
        ended = self.sfn.start_sync_execution(stateMachineArn=arn, name="one", input='{"a": 1}')
        self.assertEqual((ended["status"], ended["name"], ended["output"]), ("SUCCEEDED", "one", '{"a": 1}'))
        self.assertEqual(ended["billingDetails"]["billedDurationInMilliseconds"] % 100, 0)
        self.assertIn(":express:", ended["executionArn"])
        self.refused("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'",
                     "describe_execution", executionArn=ended["executionArn"])
        failing = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "E", "Cause": "c"}}}
        ended = self.sfn.start_sync_execution(stateMachineArn=self.machine(failing, type="EXPRESS"))
        self.assertEqual((ended["status"], ended["error"], ended["cause"]), ("FAILED", "E", "c"))
        self.refused("StateMachineTypeNotSupported",
                     "This operation is not supported by this type of state machine",
                     "start_sync_execution", stateMachineArn=self.machine(PASS))


class Story(Case):
    def test_story(self):
        def refusal(error):
            self.assertIsInstance(error, ClientError)
            answer = error.response
            self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 400)
            code = answer["Error"]["Code"]
            # An error that the client knows is of a class of its own.
            known = getattr(self.sfn.exceptions, code, ClientError) if code in known_errors else ClientError
            self.assertIsInstance(error, known)
            return code, answer["Error"]["Message"]
        known_errors = {shape.name for shape in self.sfn.meta.service_model.error_shapes}
        story.tell(lambda operation, given: getattr(self.sfn, xform_name(operation))(**given), refusal)

    def test_every_operation_of_the_model_is_in_the_story(self):
        """Of gradus' model: whichever client is installed may be of another day."""
        path = pathlib.Path(__file__).parents[2] / "model" / "step-functions-2016-11-23.json"
        shapes = json.loads(path.read_text(encoding="utf-8"))["shapes"]
        operations = {name.split("#")[1] for name, shape in shapes.items() if shape["type"] == "operation"}
        self.assertEqual(operations, story.OPERATIONS)

    def test_there_are_no_waiters(self):
        self.assertEqual(self.sfn.waiter_names, [])


class Patience(Case):
    def test_a_poll_in_vain_ends_before_the_client_gives_up(self):
        """With all settings of the client as they are: it reads for 60 s."""
        activity = self.sfn.create_activity(name=name())["activityArn"]
        answer = client().get_activity_task(activityArn=activity)
        self.assertEqual([answer.get("taskToken"), answer.get("input")], [None, None])

    def test_a_throttled_call_is_tried_again(self):
        for mode in ("legacy", "standard", "adaptive"):
            with self.subTest(mode):
                narrow = client(endpoint=os.environ["GRADUS_NARROW"], retries={"mode": mode, "total_max_attempts": 20})
                nap = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1, "End": True}}}
                machine = narrow.create_state_machine(name=name(), roleArn=ROLE, definition=json.dumps(nap), type="EXPRESS")
                machine, ended = machine["stateMachineArn"], []
                starts = [threading.Thread(target=lambda: ended.append(narrow.start_sync_execution(stateMachineArn=machine)))
                          for _ in range(2)]
                for start in starts:
                    start.start()
                for start in starts:
                    start.join(PATIENCE)
                self.assertEqual([end["status"] for end in ended], ["SUCCEEDED"] * 2)
                self.assertGreater(sum(end["ResponseMetadata"]["RetryAttempts"] for end in ended), 0)


class Signatures(Case):
    def test_a_wrong_key_is_refused(self):
        for key, secret, code in [("test", "wrong", "InvalidSignatureException"),
                                  ("unknown", "test", "UnrecognizedClientException")]:
            wrong = boto3.client("stepfunctions", endpoint_url=ENDPOINT, region_name="us-east-1",
                                 aws_access_key_id=key, aws_secret_access_key=secret)
            with self.subTest(code), self.assertRaises(ClientError) as caught:
                wrong.list_activities()
            self.assertEqual(caught.exception.response["Error"]["Code"], code)


class Environment(Case):
    def test_all_settings_may_come_from_it(self):
        settings = {"AWS_ENDPOINT_URL_SFN": ENDPOINT, "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test",
                    "AWS_SECRET_ACCESS_KEY": "test", "AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}
        with unittest.mock.patch.dict(os.environ, settings):
            told = boto3.session.Session().client("stepfunctions")
            machine = told.create_state_machine(name=name(), roleArn=ROLE, definition=json.dumps(PASS), type="EXPRESS")
            machine = machine["stateMachineArn"]
            self.assertIn(":states:eu-west-1:", machine)
            self.assertEqual(told.start_sync_execution(stateMachineArn=machine)["status"], "SUCCEEDED")


class HostPrefix(Case):
    def test_with_it_where_its_name_leads_to_the_server(self):
        asked, resolve = [], socket.getaddrinfo

        def lookup(host, *more, **named):
            asked.append(host)
            return resolve("127.0.0.1" if host == "sync-localhost" else host, *more, **named)

        prefixing = client(endpoint=ENDPOINT.replace("127.0.0.1", "localhost"), inject_host_prefix=True)
        machine = self.machine(PASS, type="EXPRESS")
        with unittest.mock.patch("socket.getaddrinfo", lookup):
            self.assertEqual(prefixing.start_sync_execution(stateMachineArn=machine)["status"], "SUCCEEDED")
        self.assertIn("sync-localhost", asked)


if __name__ == "__main__":
    unittest.main()
