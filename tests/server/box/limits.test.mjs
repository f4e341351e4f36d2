// SPDX-License-Identifier: GPL-3.0-or-later
// Rates and counts: who guesses is slowed, nobody else is, and no made-up header gives a fresh address.
import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { Device, Server, makePair, secretOf, until } from "./klatch.mjs";
import { Wire } from "./wire.mjs";

const RATES = { KLATCH_LIMITS_SIGN_INS_PER_MINUTE: "10", KLATCH_LIMITS_FAILURES_PER_MINUTE: "0" };

const signIn = (server, name, password, headers = {}) => server.api("POST", "sessions", { body: { name, password }, headers });

function assertLimited(answer) {
  assert.equal(answer.status, 429, answer.text);
  assert.equal(answer.json.error.code, "rate_limited");
  assert.ok(answer.json.error.retry_after_ms > 0 && answer.json.error.retry_after_ms <= 60000);
  assert.equal(Number(answer.headers["retry-after"]), Math.ceil(answer.json.error.retry_after_ms / 1000));
}

test("ten tries a minute and address, of all kinds together; made-up headers change nothing", async (t) => {
  const server = await Server.start(t, { env: RATES });
  const anna = await server.person("anna"); // 1
  assert.equal((await server.api("POST", "users", { body: { name: "ben", password: "correct horse" } })).status, 201); // 2
  assert.equal((await server.api("GET", "invites/nothing")).status, 404); // 3
  // What is no try is not counted.
  for (let i = 0; i < 20; i++) assert.equal((await server.api("POST", "sessions", { body: { name: "anna" } })).status, 400);
  for (let i = 0; i < 7; i++) {
    assert.equal((await signIn(server, "anna", "wrong", { "X-Forwarded-For": `192.0.2.${i}` })).status, 401);
  }
  for (let i = 0; i < 20; i++) {
    const headers = { "X-Forwarded-For": `198.51.100.${i}`, "X-Real-IP": `198.51.100.${i}`, Forwarded: `for=198.51.100.${i}` };
    assertLimited(await signIn(server, "anna", secretOf("anna"), headers));
  }
  assertLimited(await server.api("POST", "users", { body: { name: "carol", password: "correct horse" } }));
  assertLimited(await server.api("GET", "invites/nothing"));
  // Who is in stays in.
  assert.equal((await anna.api("GET", "me")).status, 200);
  await (await anna.connect(t)).do("sync");
});

test("behind a trusted proxy the right-most stranger counts, and a /64 is one address", async (t) => {
  const server = await Server.start(t, { env: { ...RATES, KLATCH_SERVER_TRUSTED_PROXIES: "127.0.0.0/8, 10.0.0.0/8" } });
  await server.person("anna");
  const from = (forwarded) => signIn(server, "anna", "wrong", { "X-Forwarded-For": forwarded });

  for (let i = 0; i < 10; i++) assert.equal((await from(`203.0.113.${i}, 192.0.2.1, 10.1.2.3`)).status, 401);
  assertLimited(await from("203.0.113.99, 192.0.2.1, 10.1.2.3"));
  assertLimited(await from("192.0.2.1"));
  assert.equal((await from("192.0.2.2")).status, 401);

  for (let i = 0; i < 10; i++) assert.equal((await from(`2001:db8:1:2:${i}::1`)).status, 401);
  assertLimited(await from("2001:db8:1:2:ffff::1"));
  assert.equal((await from("2001:db8:1:3::1")).status, 401);
});

test("ten failures a minute and name, from however many addresses", async (t) => {
  const server = await Server.start(t, {
    env: {
      KLATCH_LIMITS_SIGN_INS_PER_MINUTE: "10",
      KLATCH_LIMITS_FAILURES_PER_MINUTE: "10",
      KLATCH_SERVER_TRUSTED_PROXIES: "127.0.0.1",
    },
  });
  await server.api("POST", "users", { body: { name: "anna", password: secretOf("anna"), invite: server.setupCode } });
  const anna = (await signIn(server, "anna", secretOf("anna"), { "X-Forwarded-For": "192.0.2.250" })).json;
  const from = (i, name, password) => signIn(server, name, password, { "X-Forwarded-For": `192.0.2.${i}` });

  // All at once: none of them learns more for it.
  const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => from(i, "anna", "wrong")));
  assert.equal(answers.filter(({ status }) => status === 401).length, 10);
  answers.filter(({ status }) => status !== 401).forEach(assertLimited);
  assertLimited(await from(70, "anna", secretOf("anna")));
  // Neither are her sessions harmed nor is anybody else.
  assert.equal((await server.api("GET", "me", { token: anna.token })).status, 200);
  assert.equal((await from(71, "ben", "wrong")).status, 401);
  // A name that nobody has behaves the same.
  const nobody = await Promise.all(Array.from({ length: 20 }, (_, i) => from(100 + i, "nobody", "wrong")));
  assert.equal(nobody.filter(({ status }) => status === 401).length, 10);
  // The old password of a change is a guess like any other.
  assertLimited(await server.api("PUT", "me/password", { token: anna.token, body: { old: secretOf("anna"), new: "better horse" } }));
});

test("0 switches rates off", async (t) => {
  const server = await Server.start(t);
  await server.person("anna");
  const answers = await Promise.all(Array.from({ length: 40 }, () => signIn(server, "anna", "wrong")));
  assert.ok(answers.every(({ status }) => status === 401));
});

test("a full queue of sign-ins is unavailable at once, and messages do not wait for it", async (t) => {
  const server = await Server.start(t, {
    env: { KLATCH_REGISTRATION_ARGON2_MEMORY_KIB: "19456", KLATCH_REGISTRATION_ARGON2_PASSES: "2" },
  });
  const { b, a, group } = await makePair(t, server);
  const tries = Array.from({ length: 50 }, () => signIn(server, "anna", secretOf("anna")));
  // Each message comes back while sign-ins are still being worked on.
  let pending = tries.length;
  tries.forEach((answer) => answer.then(() => pending--));
  let sent = 0;
  while (pending > 10 && sent < 20) {
    await a.send(group, `message ${sent++}`);
  }
  assert.ok(sent >= 3, `${sent} messages were stored while fifty signed in`);
  const answers = await Promise.all(tries);
  assert.ok(answers.every(({ status }) => status === 201));
  await b.event("message", ({ message }) => message.body === `message ${sent - 1}`);

  const many = await Promise.all(Array.from({ length: 150 }, () => signIn(server, "anna", secretOf("anna"))));
  const busy = many.filter(({ status }) => status === 503);
  assert.ok(busy.length > 0);
  for (const answer of busy) {
    assert.equal(answer.json.error.code, "unavailable");
    assert.ok(Number(answer.headers["retry-after"]) >= 1);
  }
  assert.equal(many.filter(({ status }) => status === 201).length + busy.length, 150);
});

test("the newest connection over a person's number is refused", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_LIMITS_CONNECTIONS_PER_USER: "3" } });
  const anna = await server.person("anna");
  const devices = [];
  for (let i = 0; i < 3; i++) devices.push(await anna.connect(t));
  await assert.rejects(anna.connect(t), (error) => error.data.code === "rate_limited");
  for (const device of devices) await device.do("sync");
  devices[0].socket.disconnect();
  for (;;) {
    try {
      await anna.connect(t);
      break;
    } catch (error) {
      assert.equal(error.data.code, "rate_limited");
    }
  }
  const ben = await server.person("ben");
  await ben.connect(t);

  // Of many at once exactly so many get in.
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => ben.connect(t, { transports: [i % 2 ? "polling" : "websocket"] })));
  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 2);
  for (const { reason } of outcomes) if (reason) assert.equal(reason.data.code, "rate_limited");
});

test("who does not say who he is in time is let go", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_LIMITS_UNSIGNED_MS: "300" } });
  await server.person("anna");
  await assert.rejects(Device.connect(t, server.url), (error) => error.data.code === "unauthorized");
  await assert.rejects(Device.connect(t, server.url, { auth: { token: "x" } }), (error) => error.data.code === "unauthorized");
});

test("256 connections of one address may be nobody's; those who are in have theirs", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_LIMITS_UNSIGNED_MS: "30000" } });
  const { anna, a, b, group } = await makePair(t, server);
  http.globalAgent.destroy(); // the connections on which the two have registered
  const wire = Wire.of(server);
  const strangers = [];
  await until(async () => {
    const stranger = await wire.ws().open();
    await until(() => stranger.messages.length > 0 || stranger.code !== undefined);
    if (stranger.messages.shift()) strangers.push(stranger);
    else assert.ok(strangers.length >= 254, `${strangers.length} and no more`);
    return strangers.length === 256;
  });
  // No matter what for: a socket, a poll, a call by REST, or nothing at all.
  const refused = await wire.tcp();
  await refused.ended;
  assert.match(refused.received.toString(), /^HTTP\/1\.1 429 [\s\S]*"rate_limited"/);
  await assert.rejects(anna.connect(t));
  // Who is in goes on, and makes no difference.
  await a.send(group, "still here");
  await b.event("message", ({ message }) => message.body === "still here");
  // Each that says who it is, or goes, makes room for one.
  strangers[0].send(`40${JSON.stringify({ token: anna.token })}`);
  assert.match(await strangers[0].next(), /^40/);
  strangers[1].socket.terminate();
  await until(async () => (await server.request("GET", "/healthz").catch(() => ({}))).status === 200, "room");
  const late = await anna.connect(t);
  await late.do("sync");
  for (const stranger of strangers) stranger.socket.terminate();
});
