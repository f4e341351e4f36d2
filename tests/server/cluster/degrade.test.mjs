// SPDX-License-Identifier: GPL-3.0-or-later
// What happens when a part is gone, done to the real parts: nobody loses an acknowledged message, sees one twice or out
// of order; presence is true again soon; /readyz and one line of the log say it.
//
// KLATCH_OUTAGE_MS is how long a part is gone: seconds in the quick suite, twenty of them in the slow one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster, checkRevs, delay, makeGroup, sendSurely, skip, until } from "./cluster.mjs";

const OUTAGE_MS = Number(process.env.KLATCH_OUTAGE_MS ?? 4000);
const LONG = OUTAGE_MS >= 20000;
/** Presence is true again within this time; a loaded machine has a little more. */
const PRESENCE_MS = 15000 + 5000;
/** Where nothing is out, a message is stored within this time, however much else the machine does. */
const SLOW_MS = 10000;

/** A pair on node 0, one on node 1, all in one group, and traffic from both nodes until it is stopped. */
async function makeScene(t, options) {
  const cluster = await Cluster.start(t, options);
  const people = [];
  for (const name of ["anna", "ben", "cleo"]) people.push(await cluster.person(name));
  const [a, b, c] = await Promise.all(people.map((person, i) => cluster.device(person, i % cluster.nodes.length)));
  const group = await makeGroup([a, b, c]);
  return { cluster, people, a, b, c, group };
}

/** Sends from each of the devices, one message after the other, and keeps what was acknowledged. */
function startTraffic(devices, group) {
  const traffic = { acked: [], slowest: 0, refused: [], on: true, failures: [] };
  traffic.done = Promise.all(
    devices.map(async (device, k) => {
      for (let i = 0; traffic.on; i++) {
        try {
          const { message, ms } = await sendSurely(device, group, `${k}:${i}`, {
            onRefused: (error) => traffic.refused.push({ at: Date.now(), ...error }),
          });
          traffic.acked.push({ ...message, at: Date.now(), device });
          traffic.slowest = Math.max(traffic.slowest, ms);
        } catch (error) {
          traffic.failures.push(error);
          return;
        }
        await delay(30);
      }
    }),
  );
  traffic.stop = async () => {
    traffic.on = false;
    await traffic.done;
    assert.deepEqual(traffic.failures, []);
  };
  return traffic;
}

/** Everybody here has everything that was acknowledged, once and in order. */
async function checkAll(devices, group, acked) {
  const newest = Math.max(...acked.map(({ rev }) => rev));
  for (const device of devices) {
    await until(() => device.events.some(({ name, argument }) => name === "message" && argument.rev >= newest), `rev ${newest}`);
    checkRevs(device, group);
    const bodies = device.bodies(group);
    assert.equal(new Set(bodies).size, bodies.length, "a message came twice");
    for (const { body } of acked) assert.ok(bodies.includes(body), `${body} is missing`);
  }
}

/** How often the node's log says something that matches. */
const said = (node, pattern) => node.stderr.split("\n").filter((line) => pattern.test(line)).length;

async function statusOf(device, id) {
  return (await device.do("users", { ids: [id] })).users[0].status;
}

async function presenceIs(device, id, wanted, since = Date.now()) {
  await until(async () => (await statusOf(device, id)) === wanted, `${wanted} to be told`);
  const ms = Date.now() - since;
  assert.ok(ms < PRESENCE_MS, `${wanted} only after ${ms} ms`);
  return ms;
}

test("Valkey stopped, and started again", { skip }, async (t) => {
  const { cluster, people, a, b, c, group } = await makeScene(t);
  const dave = await cluster.person("dave");
  const traffic = startTraffic([a, b], group);
  await until(() => traffic.acked.length > 20);
  await cluster.valkey.kill();
  const gone = Date.now();
  await Promise.all([0, 1, 2].map((i) => cluster.ready(i, 503)));
  const { json } = await cluster.nodes[0].request("GET", "/readyz");
  assert.equal(json.store.ready, true);
  assert.equal(json.bus.ready, false);
  assert.match(json.reason, /^bus: /);
  assert.equal((await cluster.nodes[0].request("GET", "/readyz?bus=optional")).status, 200);
  // From node to node within about a second, by way of the store; on the node itself at once.
  const before = Date.now();
  const { message } = await sendSurely(a, group, "while it is gone");
  await b.event("message", ({ rev }) => rev === message.rev);
  assert.ok(Date.now() - before < 6000, `${Date.now() - before} ms`);
  traffic.acked.push(message);
  // Somebody joins, and opens a group on a node that does not know it.
  const d = await cluster.device(dave, 2);
  await d.do("group:join", { group });
  await b.event("member", ({ member }) => member.user === dave.id);
  await delay(Math.max(0, OUTAGE_MS - (Date.now() - gone)));
  await cluster.valkey.run();
  const back = Date.now();
  await cluster.allReady();
  await traffic.stop();
  await checkAll([a, b, c], group, traffic.acked);
  await Promise.all(people.map((person) => presenceIs(d, person.id, "online", back)));
  a.socket.disconnect();
  await presenceIs(b, people[0].id, "offline");
  for (const node of cluster.nodes) {
    assert.equal(said(node, /The bus is not there/), 1, node.stderr);
    assert.equal(said(node, /The bus is there/), 2, node.stderr);
  }
});

test("Valkey emptied", { skip }, async (t) => {
  const { cluster, people, a, b, c, group } = await makeScene(t);
  const traffic = startTraffic([a, b], group);
  await until(() => traffic.acked.length > 20);
  await cluster.valkey.ask("FLUSHALL");
  const emptied = Date.now();
  await Promise.all(people.map((person) => presenceIs(c, person.id, "online", emptied)));
  await until(() => traffic.acked.length > 60);
  await traffic.stop();
  // Nothing is gone that a message needs.
  assert.ok(traffic.slowest < SLOW_MS, `a message was stored only after ${traffic.slowest} ms: ${JSON.stringify(traffic.refused)}`);
  await checkAll([a, b, c], group, traffic.acked);
  a.socket.disconnect();
  await presenceIs(c, people[0].id, "offline");
});

test("a node killed with -9", { skip }, async (t) => {
  const { cluster, people, a, b, c, group } = await makeScene(t);
  const traffic = startTraffic([a, b], group);
  await b.do("group:open", { group });
  await until(() => traffic.acked.length > 20);
  await cluster.nodes[1].kill();
  const killed = Date.now();
  await presenceIs(a, people[1].id, "offline", killed);
  const { groups } = await a.do("sync");
  assert.deepEqual([groups[0].online, groups[0].here], [2, 0]);
  traffic.on = false;
  await cluster.run(1);
  const again = await cluster.device(people[1], 1);
  await presenceIs(c, people[1].id, "online");
  // What it had acknowledged is there.
  const { message } = await sendSurely(again, group, "back again");
  await c.event("message", ({ rev }) => rev === message.rev);
  await checkAll([a, c], group, [...traffic.acked, message]);
});

test("a node frozen, and continued", { skip }, async (t) => {
  const { cluster, people, a, b, c, group } = await makeScene(t);
  const traffic = startTraffic([a, c], group);
  await until(() => traffic.acked.length > 20);
  cluster.nodes[1].child.kill("SIGSTOP");
  const frozen = Date.now();
  // Who writes through it waits; it wakes with what it believed then.
  const late = sendSurely(b, group, "from the frozen one");
  if (LONG) await presenceIs(a, people[1].id, "offline", frozen);
  await delay(Math.max(0, OUTAGE_MS - (Date.now() - frozen)));
  cluster.nodes[1].child.kill("SIGCONT");
  const woken = Date.now();
  traffic.acked.push((await late).message);
  await presenceIs(a, people[1].id, "online", woken);
  await traffic.stop();
  await checkAll([a, b, c], group, traffic.acked);
});

test("the line between a node and Valkey cut without a word", { skip }, async (t) => {
  const { cluster, people, a, b, c, group } = await makeScene(t, { lines: true });
  const traffic = startTraffic([a, b], group);
  await until(() => traffic.acked.length > 20);
  cluster.lines[1].break();
  const cut = Date.now();
  await cluster.ready(1, 503);
  assert.ok(Date.now() - cut < 7000, `noticed after ${Date.now() - cut} ms`);
  const before = Date.now();
  const { message } = await sendSurely(a, group, "to the one that is cut off");
  traffic.acked.push(message);
  await b.event("message", ({ rev }) => rev === message.rev);
  assert.ok(Date.now() - before < 6000, `${Date.now() - before} ms`);
  await delay(Math.max(0, OUTAGE_MS - (Date.now() - cut)));
  cluster.lines[1].mend();
  const mended = Date.now();
  await cluster.ready(1);
  await traffic.stop();
  await checkAll([a, b, c], group, traffic.acked);
  await Promise.all(people.map((person) => presenceIs(c, person.id, "online", mended)));
  assert.equal(said(cluster.nodes[1], /The bus is not there/), 1, cluster.nodes[1].stderr);
  assert.equal(said(cluster.nodes[0], /The bus is not there/), 0, cluster.nodes[0].stderr);
});

test("MongoDB stopped, and started again; and one that hangs", { skip }, async (t) => {
  const { cluster, people, a, b, c, group } = await makeScene(t);
  for (let i = 0; i < 5; i++) await a.send(group, `before ${i}`);
  await c.do("history", { group });
  for (const how of ["stopped", "hanging"]) {
    const traffic = startTraffic([a, b], group);
    await until(() => traffic.acked.length > 10);
    if (how === "stopped") await cluster.mongod.kill();
    else cluster.mongod.signal("SIGSTOP");
    const gone = Date.now();
    // Refused in time, with a word of when to come again.
    await until(() => traffic.refused.length > 0, "unavailable");
    assert.ok(Date.now() - gone < 7000, `${Date.now() - gone} ms`);
    assert.equal(traffic.refused[0].code, "unavailable");
    assert.ok(traffic.refused[0].retry_after_ms > 0);
    await cluster.ready(0, 503);
    const { json } = await cluster.nodes[0].request("GET", "/readyz");
    assert.deepEqual([json.store.ready, json.bus.ready], [false, true]);
    // Connections stay, presence and typing go on, what is cached is read.
    await b.do("presence", { status: "away" });
    await until(async () => (await statusOf(a, people[1].id)) === "away", "away");
    await b.do("presence", { status: "online" });
    assert.ok((await c.do("history", { group, limit: 5 })).messages.length === 5);
    await delay(Math.max(0, OUTAGE_MS - (Date.now() - gone)));
    if (how === "stopped") await cluster.mongod.restart();
    else cluster.mongod.signal("SIGCONT");
    await cluster.allReady();
    const there = traffic.acked.length;
    await until(() => traffic.acked.length > there + 5, "sends to go on");
    await traffic.stop();
    await checkAll([a, b, c], group, traffic.acked);
    for (const device of [a, b, c]) assert.equal(device.reason, undefined);
    // The next round begins with other bodies.
    for (const device of [a, b, c]) device.events.length = 0;
  }
  for (const node of cluster.nodes) assert.equal(said(node, /CRITICAL|internal/), 0, node.stderr);
});
