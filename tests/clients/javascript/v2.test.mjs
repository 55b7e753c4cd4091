// All operations and errors of gradus with the AWS SDK for JavaScript, version 2.
import assert from "node:assert/strict";
import { test } from "node:test";
import http from "node:http";
import { createRequire } from "node:module";
import { arrived, machine, name, pass, role, task, tell } from "./story.mjs";

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";
const AWS = createRequire(import.meta.url)("aws-sdk");

const endpoint = process.env.GRADUS_ENDPOINT;
const settings = { endpoint, region: "us-east-1", accessKeyId: "test", secretAccessKey: "test" };
const client = new AWS.StepFunctions({ ...settings, hostPrefixEnabled: false });
const method = (operation) => operation[0].toLowerCase() + operation.slice(1);
const caller = (sfn) => (operation, input) => sfn[method(operation)](input).promise();
const call = caller(client);
const refusal = (error) => {
  assert.equal(error.statusCode, 400, error);
  assert.match(error.requestId, /^[0-9a-f-]{36}$/);
  return { code: error.code, message: error.message };
};
const create = async (definition, more = {}) =>
  (await call("CreateStateMachine", { name: name(), roleArn: role, definition, ...more })).stateMachineArn;

// Takes nearly a minute, so the other tests run meanwhile.
const inVain = call("CreateActivity", { name: name() }).then(({ activityArn }) => call("GetActivityTask", { activityArn }));

test("the story", async () => {
  const called = await tell(call, refusal, { old: true });
  const known = new Set([...called].map(method));
  assert.deepEqual(Object.keys(client.api.operations).filter((it) => !known.has(it)), []);
});

test("pages", async () => {
  const stateMachineArn = await create(pass);
  for (const each of ["a", "b", "c"]) await call("StartExecution", { stateMachineArn, name: each });
  const pages = await new Promise((resolve, reject) => {
    const found = [];
    client.listExecutions({ stateMachineArn, maxResults: 2 }).eachPage((error, page) => {
      if (error) return reject(error);
      if (!page) return resolve(found);
      found.push(page.executions.map((it) => it.name));
      return true;
    });
  });
  assert.deepEqual(pages.map((page) => page.length), [2, 1]);
  assert.deepEqual(pages.flat().sort(), ["a", "b", "c"]);
});

test("a poll waits for its task", async () => {
  const { activityArn } = await call("CreateActivity", { name: name() });
  const polled = call("GetActivityTask", { activityArn });
  const { executionArn } = await call("StartExecution", { stateMachineArn: await create(task(activityArn)) });
  await call("SendTaskFailure", { taskToken: (await polled).taskToken, error: "E" });
  await arrived(() => call("DescribeExecution", { executionArn }), { status: "FAILED", error: "E" });
});

test("with the host prefix, where its name leads to the server", async () => {
  const asked = [];
  const lookup = (host, options, done) => {
    asked.push(host);
    done(null, ...(options.all ? [[{ address: "127.0.0.1", family: 4 }]] : ["127.0.0.1", 4]));
  };
  const prefixing = caller(new AWS.StepFunctions({
    ...settings,
    endpoint: endpoint.replace("127.0.0.1", "localhost"),
    httpOptions: { agent: new http.Agent({ lookup }) },
  }));
  const stateMachineArn = await create(pass, { type: "EXPRESS" });
  assert.equal((await prefixing("StartSyncExecution", { stateMachineArn, input: "1" })).output, "1");
  assert.deepEqual([...new Set(asked)], ["sync-localhost"]);
});

test("a clock that is wrong is corrected by the server's", async () => {
  const late = new AWS.StepFunctions({ ...settings, correctClockSkew: true, systemClockOffset: -3_600_000 });
  const { $response } = await late.listActivities({}).promise();
  assert.equal($response.retryCount, 1);
  const uncorrected = new AWS.StepFunctions({ ...settings, systemClockOffset: -3_600_000 });
  await assert.rejects(uncorrected.listActivities({}).promise(), { code: "InvalidSignatureException" });
});

test("a throttled call is tried again", async () => {
  const throttled = new AWS.StepFunctions({
    ...settings, endpoint: process.env.GRADUS_NARROW, hostPrefixEnabled: false, maxRetries: 20,
    retryDelayOptions: { base: 50 },
  });
  const { stateMachineArn } = await throttled.createStateMachine({
    name: name(), roleArn: role, type: "EXPRESS", definition: machine({ Type: "Wait", Seconds: 1 }),
  }).promise();
  const ended = await Promise.all([1, 2].map(() => throttled.startSyncExecution({ stateMachineArn }).promise()));
  assert.deepEqual(ended.map((it) => it.status), ["SUCCEEDED", "SUCCEEDED"]);
  assert.ok(ended[0].$response.retryCount + ended[1].$response.retryCount > 0);
});

test("a poll in vain ends by itself, without an error", async () => {
  const { taskToken, input } = await inVain;
  assert.deepEqual([taskToken, input], [undefined, undefined]);
});
