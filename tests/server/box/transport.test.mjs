// SPDX-License-Identifier: GPL-3.0-or-later
// The wire under the chat: bytes that come in pieces or by the thousand, packets that claim what they do not hold.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Device, Server, makePair, until } from "./klatch.mjs";
import { Wire, frame } from "./wire.mjs";

const memoryKib = (server) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, "utf8"))[1]);

/** What the acknowledgement with this id says. */
async function acked(peer, id) {
  for (;;) {
    const packet = await peer.next();
    if (typeof packet === "string" && packet.startsWith(`43${id}[`)) return JSON.parse(packet.slice(`43${id}`.length))[0];
  }
}

test("sixteen kibibytes of emoji by polling, cut at every byte of one of them, are stored as they are (C05)", async (t) => {
  const server = await Server.start(t);
  const { anna, b, group } = await makePair(t, server);
  const wire = Wire.of(server);
  const sid = await wire.polls(anna.token);
  const body = "🍵".repeat(4096);
  const post = async (bytes, cuts) => {
    const socket = await wire.tcp();
    socket.setNoDelay(true);
    socket.write(`POST /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${bytes.length}\r\n\r\n`);
    let from = 0;
    for (const cut of [...cuts, bytes.length]) {
      socket.write(bytes.subarray(from, cut));
      from = cut;
      await delay(20);
    }
    await socket.ended;
    assert.match(socket.received.toString(), /^HTTP\/1\.1 200 /);
  };
  const packet = (ack, text) => `42${ack}${JSON.stringify(["message:send", { group, client_id: randomUUID(), body: text }])}`;
  const middle = Buffer.byteLength(packet(0, "")) - 3 + 4 * 2000;
  const answers = new Map();
  const poll = async () => {
    for (const each of (await wire.text(sid)).split("\x1e")) {
      const found = /^43(\d+)(\[.*\])$/s.exec(each);
      if (found) answers.set(Number(found[1]), JSON.parse(found[2])[0]);
    }
  };
  for (let i = 0; i < 4; i++) await post(Buffer.from(packet(i, body)), [middle + i, middle + i + 1]);
  // Two packets in one body, the cut in the second, and one byte too many.
  const two = Buffer.from(`${packet(4, body)}\x1e${packet(5, `${body}x`)}`);
  await post(two, [two.length - 4 * 700 - 2]);
  while (answers.size < 6) await poll();
  for (let i = 0; i < 5; i++) assert.equal(answers.get(i).message.body, body);
  assert.equal(answers.get(5).error.code, "too_large");
  await until(() => b.bodies(group).length === 5);
  assert.ok(b.bodies(group).every((each) => each === body));
});

test("packets that claim attachments end their connection, and cost nothing (C58)", async (t) => {
  const server = await Server.start(t);
  const { anna, a, group } = await makePair(t, server);
  const wire = Wire.of(server);
  const before = memoryKib(server);
  const place = (num) => `{"group":"${group}","client_id":"x","body":{"_placeholder":true,"num":${num}}}`;
  const bad = [
    `45999999999-["message:send",${place(0)}]`,
    `4565-["message:send"${Array.from({ length: 65 }, (_, i) => `,{"_placeholder":true,"num":${i}}`).join("")}]`,
    `450-["message:send",${place(0)}]`,
    `451-["message:send",${place(-1)}]`,
    `451-["message:send",${place(1e9)}]`,
    `451-["message:send",${place('"0"')}]`,
    `451-["message:send",${place(1)}]`,
    `451-["message:send",{}]`,
    `452-["message:send",${place(0)}]`,
    `45-1-["message:send",${place(0)}]`,
    `451["message:send",${place(0)}]`,
  ];
  for (let round = 0; round < 3; round++) {
    for (const packet of bad) {
      const peer = await wire.signedIn(anna.token);
      peer.send(packet);
      await peer.closed();
      assert.deepEqual(peer.messages.filter((each) => each.startsWith?.("43")), [], packet);
    }
    // One that nobody asked for, and a text where an attachment is due.
    const unasked = await wire.signedIn(anna.token);
    unasked.send(Buffer.from("x"));
    await unasked.closed();
    const torn = await wire.signedIn(anna.token);
    torn.send(`451-["message:send",${place(0)}]`).send('42["sync",{}]');
    await torn.closed();
  }
  // Sixty-four are let in; they are no body, and the connection stays. One that never gets its last is only that.
  const many = await wire.signedIn(anna.token);
  many.send(`4564-7["message:send"${Array.from({ length: 64 }, (_, i) => `,{"_placeholder":true,"num":${i}}`).join("")}]`);
  for (let i = 0; i < 64; i++) many.send(Buffer.from([i]));
  assert.equal((await acked(many, 7)).error.code, "bad_request");
  many.send(`452-8["message:send",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`).send(Buffer.from("x"));
  await a.send(group, "still here");
  // A build with a sanitizer keeps what was freed for a while; what the packets claim is far more.
  assert.ok(memoryKib(server) - before < 60000, `${memoryKib(server) - before} KiB`);
});

test("JSON against the rules is a bad request, what is no JSON ends the connection", async (t) => {
  const server = await Server.start(t);
  const { anna, group } = await makePair(t, server);
  const wire = Wire.of(server);
  const deep = (n) => `${'{"a":'.repeat(n)}1${"}".repeat(n)}`;
  const peer = await wire.signedIn(anna.token);
  let ack = 0;
  const asks = async (argument) => {
    peer.send(`42${++ack}["history",${argument}]`);
    return acked(peer, ack);
  };
  for (const argument of [
    `{"group":"${group}","group":"${group}"}`,
    `{"group":"${group}","x":{"y":1,"y":2}}`,
    `{"group":"${group}","before":5.0}`,
    `{"group":"${group}","before":5e0}`,
    `{"group":"${group}","before":123456789012345678901}`,
    `{"group":"${group}","x":"\\ud800"}`,
    `{"group":"${group}","x":${deep(32)}}`,
    `{"group":"${group}"},{"group":"${group}"}`,
    "null",
    "[]",
  ]) {
    const answer = await asks(argument);
    assert.equal(answer.error?.code, "bad_request", argument.slice(0, 80));
  }
  // The depth is of each argument.
  assert.equal((await asks(`{"group":"${group}","x":${deep(31)}}`)).ok, true);
  peer.send(`42${++ack}["history",{"group":"${group}","x":${deep(31)}},${deep(31)}]`);
  assert.equal((await acked(peer, ack)).error.message, (await asks("{},{}")).error.message);

  for (const data of ['["history",{"a":NaN}]', '["history",{"a":Infinity}]', '["history",{"a":01}]', '["history",{"a":1,}]', '["history",{}', "['history']", '["history",{}] x', "[5]", "{}", "[]", ""]) {
    const each = await wire.signedIn(anna.token);
    each.send(`421${data}`);
    await each.closed();
  }
});

test("who has not said who he is may send no event", async (t) => {
  const server = await Server.start(t);
  const anna = await server.person("anna");
  const wire = Wire.of(server);
  for (const packet of ['42["sync",{}]', '42/other,["sync",{}]', "41", "431[]", '44{"message":"x"}']) {
    const peer = await wire.talk();
    peer.send(packet);
    await peer.closed();
    assert.deepEqual(peer.messages, [], packet);
  }
  // A namespace that there is not is refused, and the connection lives; an event for it ends it.
  const peer = await wire.talk();
  peer.send("40/other,");
  assert.equal(await peer.next(), '44/other,{"message":"Invalid namespace"}');
  peer.send(`40${JSON.stringify({ token: anna.token })}`);
  assert.match(await peer.next(), /^40\{/);
  peer.send('42/other,["sync",{}]');
  await peer.closed();
  // Nor is one asked twice.
  const twice = await wire.signedIn(anna.token);
  twice.send(`40${JSON.stringify({ token: anna.token })}`);
  await twice.closed();
});

test("after an upgrade the old way is closed, and nothing is lost on the new one", async (t) => {
  const server = await Server.start(t);
  const { anna, b, group } = await makePair(t, server);
  const wire = Wire.of(server);
  const sid = await wire.polls(anna.token);
  const peer = await wire.ws(`&sid=${sid}`).open();
  assert.equal(await peer.send("2probe").next(), "3probe");
  peer.send("5");
  await until(async () => (await wire.text(sid)) === 400, "polling is over");
  assert.equal((await wire.post(sid, '42["sync",{}]')).status, 400);
  peer.send('421["sync",{}]');
  assert.equal((await acked(peer, 1)).groups[0].id, group);
  await b.send(group, "hello");
  await until(() => peer.messages.some((each) => each.includes('"hello"')));
});

test("a late pong is forgiven while bytes arrive, silence is not", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_SERVER_PING_INTERVAL_MS: "500", KLATCH_SERVER_PING_TIMEOUT_MS: "700" } });
  const { anna, group } = await makePair(t, server);
  const wire = Wire.of(server);
  // A large frame on a slow line: no pong can pass before its end.
  const socket = await wire.raw("/socket.io/?EIO=4&transport=websocket");
  socket.write(frame(1, `40${JSON.stringify({ token: anna.token })}`));
  await until(() => socket.received.includes("40{"));
  const slow = frame(1, `421["history",{"group":"${group}","x":"${"y".repeat(3000)}"}]`);
  let ended = false;
  socket.ended.then(() => (ended = true));
  for (let i = 0; i < slow.length; i += 60) {
    socket.write(slow.subarray(i, i + 60));
    await delay(60);
    assert.equal(ended, false, "ended while bytes came");
  }
  await until(() => socket.received.includes('431[{"ok":true'));
  // Then nothing more.
  await socket.ended;
});

test("clients that only poll ask little until they are back (C06)", async (t) => {
  const server = await Server.start(t);
  const { anna, a, group } = await makePair(t, server);
  const N = 60;
  const devices = Array.from({ length: N }, () =>
    Device.open(t, server.url, { auth: { token: anna.token }, transports: ["polling"], reconnection: true, reconnectionDelay: 1000 }),
  );
  for (const device of devices) {
    device.asked = 0;
    device.socket.on("connect", () => (device.ready = device.do("sync")));
    device.socket.io.on("reconnect_attempt", () => device.asked++);
  }
  await until(() => devices.every(({ ready }) => ready));
  await Promise.all(devices.map(({ ready }) => ready));
  await a.send(group, "before");
  for (const device of devices) device.ready = undefined;
  await server.kill();
  await Server.start(t, { data: server.data, listen: `127.0.0.1:${server.port}` });
  await until(() => devices.every(({ ready }) => ready), "all are back");
  for (const device of devices) {
    assert.equal((await device.ready).groups[0].last_message.body, "before");
    assert.ok(device.asked <= 5, `${device.asked} attempts`);
  }
});
