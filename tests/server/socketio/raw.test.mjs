// SPDX-License-Identifier: GPL-3.0-or-later
// Peers that misbehave, on bare TCP.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { io } from "socket.io-client";
import { calm, Echo, frame, reset, until, upgrade } from "./echo.mjs";

const memory = (echo) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${echo.child.pid}/status`, "utf8"))[1]);
const cpu = (echo) => {
  const fields = readFileSync(`/proc/${echo.child.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

test("the handshake, and what it declines", async (t) => {
  const echo = await Echo.start(t);
  const socket = await echo.tcp();
  socket.write(upgrade("/ws", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"));
  await until(() => socket.received.includes("\r\n\r\n"));
  const head = socket.received.toString();
  assert.match(head, /^HTTP\/1\.1 101 /);
  assert.match(head, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i);
  assert.doesNotMatch(head, /Sec-WebSocket-Extensions/i);
  socket.destroy();
  const rows = [
    upgrade("/ws").replace("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"),
    upgrade("/ws").replace(/Sec-WebSocket-Key.*\r\n/, ""),
    upgrade("/ws").replace("Upgrade: websocket", "Upgrade: h2c"),
    "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n",
  ];
  for (const request of rows) {
    const bad = await echo.tcp();
    bad.write(request);
    await until(() => bad.received.includes("\r\n\r\n"));
    assert.match(bad.received.toString(), /^HTTP\/1\.1 4/);
    bad.destroy();
  }
});

test("frames sent along with the handshake are not lost", async (t) => {
  const echo = await Echo.start(t);
  const socket = await echo.tcp();
  socket.write(Buffer.concat([Buffer.from(upgrade("/ws")), frame(1, "early"), frame(2, "x".repeat(9000)), frame(1, "half").subarray(0, 5)]));
  await until(() => socket.received.length > 9000);
  socket.write(frame(1, "half").subarray(5));
  await until(() => socket.received.toString("latin1").endsWith("\x81\x04half"));
  assert.ok(socket.received.includes("\x81\x05early", "latin1"));
  socket.destroy();
});

test("a frame byte by byte, and several in one write", async (t) => {
  const echo = await Echo.start(t);
  const socket = await echo.raw();
  socket.setNoDelay(true);
  for (const byte of frame(1, "slow €")) {
    socket.write(Buffer.from([byte]));
    await sleep(1);
  }
  await until(() => socket.received.length >= 10);
  assert.equal(socket.received.subarray(2).toString(), "slow €");
  socket.received = Buffer.alloc(0);
  socket.write(Buffer.concat([frame(1, "a"), frame(9, "p"), frame(1, "b", { fin: false }), frame(9, "q"), frame(0, "c")]));
  await until(() => socket.received.length >= 13);
  assert.equal(socket.received.toString("latin1"), "\x81\x01a\x8a\x01p\x8a\x01q\x81\x02bc");
  socket.destroy();
});

test("a peer that dies in the middle of a frame", async (t) => {
  const echo = await Echo.start(t, [...calm, "--max-payload", "1000000"]);
  for (const die of [reset, (socket) => socket.end()]) {
    for (const bytes of [frame(1, "hello").subarray(0, 1), frame(1, "hello").subarray(0, 4), frame(2, "x".repeat(1000)).subarray(0, 500)]) {
      const socket = await echo.raw("/socket.io/?EIO=4&transport=websocket");
      await until(() => socket.received.length > 0);
      socket.write(frame(1, "40"));
      await until(() => socket.received.includes('"sid"', 20));
      socket.write(bytes);
      await sleep(20);
      die(socket);
    }
  }
  await until(() => echo.log.split("left /: transport close").length === 7);
});

test("wrong frames are told why, and the connection ends in order", async (t) => {
  const echo = await Echo.start(t);
  const rows = [
    [Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), 1002],
    [Buffer.from([0x81, 0x01, 0x61]), 1002],
    [frame(3, ""), 1002],
    [frame(9, "x".repeat(126)), 1002],
    [frame(0, "x"), 1002],
    [frame(1, Buffer.from([0xff])), 1007],
    [frame(2, "", { length: 17 * 1024 * 1024 }), 1009],
    [frame(8, Buffer.from([0x03])), 1002],
  ];
  for (const [bytes, code] of rows) {
    const socket = await echo.raw();
    // The echo of what came before stands before the close.
    socket.write(Buffer.concat([frame(1, "ok"), bytes]));
    await socket.ended;
    assert.equal(socket.received.toString("latin1"), `\x81\x02ok\x88\x02${String.fromCharCode(code >> 8, code & 255)}`);
  }
});

test("a client that never reads is put out, and costs nobody", async (t) => {
  const echo = await Echo.start(t, [...calm, "--queue-bytes", "1000000"]);
  const other = io(echo.url, { transports: ["websocket"], forceNew: true });
  t.after(() => other.disconnect());
  await until(() => other.connected);
  const before = memory(echo);

  const socket = await echo.raw("/socket.io/?EIO=4&transport=websocket");
  socket.write(frame(1, "40"));
  await until(() => socket.received.includes('"sid"', 20));
  socket.pause();
  for (let i = 0; i < 40; i++) socket.write(frame(1, `42["flood",20,"${"x".repeat(60000)}"]`));
  await until(() => echo.log.includes("slow consumer"));
  assert.equal(await other.emitWithAck("message-with-ack", "hello"), "hello");
  assert.ok(memory(echo) - before < 30000, `${memory(echo) - before} KiB`);

  // Whoever reads at last finds the notice and the close behind what was on its way.
  socket.resume();
  await socket.ended;
  const tail = socket.received.subarray(-200).toString("latin1");
  assert.match(tail, /42\["notice",\{"code":"slow_consumer"\}\]\x88\x02\x03\xf0$/);
});

test("a slow consumer is closed after five seconds, read or not", async (t) => {
  const echo = await Echo.start(t, [...calm, "--queue-bytes", "100000"]);
  const socket = await echo.raw("/socket.io/?EIO=4&transport=websocket");
  socket.write(frame(1, "40"));
  await until(() => socket.received.includes('"sid"', 20));
  socket.pause();
  socket.write(frame(1, `42["flood",200,"${"x".repeat(60000)}"]`));
  await until(() => echo.log.includes("slow consumer"));
  const descriptors = () => readFileSync(`/proc/${echo.child.pid}/net/tcp`, "utf8").split("\n").filter((line) => {
    const fields = line.trim().split(/\s+/);
    return fields[3] === "01" && fields[1]?.endsWith(echo.port.toString(16).toUpperCase().padStart(4, "0"));
  }).length;
  await until(() => descriptors() === 0, "the socket to be closed", 20000);
});

test("one that polls and never comes back is put out too", async (t) => {
  const echo = await Echo.start(t, [...calm, "--queue-bytes", "100000"]);
  const sid = await echo.session("/socket.io/");
  await echo.post(sid, "40", "/socket.io/");
  assert.match(await echo.text(sid, "/socket.io/"), /^40/);
  await echo.post(sid, `42["flood",3,"${"x".repeat(60000)}"]`, "/socket.io/");
  await until(() => echo.log.includes("slow consumer"));
  assert.equal(await echo.text(sid, "/socket.io/"), '42["notice",{"code":"slow_consumer"}]');
  assert.equal(await echo.text(sid, "/socket.io/"), "1");
  assert.equal(await echo.text(sid, "/socket.io/"), 400);
});

test("headers and bodies that drip are cut off, whatever drips (C11)", async (t) => {
  const echo = await Echo.start(t, [...calm, "--request-timeout-ms", "1500"]);
  const begun = Date.now();
  const honest = io(echo.url, { transports: ["websocket"], forceNew: true });
  t.after(() => honest.disconnect());
  await until(() => honest.connected);
  const sid = await echo.session();
  const slow = [];
  for (let i = 0; i < 60; i++) {
    const socket = await echo.tcp();
    const text = i % 3 === 0 ? `POST /engine.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n` : i % 3 === 1 ? "GET / HTTP/1.1\r\nX: " : "";
    socket.write(text);
    const drip = setInterval(() => socket.write("a"), 100);
    socket.ended.then(() => clearInterval(drip));
    slow.push(socket.ended);
  }
  await Promise.all(slow);
  assert.ok(Date.now() - begun >= 1400);
  // What was good lives on past that limit, and so does a request that waits for something to tell.
  const held = echo.text(sid);
  await sleep(2000);
  assert.equal(await honest.emitWithAck("message-with-ack", 1), 1);
  await echo.post(sid, "4told");
  assert.equal(await held, "4told");
});

test("connections of an address that have not signed in are counted", async (t) => {
  const echo = await Echo.start(t, [...calm, "--connections-unsigned", "5"]);
  const sockets = [];
  for (let i = 0; i < 5; i++) {
    sockets.push(await echo.raw("/socket.io/?EIO=4&transport=websocket"));
    await until(() => sockets[i].received.length > 0);
  }
  const sixth = await echo.tcp();
  await sixth.ended;
  // Where words would cost a handshake, there are none.
  if (echo.isTls) assert.equal(sixth.received.length, 0);
  else assert.match(sixth.received.toString(), /^HTTP\/1\.1 429 [\s\S]*"rate_limited"/);
  // Whoever signs in makes room.
  sockets[0].write(frame(1, "40"));
  await until(() => sockets[0].received.includes('"sid"', 20));
  const seventh = await echo.raw("/socket.io/?EIO=4&transport=websocket");
  assert.match(seventh.head, /101/);
  sockets[1].destroy();
  await until(async () => {
    const socket = await echo.tcp();
    socket.write("GET /engine.io/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    await socket.ended;
    return socket.received.toString().startsWith("HTTP/1.1 400");
  });
  for (const socket of [...sockets, seventh]) socket.destroy();
});

test("a proxy that is trusted speaks for others", async (t) => {
  const echo = await Echo.start(t, [...calm, "--connections-unsigned", "2", "--trusted-proxy", "127.0.0.1"]);
  const ask = async (forwarded) => {
    const peer = echo.ws("", "/socket.io/", { headers: { "X-Forwarded-For": forwarded } });
    await until(() => peer.messages.length > 0 || peer.code !== undefined);
    return peer;
  };
  const first = await ask("203.0.113.9, 198.51.100.1");
  await first.next();
  await first.send("40").next();
  await first.next();
  assert.equal(await first.send('421["address"]').next(), '431["198.51.100.1"]');
  const many = [await ask("198.51.100.1"), await ask("1.2.3.4, 198.51.100.1"), await ask("198.51.100.1")];
  assert.match(String(many[2].error), /429/);
  assert.equal(many[0].error, undefined);
  assert.equal((await ask("198.51.100.2")).error, undefined, "others have their own number");
});

test("out of descriptors it waits, and goes on when there are some (C111)", async (t) => {
  const echo = await Echo.start(t, calm, { wrap: ["sh", "-c", 'ulimit -n 100; exec "$@"', "sh"], env: { KLATCH_KEEP_DESCRIPTOR_LIMIT: "1" } });
  const client = io(echo.url, { transports: ["websocket"], forceNew: true });
  t.after(() => client.disconnect());
  await until(() => client.connected);
  const many = [];
  for (let i = 0; i < 200; i++) many.push(await echo.tcp());
  await until(() => echo.log.includes("out of file descriptors"));
  const before = cpu(echo);
  const begun = Date.now();
  await sleep(1000);
  assert.ok(cpu(echo) - before < (Date.now() - begun) / 5, "accepting does not spin");
  assert.equal(await client.emitWithAck("message-with-ack", 1), 1, "those who are in are served");
  assert.ok(echo.log.split("out of file descriptors").length <= 5, "a line a second at most");
  for (const socket of many) socket.destroy();
  const late = await echo.raw();
  assert.match(late.head, /101/);
  late.destroy();
});

test("stopping waits for nobody who does not read", async (t) => {
  const echo = await Echo.start(t);
  const socket = await echo.raw("/socket.io/?EIO=4&transport=websocket");
  socket.write(frame(1, "40"));
  await until(() => socket.received.includes('"sid"', 20));
  socket.pause();
  for (let i = 0; i < 10; i++) socket.write(frame(1, `42["flood",20,"${"x".repeat(60000)}"]`));
  await sleep(200);
  const half = await echo.tcp();
  half.write("GET / HTTP/1.1\r\n");
  const begun = Date.now();
  echo.child.kill("SIGTERM");
  const [code] = await echo.ended;
  assert.equal(code, 0);
  assert.ok(Date.now() - begun < 9000);
  socket.destroy();
  half.destroy();
});
