// SPDX-License-Identifier: GPL-3.0-or-later
// Socket.IO 5 as the official client speaks it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { io } from "socket.io-client";
import { calm, Echo, reset, until } from "./echo.mjs";

function client(t, echo, options = {}, nsp = "") {
  const socket = io(echo.url + nsp, { reconnectionDelay: 50, reconnectionDelayMax: 200, forceNew: true, ...options });
  t.after(() => socket.disconnect());
  return socket;
}

/** The client, once it is connected. */
async function connected(t, echo, options, nsp) {
  const socket = client(t, echo, options, nsp);
  await once(socket, "connect");
  return socket;
}

for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
  test(`events, acknowledgements and binary over ${transports.join(" and ")}`, async (t) => {
    const echo = await Echo.start(t);
    const socket = client(t, echo, { transports, auth: { token: "abc" } });
    const [auth] = await once(socket, "auth");
    assert.deepEqual(auth, { token: "abc" });
    assert.match(socket.id, /^[\w-]{20}$/);
    if (transports.length > 1) await until(() => socket.io.engine.transport.name === "websocket");

    socket.emit("message", 1, "2", { 3: [true, null, "€"] });
    assert.deepEqual(await once(socket, "message-back"), [1, "2", { 3: [true, null, "€"] }]);
    assert.deepEqual(await socket.emitWithAck("message-with-ack", { a: [] }), { a: [] });

    const bytes = Buffer.from([1, 2, 3]);
    socket.emit("message", bytes, "between", Buffer.alloc(0));
    const back = await once(socket, "message-back");
    assert.deepEqual([...new Uint8Array(back[0])], [1, 2, 3]);
    assert.equal(back[1], "between");
    assert.equal(back[2].byteLength ?? back[2].length, 0);
    const answer = await socket.emitWithAck("message-with-ack", { deep: [bytes] });
    assert.deepEqual([...new Uint8Array(answer.deep[0])], [1, 2, 3]);
  });

  test(`a payload of a mebibyte over ${transports.join(" and ")}`, async (t) => {
    const echo = await Echo.start(t, [...calm, "--max-payload", String(3 * 1024 * 1024)]);
    const socket = await connected(t, echo, { transports });
    const text = "äöü€😀".repeat(1024 * 1024 / 14);
    assert.equal(await socket.emitWithAck("message-with-ack", text), text);
    const bytes = Buffer.alloc(1024 * 1024, 0xa5);
    const answer = Buffer.from(await socket.emitWithAck("message-with-ack", bytes));
    assert.ok(answer.equals(bytes));
  });
}

test("the server asks for acknowledgements too", async (t) => {
  const echo = await Echo.start(t);
  const socket = await connected(t, echo, { transports: ["websocket"] });
  socket.once("ask-back", (question, reply) => reply({ to: question }));
  assert.deepEqual(await socket.emitWithAck("ask-back", "why"), { to: "why" });
  // A client that never answers is given up after a second.
  assert.equal(await socket.emitWithAck("ask-back", "why"), null);
});

test("namespaces on one connection", async (t) => {
  const echo = await Echo.start(t);
  const main = io(echo.url, { transports: ["websocket"], forceNew: true });
  t.after(() => main.disconnect());
  const custom = main.io.socket("/custom", { auth: { a: 1 } });
  const unknown = main.io.socket("/unknown");
  const [[auth], [error]] = await Promise.all([once(custom, "auth"), once(unknown, "connect_error"), once(main, "connect")]);
  assert.deepEqual(auth, { a: 1 });
  assert.equal(error.message, "Invalid namespace");
  assert.notEqual(main.id, custom.id);
  custom.disconnect();
  assert.equal(await main.emitWithAck("message-with-ack", "still here"), "still here");
  await until(() => echo.log.includes("left /custom: client namespace disconnect"));
  assert.ok(!echo.log.includes("left /:"));
});

test("a refused CONNECT", async (t) => {
  const echo = await Echo.start(t);
  const socket = client(t, echo, { transports: ["websocket"], auth: { refuse: true } });
  const [error] = await once(socket, "connect_error");
  assert.equal(error.message, "unauthorized");
  assert.deepEqual(error.data, { code: "unauthorized" });

  // It may be tried again on the same connection.
  const peer = echo.ws("", "/socket.io/");
  await peer.next();
  assert.match(await peer.send('40{"refuse":true}').next(), /^44\{"message":"unauthorized"/);
  assert.match(await peer.send('40{"refuse":true}').next(), /^44/);
  assert.match(await peer.send("40{}").next(), /^40\{"sid"/);
});

test("refusals do not prolong the time that a CONNECT has", async (t) => {
  const echo = await Echo.start(t, ["--connect-timeout-ms", "700", "--ping-interval-ms", "25000"]);
  const peer = echo.ws("", "/socket.io/");
  await peer.next();
  const begun = Date.now();
  const again = setInterval(() => peer.socket.readyState === 1 && peer.send('40{"refuse":true}'), 50);
  assert.equal(await peer.closed(), 1008);
  clearInterval(again);
  assert.ok(Date.now() - begun >= 600);
  // Nor may one stay who was in, and left.
  const left = echo.ws("", "/socket.io/");
  await left.next();
  await left.send("40").next();
  left.send("41");
  assert.equal(await left.closed(), 1008);
  // Nor who asks and takes it back before there is an answer.
  const fickle = echo.ws("", "/socket.io/");
  await fickle.next();
  const asking = setInterval(() => fickle.socket.readyState === 1 && fickle.send('40{"wait":true}').send("41"), 100);
  assert.equal(await fickle.closed(), 1008);
  clearInterval(asking);
});

test("nobody asks again and again", async (t) => {
  // No clock ends it.
  const echo = await Echo.start(t, ["--ping-interval-ms", "600000", "--connect-timeout-ms", "600000"]);
  const refused = echo.ws("", "/socket.io/");
  await refused.next();
  for (let i = 0; i < 32; i++) assert.match(await refused.send('40{"refuse":true}').next(), /^44/);
  refused.send('40{"refuse":true}');
  assert.equal(await refused.closed(), 1008);
  const fickle = echo.ws("", "/socket.io/");
  await fickle.next();
  for (let i = 0; i < 33; i++) fickle.send('40{"wait":true}').send("41");
  assert.equal(await fickle.closed(), 1008);
  // Who is let in has them all again.
  const peer = echo.ws("", "/socket.io/");
  await peer.next();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 31; i++) assert.match(await peer.send('40{"refuse":true}').next(), /^44/);
    assert.match(await peer.send("40{}").next(), /^40/);
    assert.match(await peer.next(), /^42\["auth"/);
    peer.send("41");
  }
});

test("rooms", async (t) => {
  const echo = await Echo.start(t);
  const sockets = await Promise.all([1, 2, 3].map(() => connected(t, echo, { transports: ["websocket"] })));
  const heard = [[], [], []];
  sockets.forEach((socket, i) => socket.on("said", (room, text) => heard[i].push(text)));
  await sockets[0].emitWithAck("join", "tea");
  await sockets[1].emitWithAck("join", "tea");
  await sockets[1].emitWithAck("join", "cake");
  const say = async (room, text) => {
    sockets[2].emit("say", room, text);
    await Promise.all(sockets.map((socket) => socket.emitWithAck("message-with-ack", 0)));
  };
  await say("tea", "one");
  await sockets[1].emitWithAck("leave", "tea");
  await say("tea", "two");
  await say("cake", "three");
  sockets[0].disconnect();
  await until(() => echo.log.includes("left /"));
  sockets[2].emit("say", "tea", "four");
  await sockets[1].emitWithAck("message-with-ack", 0);
  assert.deepEqual(heard, [["one", "two"], ["one", "three"], []]);
});

test("the reasons of leaving", async (t) => {
  const echo = await Echo.start(t);
  const rows = [
    [(socket) => socket.disconnect(), "client namespace disconnect"],
    [(socket) => socket.io.engine.close(), "transport close"],
    [(socket) => reset(socket.io.engine.transport.ws._socket), "transport close"],
    [(socket) => socket.io.engine.write("{}"), "parse error"],
    [(socket) => socket.emit("kick"), "server namespace disconnect"],
  ];
  for (const [leave, reason] of rows) {
    const socket = await connected(t, echo, { transports: ["websocket"], reconnection: false });
    const { id } = socket;
    leave(socket);
    await until(() => echo.log.includes(`${id} left /: ${reason}`), reason);
  }
});

test("who is put out is told so, and stays out", async (t) => {
  const echo = await Echo.start(t);
  for (const transports of [["websocket"], ["polling"]]) {
    const socket = await connected(t, echo, { transports });
    const notice = once(socket, "notice");
    const left = once(socket, "disconnect");
    socket.emit("kick");
    assert.deepEqual(await notice, [{ code: "revoked" }]);
    assert.equal((await left)[0], "io server disconnect");
    await sleep(300);
    assert.equal(socket.connected, false);
  }
});

test("after a stop and a start clients are back by themselves", async (t) => {
  const echo = await Echo.start(t);
  for (const transports of [["websocket"], ["polling"]]) {
    const socket = await connected(t, echo, { transports });
    socket.notices = [];
    socket.on("notice", (notice) => socket.notices.push(notice.code));
    (echo.clients ??= []).push(socket);
  }
  const left = echo.clients.map((socket) => once(socket, "disconnect"));
  echo.child.kill("SIGTERM");
  const [code] = await echo.ended;
  assert.equal(code, 0);
  for (const reason of await Promise.all(left)) assert.match(reason[0], /^transport/);
  assert.deepEqual(echo.clients.map((socket) => socket.notices), [["shutdown"], ["shutdown"]]);
  await Echo.start(t, [...calm, "--port", String(echo.port)]);
  await until(() => echo.clients.every((socket) => socket.connected));
  for (const socket of echo.clients) assert.equal(await socket.emitWithAck("message-with-ack", "back"), "back");
});

test("packets that are none end the connection", async (t) => {
  const echo = await Echo.start(t);
  const rows = ["4", "4abc", "42{}", "42[]", '42abc["x"]', '42["x"', "43[]", "44{}", '42/unknown,["x"]', "40", "45999999999-[]",
    '450-["x",{"_placeholder":true,"num":0}]', '451-["x",{"_placeholder":true,"num":7}]', Buffer.from("attachment that nobody asked for")];
  for (const packet of rows) {
    const peer = echo.ws("", "/socket.io/");
    await peer.next();
    await peer.send("40").next();
    peer.send(packet);
    await peer.closed();
  }
  const silent = echo.ws("", "/socket.io/");
  await silent.next();
  assert.equal(await silent.send('42["before",1]').closed(), 1002);
});

test("JSON against the rules is told to the owner, not cut off", async (t) => {
  const echo = await Echo.start(t);
  const peer = echo.ws("", "/socket.io/");
  await peer.next();
  await peer.send("40").next();
  await peer.next();
  const rows = [['["strict",{"a":1}]', true], ['["strict",{"a":1,"a":2}]', false], ['["strict","\\ud800"]', false],
    [`["strict",${"[".repeat(33)}${"]".repeat(33)}]`, false], [`["strict",${"[".repeat(32)}${"]".repeat(32)}]`, true]];
  for (const [json, strict] of rows) assert.equal(await peer.send(`421${json}`).next(), `431[${strict}]`, json);
});
