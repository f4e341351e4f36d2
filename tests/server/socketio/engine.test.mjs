// SPDX-License-Identifier: GPL-3.0-or-later
// Engine.IO 4: handshakes, polling, WebSocket, heartbeats, and the way from one transport to the other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { calm, Echo, reset, until } from "./echo.mjs";

const quick = ["--ping-interval-ms", "300", "--ping-timeout-ms", "200"];

test("a handshake says what the session is", async (t) => {
  const echo = await Echo.start(t, quick);
  const polled = await echo.get();
  const open = JSON.parse((await polled.text()).slice(1));
  assert.deepEqual(Object.keys(open).sort(), ["maxPayload", "pingInterval", "pingTimeout", "sid", "upgrades"]);
  assert.deepEqual([open.upgrades, open.pingInterval, open.pingTimeout, open.maxPayload], [["websocket"], 300, 200, 1000000]);
  assert.equal(polled.headers.get("access-control-allow-origin"), "*");
  assert.equal(polled.headers.get("cache-control"), "no-store");

  const text = await echo.ws().next();
  assert.equal(text[0], "0");
  assert.deepEqual(JSON.parse(text.slice(1)).upgrades, []);
  assert.notEqual(JSON.parse(text.slice(1)).sid, open.sid);
});

test("what is no handshake gets 400", async (t) => {
  const echo = await Echo.start(t);
  const sid = await echo.session();
  const rows = [
    ["GET", "?transport=polling"],
    ["GET", "?EIO=abc&transport=polling"],
    ["GET", "?EIO=3&transport=polling"],
    ["GET", "?EIO=4"],
    ["GET", "?EIO=4&transport=abc"],
    ["GET", "?EIO=4&transport=websocket"],
    ["POST", "?EIO=4&transport=polling"],
    ["PUT", "?EIO=4&transport=polling"],
    ["GET", "?EIO=4&transport=polling&sid=unknown"],
    ["POST", "?EIO=4&transport=polling&sid=unknown"],
    ["PUT", `?EIO=4&transport=polling&sid=${sid}`],
  ];
  for (const [method, query] of rows) {
    const answer = await fetch(`${echo.url}/engine.io/${query}`, { method, body: method === "GET" ? undefined : "4x" });
    assert.equal(answer.status, 400, `${method} ${query}`);
    assert.equal(typeof (await answer.json()).message, "string");
  }
  assert.equal((await fetch(`${echo.url}/engine.io/more?EIO=4&transport=polling`)).status, 404);
  for (const query of ["&sid=unknown", "&EIO=5"]) {
    const peer = echo.ws(query);
    await peer.closed();
    assert.match(String(peer.error), /400/);
  }
});

test("messages by polling", async (t) => {
  const echo = await Echo.start(t);
  const sid = await echo.session();
  for (const body of ["4hello", "4a\x1e4b\x1e4c", "4hello\x1ebAQIDBA==", "4 €😀\x1eb"]) {
    const pushed = await echo.post(sid, body);
    assert.equal(await pushed.text(), "ok");
    assert.equal(await echo.text(sid), body);
  }
  // A request that is held is answered when there is something to tell.
  const held = echo.text(sid);
  await sleep(50);
  await echo.post(sid, "4late");
  assert.equal(await held, "4late");
});

test("a wrong packet ends the session", async (t) => {
  const echo = await Echo.start(t);
  for (const body of ["abc", "", "4a\x1e", "2", "0{}", "5", "bA", Buffer.from([0x34, 0xff])]) {
    const sid = await echo.session();
    assert.equal((await echo.post(sid, body)).status, 400, JSON.stringify(body));
    assert.equal(await echo.text(sid), 400);
  }
  for (const message of ["abc", "", "2", "0", "5", "7"]) {
    const peer = echo.ws();
    await peer.next();
    assert.equal(await peer.send(message).closed(), 1002, message);
  }
});

test("two requests at once end the session", async (t) => {
  const echo = await Echo.start(t);
  const sid = await echo.session();
  const first = echo.text(sid);
  await sleep(100);
  assert.equal(await echo.text(sid), 400);
  assert.equal(await first, "1");
  assert.equal(await echo.text(sid), 400);
});

test("messages by WebSocket", async (t) => {
  const echo = await Echo.start(t);
  const peer = echo.ws();
  await peer.next();
  peer.send("4hello").send(Uint8Array.from([1, 2, 3])).send("4").send(Buffer.alloc(0));
  assert.equal(await peer.next(), "4hello");
  assert.deepEqual([...(await peer.next())], [1, 2, 3]);
  assert.equal(await peer.next(), "4");
  assert.equal((await peer.next()).length, 0);
});

test("heartbeats keep a session, silence ends it", async (t) => {
  const echo = await Echo.start(t, quick);
  const sid = await echo.session();
  const peer = echo.ws();
  await peer.next();
  for (let i = 0; i < 3; i++) {
    assert.equal(await peer.next(), "2");
    peer.send("3");
  }
  assert.equal(await peer.next(), "2");
  await peer.closed();
  await until(async () => (await echo.text(sid)) === 400);
});

test("heartbeats by polling", async (t) => {
  const echo = await Echo.start(t, ["--ping-interval-ms", "100", "--ping-timeout-ms", "10000"]);
  const sid = await echo.session();
  for (let i = 0; i < 3; i++) {
    assert.equal(await echo.text(sid), "2");
    assert.equal((await echo.post(sid, "3")).status, 200);
  }
});

test("closing", async (t) => {
  const echo = await Echo.start(t);
  let sid = await echo.session();
  const held = echo.text(sid);
  await sleep(100);
  assert.equal((await echo.post(sid, "1")).status, 200);
  assert.equal(await held, "6");
  assert.equal(await echo.text(sid), 400);

  // The request that overtook nothing is answered too, once.
  sid = await echo.session();
  await echo.post(sid, "1");
  assert.equal(await echo.text(sid), "6");
  assert.equal(await echo.text(sid), 400);

  const peer = echo.ws();
  await peer.next();
  assert.equal(await peer.send("1").closed(), 1000);
});

test("a client that leaves its held request is gone", async (t) => {
  const echo = await Echo.start(t);
  const sid = await echo.session();
  const leave = new AbortController();
  const held = fetch(echo.polling(`&sid=${sid}`), { signal: leave.signal }).catch(() => "left");
  await sleep(100);
  leave.abort();
  assert.equal(await held, "left");
  await until(async () => (await echo.post(sid, "4x")).status === 400);
});

test("the upgrade", async (t) => {
  const echo = await Echo.start(t);
  const sid = await echo.session();
  const held = echo.text(sid);
  const peer = await echo.ws(`&sid=${sid}`).open();
  await sleep(50);
  peer.send("2probe");
  assert.equal(await peer.next(), "3probe");
  assert.equal(await held, "6");
  assert.equal(await echo.text(sid), "6", "nothing to tell: answered soon, not held");
  await echo.post(sid, "4by polling");
  assert.equal(await echo.text(sid), "4by polling");
  await echo.post(sid, "4kept");
  peer.send("5").send("4hello");
  assert.equal(await peer.next(), "4kept");
  assert.equal(await peer.next(), "4hello");
  assert.equal(await echo.text(sid), 400);
  assert.equal((await echo.post(sid, "4x")).status, 400);
  const second = echo.ws(`&sid=${sid}`);
  await second.closed();
  assert.equal(await peer.send("4still there").next(), "4still there");
});

test("no NOOP goes down the WebSocket, and a late request gets 400 (C02)", async (t) => {
  const echo = await Echo.start(t);
  const sid = await echo.session();
  const peer = await echo.ws(`&sid=${sid}`).open();
  peer.send("2probe").send("5");
  assert.equal(await peer.next(), "3probe");
  peer.send("4a");
  assert.equal(await peer.next(), "4a");
  assert.equal(await echo.text(sid), 400);
  assert.equal(await peer.send("4b").next(), "4b");
  assert.deepEqual(peer.messages, []);
});

test("the confirmation of an upgrade is not overtaken by what it brings about", async (t) => {
  const echo = await Echo.start(t);
  for (let i = 0; i < 30; i++) {
    const sid = await echo.session();
    const peer = await echo.ws(`&sid=${sid}`).open();
    peer.send("2probe").send("5");
    // On a new connection, accepted in the turn that reads both.
    const socket = await echo.tcp();
    socket.write(`GET /engine.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    await until(() => socket.received.includes("\r\n\r\n") || peer.messages.length > 0);
    if (socket.received.toString().startsWith("HTTP/1.1 400")) assert.deepEqual(peer.messages, ["3probe"]);
    assert.equal(await peer.next(), "3probe");
    await socket.ended;
    peer.socket.terminate();
  }
});

test("a probe that fails leaves polling as it was (C04)", async (t) => {
  const echo = await Echo.start(t);
  const sid = await echo.session();
  const ends = [(peer) => peer.socket.close(), (peer) => peer.socket.terminate(), (peer) => reset(peer.socket._socket), (peer) => peer.send("4nonsense")];
  for (const end of ends) {
    const peer = await echo.ws(`&sid=${sid}`).open();
    assert.equal(await peer.send("2probe").next(), "3probe");
    end(peer);
    await peer.closed();
    await echo.post(sid, "4goes on");
    await until(async () => {
      const text = await echo.text(sid);
      assert.ok(text === "6" || text === "4goes on", text);
      return text !== "6";
    });
  }
  // Silence: polling works beside the probe, which still may come to its end.
  const silent = await echo.ws(`&sid=${sid}`).open();
  assert.equal(await silent.send("2probe").next(), "3probe");
  await echo.post(sid, "4beside");
  assert.equal(await echo.text(sid), "4beside");
  silent.socket.close();
  await silent.closed();
  const peer = await echo.ws(`&sid=${sid}`).open();
  await until(async () => {
    if (peer.code !== undefined) return false;
    return (await peer.send("2probe").next()) === "3probe";
  });
  assert.equal(await peer.send("5").send("4done").next(), "4done");
});

test("three sessions of one client at once (C07)", async (t) => {
  const echo = await Echo.start(t);
  const headers = { Cookie: "io=same" };
  const polls = JSON.parse((await (await fetch(echo.polling(), { headers })).text()).slice(1)).sid;
  const upgrading = JSON.parse((await (await fetch(echo.polling(), { headers })).text()).slice(1)).sid;
  const peer = echo.ws("", "/engine.io/", { headers });
  const own = JSON.parse((await peer.next()).slice(1)).sid;
  assert.equal(new Set([polls, upgrading, own]).size, 3);
  const probe = await echo.ws(`&sid=${upgrading}`, "/engine.io/", { headers }).open();
  await probe.send("2probe").next();
  await echo.post(polls, "4polls");
  await echo.post(upgrading, "4upgrading");
  peer.send("4own");
  assert.equal(await echo.text(polls), "4polls");
  assert.equal(await echo.text(upgrading), "4upgrading");
  assert.equal(await peer.next(), "4own");
});

test("packets over the limit", async (t) => {
  const echo = await Echo.start(t, [...calm, "--max-payload", "1000"]);
  const sid = await echo.session();
  assert.equal((await echo.post(sid, "4" + "x".repeat(999))).status, 200);
  const refused = await echo.post(sid, "4" + "x".repeat(1000));
  assert.equal(refused.status, 413);
  assert.equal((await refused.json()).error.code, "too_large");
  // Without a length in advance, too.
  let chunk = 0;
  const chunks = new ReadableStream({
    async pull(controller) {
      await sleep(5);
      controller.enqueue(new TextEncoder().encode("4".repeat(400)));
      if (++chunk === 10) controller.close();
    },
  });
  const counted = await fetch(echo.polling(`&sid=${sid}`), { method: "POST", body: chunks, duplex: "half" }).catch((error) => error.cause);
  assert.ok(counted.status === 413 || counted.code === "EPIPE" || counted.code === "ECONNRESET" || counted.code === "UND_ERR_SOCKET", String(counted));
  assert.equal(await echo.text(sid), "4" + "x".repeat(999), "the session is not to blame");

  const peer = echo.ws();
  await peer.next();
  peer.send("4" + "x".repeat(999));
  assert.equal((await peer.next()).length, 1000);
  assert.equal(await peer.send("4" + "x".repeat(1000)).closed(), 1009);
});

test("a large body is refused before it is read", async (t) => {
  const echo = await Echo.start(t);
  const sid = await echo.session();
  const socket = await echo.tcp();
  socket.write(`POST /engine.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n`);
  await until(() => socket.received.includes("\r\n\r\n"));
  assert.match(socket.received.toString(), /^HTTP\/1\.1 413 /);
  await socket.ended;
});

test("a body that comes in pieces, cut inside a character (C05)", async (t) => {
  const echo = await Echo.start(t);
  const sid = await echo.session();
  const body = Buffer.from("4" + "😀".repeat(4096) + "\x1e4second 😀");
  const middle = 1 + 4 * 2000;
  for (let cut = middle; cut < middle + 4; cut++) {
    const socket = await echo.tcp();
    socket.setNoDelay(true);
    socket.write(`POST /engine.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`);
    socket.write(body.subarray(0, cut));
    await sleep(20);
    socket.write(body.subarray(cut, -2));
    await sleep(20);
    socket.write(body.subarray(-2));
    await until(() => socket.received.includes("ok"));
    socket.destroy();
    assert.equal(await echo.text(sid), body.toString());
  }
});
