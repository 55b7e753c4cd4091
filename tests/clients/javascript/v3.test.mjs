// All operations and errors of gradus with the AWS SDK for JavaScript, version 3.
import assert from "node:assert/strict";
import { test } from "node:test";
import http from "node:http";
import * as sfn from "@aws-sdk/client-sfn";
import { arrived, machine, name, pass, role, task, tell } from "./story.mjs";

const endpoint = process.env.GRADUS_ENDPOINT;
const settings = { endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } };
const client = new sfn.SFNClient({ ...settings, disableHostPrefix: true });
const call = (operation, input) => client.send(new sfn[`${operation}Command`](input));
const refusal = (error) => {
  assert.equal(error.$metadata?.httpStatusCode, 400, error);
  assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
  // An error that the client knows is of a class of its own.
  if (sfn[error.name]) assert.ok(error instanceof sfn[error.name], error.name);
  return { code: error.name, message: error.message };
};
const create = async (definition, more = {}) =>
  (await call("CreateStateMachine", { name: name(), roleArn: role, definition, ...more })).stateMachineArn;

// Takes nearly a minute, so the other tests run meanwhile.
const inVain = call("CreateActivity", { name: name() }).then(({ activityArn }) => call("GetActivityTask", { activityArn }));

test("the story", async () => {
  const called = await tell(call, refusal);
  const operations = Object.keys(sfn).filter((it) => it.endsWith("Command") && it !== "$Command");
  assert.deepEqual(operations.map((it) => it.slice(0, -"Command".length)).filter((it) => !called.has(it)), []);
});

test("paginators", async () => {
  const arn = await create(pass);
  for (const each of ["a", "b", "c", "d", "e"]) await call("StartExecution", { stateMachineArn: arn, name: each });
  const names = [];
  for await (const page of sfn.paginateListExecutions({ client, pageSize: 2 }, { stateMachineArn: arn })) {
    names.push(page.executions.map((it) => it.name));
  }
  assert.deepEqual(names.map((page) => page.length), [2, 2, 1]);
  assert.deepEqual(names.flat().sort(), ["a", "b", "c", "d", "e"]);
  const executionArn = (await call("ListExecutions", { stateMachineArn: arn })).executions[0].executionArn;
  await arrived(() => call("DescribeExecution", { executionArn }), { status: "SUCCEEDED" });
  const ids = [];
  const history = { executionArn, reverseOrder: true };
  for await (const page of sfn.paginateGetExecutionHistory({ client, pageSize: 3 }, history)) {
    ids.push(...page.events.map((it) => it.id));
  }
  assert.deepEqual(ids, [4, 3, 2, 1]);
  const listed = [];
  for await (const page of sfn.paginateListStateMachines({ client, pageSize: 1000 }, {})) listed.push(...page.stateMachines);
  assert.ok(listed.some((it) => it.stateMachineArn === arn));
  for await (const page of sfn.paginateListActivities({ client }, {})) assert.ok(page.activities);
});

test("a poll waits for its task", async () => {
  const { activityArn } = await call("CreateActivity", { name: name() });
  const polled = call("GetActivityTask", { activityArn });
  const { executionArn } = await call("StartExecution", { stateMachineArn: await create(task(activityArn)), input: '{"n":1}' });
  const { taskToken, input } = await polled;
  assert.equal(input, '{"n":1}');
  await call("SendTaskSuccess", { taskToken, output: '"done"' });
  await arrived(() => call("DescribeExecution", { executionArn }), { status: "SUCCEEDED", output: '"done"' });
});

test("all settings but one may come from the environment", async () => {
  const before = { ...process.env };
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SFN: endpoint, AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test",
  });
  const told = new sfn.SFNClient({ disableHostPrefix: true });
  const made = { name: name(), roleArn: role, definition: pass, type: "EXPRESS" };
  const { stateMachineArn } = await told.send(new sfn.CreateStateMachineCommand(made));
  assert.match(stateMachineArn, /:states:eu-west-1:/);
  const { status } = await told.send(new sfn.StartSyncExecutionCommand({ stateMachineArn }));
  assert.equal(status, "SUCCEEDED");
  process.env = before;
});

test("with the host prefix, where its name leads to the server", async () => {
  const asked = [];
  const lookup = (host, options, done) => {
    asked.push(host);
    done(null, ...(options.all ? [[{ address: "127.0.0.1", family: 4 }]] : ["127.0.0.1", 4]));
  };
  const prefixing = new sfn.SFNClient({
    ...settings,
    endpoint: endpoint.replace("127.0.0.1", "localhost"),
    requestHandler: { httpAgent: new http.Agent({ lookup }) },
  });
  const stateMachineArn = await create(pass, { type: "EXPRESS" });
  const ended = await prefixing.send(new sfn.StartSyncExecutionCommand({ stateMachineArn, input: "1" }));
  assert.equal(ended.output, "1");
  assert.deepEqual([...new Set(asked)], ["sync-localhost"]);
});

test("a clock that is wrong is corrected by the server's", async () => {
  const late = new sfn.SFNClient({ ...settings, systemClockOffset: -3_600_000 });
  const listed = await late.send(new sfn.ListActivitiesCommand({}));
  assert.equal(listed.$metadata.attempts, 2);
  assert.ok(Math.abs(late.config.systemClockOffset) < 60_000);
  // What it learnt it keeps.
  assert.equal((await late.send(new sfn.ListActivitiesCommand({}))).$metadata.attempts, 1);
});

test("a wrong key is refused", async () => {
  const wrong = (accessKeyId, secretAccessKey) =>
    new sfn.SFNClient({ ...settings, maxAttempts: 1, credentials: { accessKeyId, secretAccessKey } });
  for (const [credentials, name] of [
    [["test", "wrong"], "InvalidSignatureException"],
    [["unknown", "test"], "UnrecognizedClientException"],
  ]) {
    const list = wrong(...credentials).send(new sfn.ListActivitiesCommand({}));
    await assert.rejects(list, { name });
  }
});

test("a throttled call is tried again", async () => {
  // This server runs one Express execution at a time.
  const narrow = (maxAttempts) => {
    const narrow = new sfn.SFNClient({ ...settings, endpoint: process.env.GRADUS_NARROW, disableHostPrefix: true, maxAttempts });
    return (operation, input) => narrow.send(new sfn[`${operation}Command`](input));
  };
  const waiting = { name: name(), roleArn: role, type: "EXPRESS", definition: machine({ Type: "Wait", Seconds: 1 }) };
  const { stateMachineArn } = await narrow(20)("CreateStateMachine", waiting);
  const two = (call) => [1, 2].map(() => call("StartSyncExecution", { stateMachineArn }));
  const ended = await Promise.all(two(narrow(20)));
  assert.deepEqual(ended.map((it) => it.status), ["SUCCEEDED", "SUCCEEDED"]);
  assert.ok(ended[0].$metadata.attempts + ended[1].$metadata.attempts > 2);

  const tried = await Promise.allSettled(two(narrow(1)));
  const { reason } = tried.find((it) => it.status === "rejected");
  assert.deepEqual(refusal(reason), { code: "ThrottlingException", message: "Rate exceeded" });
});

test("a poll in vain ends by itself, without an error", async () => {
  const { taskToken, input } = await inVain;
  assert.deepEqual([taskToken, input], [undefined, undefined]);
});
