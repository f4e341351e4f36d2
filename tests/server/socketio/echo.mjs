// SPDX-License-Identifier: GPL-3.0-or-later
// Starts socketio-echo and speaks to it at every level.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, TLSSocket } from "node:tls";
import WebSocket from "ws";

const program = process.env.SOCKETIO_ECHO ?? "socketio-echo";

/** The same tests are run over TLS, where these name a certificate and its key. */
export const certificate = process.env.KLATCH_TEST_CERTIFICATE;
export const key = process.env.KLATCH_TEST_KEY;

/** Heartbeats that a machine under load does not miss. */
export const calm = ["--ping-interval-ms", "25000", "--ping-timeout-ms", "20000", "--connect-timeout-ms", "20000"];

export class Echo {
  /** Runs until the test ends. `wrap` is a command line that the program is the end of. */
  static async start(t, options = calm, { wrap = [], env = {} } = {}) {
    const echo = new Echo();
    const words = [...wrap, program, ...options];
    if (certificate && !options.includes("--certificate")) words.push("--certificate", certificate, "--key", key);
    echo.child = spawn(words[0], words.slice(1), { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, ...env } });
    echo.log = "";
    echo.ended = once(echo.child, "exit");
    t.after(async () => {
      echo.child.kill("SIGTERM");
      const [code, signal] = await echo.ended;
      if (code !== 0 && !echo.killed) throw new Error(`socketio-echo ended with ${code ?? signal}: ${echo.log}`);
    });
    echo.child.stderr.setEncoding("utf8").on("data", (text) => (echo.log += text));
    await until(() => echo.log.includes("listening on ") || echo.child.exitCode !== null);
    const url = /listening on (\S+)/.exec(echo.log)?.[1];
    if (!url) throw new Error(`socketio-echo did not start: ${echo.log}`);
    echo.url = url;
    echo.port = Number(new URL(url).port);
    return echo;
  }

  kill() {
    this.killed = true;
    this.child.kill("SIGKILL");
    return this.ended;
  }

  polling(query = "", path = "/engine.io/") {
    return `${this.url}${path}?EIO=4&transport=polling${query}`;
  }

  get(query, path) {
    return fetch(this.polling(query, path));
  }

  post(sid, body, path) {
    return fetch(this.polling(`&sid=${sid}`, path), { method: "POST", body });
  }

  /** The sid of a new session that polls. */
  async session(path) {
    const answer = await this.get("", path);
    if (answer.status !== 200) throw new Error(`handshake: ${answer.status}`);
    return JSON.parse((await answer.text()).slice(1)).sid;
  }

  async text(sid, path) {
    const answer = await this.get(`&sid=${sid}`, path);
    return answer.status === 200 ? await answer.text() : answer.status;
  }

  ws(query = "", path = "/engine.io/", options) {
    return new Peer(new WebSocket(`${this.url.replace("http", "ws")}${path}?EIO=4&transport=websocket${query}`, options));
  }

  plain() {
    return new Peer(new WebSocket(`${this.url.replace("http", "ws")}/ws`));
  }

  get isTls() {
    return this.url.startsWith("https:");
  }

  /** A connection as TCP, or TLS as TCP, has it, with what it has received so far. */
  async tcp(options = {}) {
    const where = { port: this.port, host: "127.0.0.1", ...options };
    const socket = this.isTls ? connectTls(where) : connect(where);
    socket.received = Buffer.alloc(0);
    socket.on("data", (data) => (socket.received = Buffer.concat([socket.received, data])));
    socket.on("error", () => {});
    socket.ended = new Promise((resolve) => socket.once("close", resolve));
    await once(socket, "connect");
    return socket;
  }

  /** A WebSocket after its handshake, as a TCP connection. */
  async raw(path = "/ws", extra = "") {
    const socket = await this.tcp();
    socket.write(upgrade(path) + extra);
    await until(() => socket.received.includes("\r\n\r\n"));
    socket.head = socket.received.subarray(0, socket.received.indexOf("\r\n\r\n")).toString();
    socket.received = socket.received.subarray(socket.received.indexOf("\r\n\r\n") + 4);
    return socket;
  }
}

export function upgrade(path, headers = "") {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${headers}\r\n`;
}

/** A masked frame. */
export function frame(opcode, payload = "", { fin = true, length } = {}) {
  const data = Buffer.from(payload);
  const announced = length ?? data.length;
  const mask = Buffer.from([1, 2, 3, 4]);
  const head = announced < 126 ? Buffer.from([0, 0x80 | announced])
    : announced < 65536 ? Buffer.from([0, 0xfe, announced >> 8, announced & 255])
      : Buffer.concat([Buffer.from([0, 0xff, 0, 0, 0, 0]), Buffer.from([announced >>> 24, (announced >> 16) & 255, (announced >> 8) & 255, announced & 255])]);
  head[0] = (fin ? 0x80 : 0) | opcode;
  return Buffer.concat([head, mask, Buffer.from(data.map((byte, i) => byte ^ mask[i % 4]))]);
}

/** A WebSocket whose messages wait until they are asked for. */
export class Peer {
  constructor(socket) {
    this.socket = socket;
    this.messages = [];
    socket.on("message", (data, binary) => this.messages.push(binary ? data : data.toString()));
    socket.on("error", (error) => (this.error = error));
    socket.on("close", (code) => (this.code = code));
  }

  async next() {
    await until(() => this.messages.length > 0 || this.code !== undefined);
    if (this.messages.length === 0) throw new Error(`closed with ${this.code} ${this.error ?? ""}`);
    return this.messages.shift();
  }

  send(data) {
    this.socket.send(data);
    return this;
  }

  /** The code that it was closed with. */
  async closed() {
    await until(() => this.code !== undefined);
    return this.code;
  }

  async open() {
    await until(() => this.socket.readyState !== WebSocket.CONNECTING);
    return this;
  }
}

/** Ends a connection by a reset, whatever is spoken on it. */
export function reset(socket) {
  if (!(socket instanceof TLSSocket)) return socket.resetAndDestroy();
  // Node has no such thing for TLS: it is done to the connection below, of which the one above does not hear.
  socket._handle._parent.reset(() => socket.emit("close", true));
}

/** Waits for a condition, generously. */
export async function until(condition, what = condition.toString(), ms = 30000) {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await sleep(5);
  }
}
