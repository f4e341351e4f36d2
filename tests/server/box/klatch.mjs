// SPDX-License-Identifier: GPL-3.0-or-later
// The real server as a black box: started on a free port with a folder of its own, asked by HTTP and by the official
// Socket.IO client. Nothing here sleeps: everything waits for what it needs, and gives up after a long time.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { setTimeout as delay } from "node:timers/promises";
import { io } from "socket.io-client";

export const PROGRAM = process.env.KLATCH_SERVER;
export const DEADLINE_MS = Number(process.env.KLATCH_TEST_DEADLINE_MS ?? 60000);

/** Settings that make tests quick: cheap passwords, no rates on signing in. */
const QUICK = {
  KLATCH_REGISTRATION_ARGON2_MEMORY_KIB: "8",
  KLATCH_REGISTRATION_ARGON2_PASSES: "1",
  KLATCH_LIMITS_SIGN_INS_PER_MINUTE: "0",
  KLATCH_LIMITS_FAILURES_PER_MINUTE: "0",
};

/** For `env`, where people do much at once. */
export const NO_RATES = {
  KLATCH_LIMITS_MESSAGES_PER_SECOND: "0",
  KLATCH_LIMITS_READS_PER_SECOND: "0",
  KLATCH_LIMITS_CONNECTIONS_UNSIGNED: "0",
};

/** The same tests are run over TLS, where these name a certificate and its key. */
const certificate = process.env.KLATCH_TEST_CERTIFICATE;
if (certificate) Object.assign(QUICK, { KLATCH_TLS_CERTIFICATE: certificate, KLATCH_TLS_KEY: process.env.KLATCH_TEST_KEY });

/** Everybody's password. */
export const secretOf = (name) => `password of ${name}`;

export function makeFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), "klatch-box-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits until `condition` gives something true, and returns it. */
export async function until(condition, what = condition.toString(), deadline_ms = DEADLINE_MS) {
  const end = Date.now() + deadline_ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await delay(10);
  }
}

/** Runs the program to its end. */
export async function run(args, env = {}) {
  const child = spawn(PROGRAM, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += chunk));
  child.stderr.on("data", (chunk) => (output.stderr += chunk));
  const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  const [status, signal] = await once(child, "close");
  clearTimeout(timer);
  return { ...output, status, signal };
}

export class Server {
  /** @param options {data, listen, env, args, command} */
  static async start(t, options = {}) {
    const server = new Server();
    server.data = options.data ?? makeFolder(t);
    const [program, ...before] = options.command ?? [PROGRAM];
    server.child = spawn(
      program,
      [...before, "--data", server.data, "--listen", options.listen ?? "127.0.0.1:0", ...(options.args ?? [])],
      { env: { ...process.env, ...QUICK, ...options.env }, stdio: ["ignore", "inherit", "pipe"] },
    );
    server.stderr = "";
    server.child.stderr.on("data", (chunk) => (server.stderr += chunk));
    server.exited = once(server.child, "exit").then(([status, signal]) => (server.ended = { status, signal }));
    t.after(() => server.kill());
    await until(() => server.ended || server.stderr.includes("listening on"), "listening on");
    if (server.ended) throw new Error(`the server ended with ${JSON.stringify(server.ended)}: ${server.stderr}`);
    server.url = server.stderr.match(/listening on (https?:\/\/\S+)/)[1];
    server.port = Number(new URL(server.url).port);
    server.setupCode = server.stderr.match(/set-up code[^:]*: (\S+)/)?.[1];
    return server;
  }

  get isTls() {
    return this.url.startsWith("https:");
  }

  /** Of requests that share a connection. */
  makeAgent(options) {
    return new (this.isTls ? https : http).Agent(options);
  }

  /** A connection for bytes of one's own. */
  dial() {
    return (this.isTls ? tls : net).connect(this.port, "127.0.0.1");
  }

  /** Asks it to stop, and waits for that. */
  async stop() {
    this.child.kill("SIGTERM");
    return this.exited;
  }

  async kill() {
    if (this.ended) return;
    this.child.kill("SIGKILL");
    await this.exited;
  }

  /** One HTTP request, with full power over its headers. → {status, headers, text, json, socket} */
  request(method, path, { token, body, raw, headers = {}, agent } = {}) {
    const all = { ...headers };
    if (token) all.Authorization = `Bearer ${token}`;
    const data = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    if (data !== undefined) all["Content-Length"] ??= Buffer.byteLength(data);
    return new Promise((resolve, reject) => {
      const request = (this.isTls ? https : http).request({ host: "127.0.0.1", port: this.port, method, path, headers: all, agent }, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString();
          let json;
          try {
            json = JSON.parse(text);
          } catch {}
          resolve({ status: response.statusCode, headers: response.headers, socket: request.socket, bytes, text, json });
        });
      });
      request.on("error", reject);
      request.setTimeout(DEADLINE_MS, () => request.destroy(new Error("no answer")));
      request.end(data);
    });
  }

  api(method, path, options) {
    return this.request(method, `/api/v1/${path}`, options);
  }

  /** Registers somebody. */
  async person(name, extra = {}) {
    const answer = await this.api("POST", "users", { body: { name, password: secretOf(name), ...extra } });
    if (answer.status !== 201) throw new Error(`${name}: ${answer.status} ${answer.text}`);
    return new Person(this, answer.json.user, answer.json.token);
  }
}

export class Person {
  constructor(server, user, token) {
    Object.assign(this, { server, user, token, id: user.id, name: user.name });
  }

  api(method, path, options = {}) {
    return this.server.api(method, path, { token: this.token, ...options });
  }

  connect(t, options = {}) {
    return Device.connect(t, this.server.url, { auth: { token: this.token }, ...options });
  }
}

/** A connected socket that remembers what it was sent. */
export class Device {
  static open(t, url, options = {}) {
    const device = new Device();
    device.events = [];
    device.socket = io(url, { transports: ["websocket"], forceNew: true, reconnection: false, ...options });
    device.socket.onAny((name, argument) => device.events.push({ name, argument }));
    device.socket.on("disconnect", (reason) => (device.reason = reason));
    t.after(() => device.socket.disconnect());
    return device;
  }

  /** Throws the CONNECT_ERROR. */
  static async connect(t, url, options = {}) {
    const device = Device.open(t, url, options);
    await new Promise((resolve, reject) => {
      device.socket.once("connect", resolve);
      device.socket.once("connect_error", reject);
    });
    return device;
  }

  /** The acknowledgement, whatever it says. */
  ask(event, argument = {}) {
    return this.socket.timeout(DEADLINE_MS).emitWithAck(event, argument);
  }

  /** The acknowledgement of what must go well. */
  async do(event, argument = {}) {
    const answer = await this.ask(event, argument);
    if (!answer.ok) throw new Error(`${event}: ${JSON.stringify(answer.error)}`);
    return answer;
  }

  send(group, body) {
    return this.do("message:send", { group, body, client_id: randomUUID() });
  }

  /** The first event, come or to come, of this name for which `test` is true. */
  event(name, test = () => true) {
    return until(() => this.events.find((event) => event.name === name && test(event.argument)), name).then(
      (event) => event.argument,
    );
  }

  bodies(group) {
    return this.events
      .filter(({ name, argument }) => name === "message" && argument.group === group && argument.message.kind === "text")
      .map(({ argument }) => argument.message.body);
  }
}

/** A group with these people in it; the first makes it. */
export async function makeGroup(devices, name = "Tea") {
  const { group } = await devices[0].do("group:create", { client_id: randomUUID(), name, visibility: "public" });
  for (const device of devices.slice(1)) await device.do("group:join", { group: group.id });
  return group.id;
}

/** Two people, connected and in one public group. */
export async function makePair(t, server) {
  const anna = await server.person("anna");
  const ben = await server.person("ben");
  const a = await anna.connect(t);
  const b = await ben.connect(t);
  await a.do("sync");
  await b.do("sync");
  return { anna, ben, a, b, group: await makeGroup([a, b]) };
}
