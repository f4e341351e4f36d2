// SPDX-License-Identifier: GPL-3.0-or-later
// What TLS adds: certificates that change, handshakes that go wrong, and bytes that must not be lost on the way through.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect as connectTcp, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { calm, Echo, frame, until, upgrade } from "./echo.mjs";

/** A folder with a pair of its own, which goes with the test. */
function makeFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), "klatch-tls-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function makePair(folder, name, days = 30) {
  const pair = { name, certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", String(days),
    "-subj", `/CN=${name}`, "-keyout", pair.key, "-out", pair.certificate], { stdio: "ignore" });
  return pair;
}

/** As certbot has it: a name in use that is a link to the pair of the day. */
function point(folder, pair) {
  for (const [link, target] of [["use.crt", pair.certificate], ["use.key", pair.key]]) {
    symlinkSync(target, join(folder, `${link}.new`));
    renameSync(join(folder, `${link}.new`), join(folder, link));
  }
}

async function startWith(t, folder, options = calm) {
  return Echo.start(t, [...options, "--certificate", join(folder, "use.crt"), "--key", join(folder, "use.key")]);
}

/** After the handshake. */
async function shake(echo, options = {}) {
  const socket = connect({ port: echo.port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  socket.received = "";
  socket.on("data", (data) => (socket.received += data.toString("latin1")));
  socket.closed_ = new Promise((resolve) => socket.once("close", resolve));
  await once(socket, "secureConnect");
  socket.on("error", () => {});
  return socket;
}

/** Whose certificate a new handshake gets. */
async function whose(echo, options) {
  const socket = await shake(echo, options);
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return CN;
}

/** A client's first bytes. */
async function recordHello(t) {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const client = connect({ port: server.address().port, host: "127.0.0.1" }).on("error", () => {});
  const [socket] = await once(server, "connection");
  const [hello] = await once(socket, "data");
  socket.destroy();
  client.destroy();
  return hello;
}

const descriptors = (echo) => readdirSync(`/proc/${echo.child.pid}/fd`).length;

async function reload(echo) {
  const before = echo.log.split("reloaded").length;
  echo.child.kill("SIGHUP");
  await until(() => echo.log.split("reloaded").length > before);
  return echo.log.trim().split("\n").at(-1);
}

test("a renewed certificate is used from the reload on, and open connections stay (C109)", async (t) => {
  const folder = makeFolder(t);
  const [first, second] = [makePair(folder, "first"), makePair(folder, "second")];
  point(folder, first);
  const echo = await startWith(t, folder);
  assert.match(echo.url, /^https:/);

  const open = await shake(echo);
  open.write(upgrade("/ws"));
  await until(() => open.received.includes("\r\n\r\n"));
  // One that has a ticket of before, and one that is connected but has not said a word.
  let session;
  const early = await shake(echo);
  early.on("session", (ticket) => (session = ticket));
  await until(() => session);
  early.destroy();
  const waiting = connectTcp(echo.port, "127.0.0.1");
  await once(waiting, "connect");

  point(folder, second);
  assert.equal(await whose(echo), "first", "nothing changes before the reload");
  assert.equal(await reload(echo), "reloaded");
  assert.equal(await whose(echo), "second");
  assert.equal(await whose(echo, { session }), "second", "a ticket does not bring the old one back");
  const late = connect({ socket: waiting, rejectUnauthorized: false });
  await once(late, "secureConnect");
  assert.equal(late.getPeerCertificate().subject.CN, "second");
  late.destroy();

  open.received = "";
  open.write(frame(1, "still here"));
  await until(() => open.received.endsWith("still here"));
  assert.equal(open.getPeerCertificate().subject.CN, "first");
  open.destroy();
});

test("a pair that cannot be used leaves the old one, and says why (C109)", async (t) => {
  const folder = makeFolder(t);
  const [first, second, third] = [makePair(folder, "first"), makePair(folder, "second"), makePair(folder, "third")];
  point(folder, first);
  const echo = await startWith(t, folder);
  const text = (file) => readFileSync(file, "utf8");
  const [certificate, key] = [join(folder, "bad.crt"), join(folder, "bad.key")];
  const chain = text(second.certificate) + text(third.certificate);
  const locked = execFileSync("openssl", ["ec", "-in", second.key, "-aes128", "-passout", "pass:secret"], { stdio: ["ignore", "pipe", "ignore"] }).toString();
  const rows = [
    [text(second.certificate), text(third.key), /is not that of the certificate/],
    [text(second.certificate).slice(0, -40), text(second.key), /certificate .*use\.crt is cut off or damaged/],
    [chain.slice(0, -60), text(second.key), /certificate .*use\.crt is cut off or damaged/],
    [chain.slice(0, text(second.certificate).length + 8), text(second.key), /certificate .*use\.crt is cut off or damaged/],
    [text(second.certificate), text(second.key).slice(0, -50), /key .*use\.key is cut off or damaged/],
    ["", text(second.key), /use\.crt holds no certificate/],
    [text(second.key), text(second.key), /use\.crt holds no certificate/],
    [text(second.certificate), "", /use\.key holds no private key/],
    [text(second.certificate), locked, /use\.key is locked with a password/],
    ["\0\x01\x02", text(second.key), /use\.crt is not in PEM form/],
    [null, text(second.key), /use\.crt cannot be read: No such file/],
    [text(second.certificate), null, /use\.key cannot be read: No such file/],
  ];
  point(folder, { certificate, key });
  for (const [crt, pem, reason] of rows) {
    for (const [path, content] of [[certificate, crt], [key, pem]]) {
      rmSync(path, { force: true });
      if (content !== null) writeFileSync(path, content);
    }
    const said = await reload(echo);
    assert.match(said, /^not reloaded: /);
    assert.match(said, reason);
    assert.equal(await whose(echo), "first", said);
  }
  // What waits for a writer cannot make the server wait.
  rmSync(certificate);
  execFileSync("mkfifo", [certificate]);
  assert.match(await reload(echo), /use\.crt is no file/);
  rmSync(certificate);
  writeFileSync(certificate, chain);
  writeFileSync(key, text(second.key));
  assert.equal(await reload(echo), "reloaded");
  assert.equal(await whose(echo), "second");
});

test("plain HTTP is told what to do", async (t) => {
  const folder = makeFolder(t);
  point(folder, makePair(folder, "one"));
  const echo = await startWith(t, folder);
  for (const method of ["GET", "POST", "HEAD"]) {
    const socket = connectTcp(echo.port, "127.0.0.1");
    let received = "";
    socket.on("data", (data) => (received += data));
    socket.write(`${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n${"x".repeat(50000)}`);
    await once(socket, "end");
    const [head, body] = received.split("\r\n\r\n");
    assert.match(head, /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.equal(Number(/Content-Length: (\d+)/.exec(head)[1]), body.length);
    assert.match(body, /https only/);
    socket.destroy();
  }
});

test("garbage and what is too old are refused, http/1.1 is agreed on", async (t) => {
  const folder = makeFolder(t);
  point(folder, makePair(folder, "one"));
  const echo = await startWith(t, folder);
  const before = descriptors(echo);
  for (const bytes of [Buffer.alloc(3000, 0xff), Buffer.from("SSH-2.0-x\r\n"), Buffer.from([0x16, 3, 1, 0xff, 0xff, 1]), Buffer.alloc(1)]) {
    const socket = connectTcp(echo.port, "127.0.0.1");
    socket.on("error", () => {}).resume();
    const closed = once(socket, "close");
    socket.end(bytes);
    await closed;
  }
  await assert.rejects(shake(echo, { maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" }));
  await assert.rejects(shake(echo, { ALPNProtocols: ["h2"] }));
  for (const [offered, agreed] of [[["h2", "http/1.1"], "http/1.1"], [undefined, false]]) {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"]) {
      const socket = await shake(echo, { ALPNProtocols: offered, maxVersion });
      assert.equal(socket.alpnProtocol, agreed);
      assert.equal(socket.getProtocol(), maxVersion);
      socket.destroy();
    }
  }
  await until(() => descriptors(echo) === before, "all descriptors to be given back");
});

test("clients that stop in the handshake cost nobody anything, and are closed in time", async (t) => {
  const folder = makeFolder(t);
  point(folder, makePair(folder, "one"));
  const echo = await startWith(t, folder, [...calm, "--request-timeout-ms", "4000"]);
  const before = descriptors(echo);
  // Half of them say what a client says first (as one has said it to a port of ours), and then nothing any more.
  const hello = await recordHello(t);
  const stuck = [];
  for (let i = 0; i < 400; i++) {
    const socket = connectTcp(echo.port, "127.0.0.1");
    socket.on("error", () => {});
    stuck.push(once(socket, "close"));
    socket.resume();
    await once(socket, "connect");
    if (i % 2) socket.write(hello);
  }
  const begun = Date.now();
  const times = [];
  for (let i = 0; i < 50; i++) {
    const at = process.hrtime.bigint();
    assert.equal(await whose(echo), "one");
    times.push(Number(process.hrtime.bigint() - at) / 1e6);
  }
  t.diagnostic(`an honest handshake beside 400 silent ones: ${times.sort((a, b) => a - b)[25].toFixed(1)} ms`);
  assert.ok(Date.now() - begun < 4000, "they did not wait for the silent to be closed");
  await Promise.all(stuck);
  await until(() => descriptors(echo) === before, "all descriptors to be given back");
});

test("an answer reaches whoever reads slowly, though its connection is closed behind it", async (t) => {
  const folder = makeFolder(t);
  point(folder, makePair(folder, "one"));
  const echo = await startWith(t, folder);
  const talk = async (method, query, body = "") => {
    const socket = await shake(echo);
    socket.write(`${method} /socket.io/?EIO=4&transport=polling${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    return socket;
  };
  const first = await talk("GET", "");
  await first.closed_;
  const sid = /"sid":"([^"]+)"/.exec(first.received)[1];
  await (await talk("POST", `&sid=${sid}`, "40")).closed_;
  await (await talk("GET", `&sid=${sid}`)).closed_;
  await (await talk("POST", `&sid=${sid}`, `42["flood",200,"${"x".repeat(60000)}"]`)).closed_;
  const slow = await talk("GET", `&sid=${sid}`);
  slow.pause();
  await sleep(1500);
  const pieces = [];
  slow.removeAllListeners("data");
  slow.on("data", (data) => pieces.push(data)).resume();
  await slow.closed_;
  const all = Buffer.concat(pieces);
  const head = all.indexOf("\r\n\r\n");
  assert.ok(all.length - head - 4 > 10_000_000);
  assert.equal(all.length - head - 4, Number(/Content-Length: (\d+)/i.exec(all.subarray(0, head).toString())[1]));
});

test("five hundred at once, each with its own bytes", async (t) => {
  const folder = makeFolder(t);
  point(folder, makePair(folder, "one"));
  const echo = await startWith(t, folder);
  const before = descriptors(echo);
  const sockets = await Promise.all(Array.from({ length: 500 }, () => shake(echo)));
  await Promise.all(sockets.map(async (socket, i) => {
    const text = `${i}:`.padEnd(20000 + i, String.fromCharCode(97 + (i % 26)));
    socket.write(upgrade("/ws"));
    socket.write(frame(1, text));
    await until(() => socket.received.length >= text.length + 4 && socket.received.endsWith(text));
  }));
  for (const socket of sockets) socket.end(frame(8, Buffer.from([0x03, 0xe8])));
  await Promise.all(sockets.map((socket) => socket.closed_));
  await until(() => descriptors(echo) === before, "all descriptors to be given back");
});
