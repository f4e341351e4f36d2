// SPDX-License-Identifier: GPL-3.0-or-later
// Clients by the thousand, in one process: a socket each and as little else as will do. They answer heartbeats, call and
// are answered; what else they are sent is counted.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import net from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { NO_RATES, makeGroup } from "../box/klatch.mjs";
import { frame, upgrade } from "../socketio/echo.mjs";

const HELLO = upgrade("/socket.io/?EIO=4&transport=websocket");
const PONG = frame(1, "3");
const HEAD_END = "\r\n\r\n";

/** Loopback is wide: each of these has ports of its own. */
let next = 0;
export const anyAddress = () => `127.0.0.${2 + (next++ % 200)}`;

export class Light {
  /** Connects, says who it is, and is in. `from`: another address. */
  static async connect(port, token, { from = anyAddress() } = {}) {
    const light = new Light(port, from);
    await light.enter(token);
    return light;
  }

  constructor(port, from) {
    this.parts = [];
    this.have = 0;
    this.need = 0;
    this.bytes = 0;
    this.events = 0;
    this.acks = new Map();
    this.nextAck = 0;
    this.socket = net.connect({ port, host: "127.0.0.1", localAddress: from });
    this.socket.on("error", () => {});
    this.ended = new Promise((resolve) => this.socket.once("close", resolve));
    this.ended.then(() => {
      this.gone = true;
      this.fail?.(new Error("closed"));
      for (const { reject } of this.acks.values()) reject(new Error("closed"));
    });
    this.socket.on("data", (chunk) => this.take(chunk));
    this.socket.write(HELLO);
  }

  enter(token) {
    return new Promise((resolve, reject) => {
      this.entered = resolve;
      this.fail = reject;
      this.token = token;
    });
  }

  take(chunk) {
    this.bytes += chunk.length;
    this.parts.push(chunk);
    this.have += chunk.length;
    while (this.have >= this.need) if (!this.step()) return;
  }

  /** One frame, or the head of HTTP. FALSE: more has to come. */
  step() {
    if (this.parts.length > 1) this.parts = [Buffer.concat(this.parts)];
    const data = this.parts[0];
    if (!data) return false;
    if (!this.open) {
      const end = data.indexOf(HEAD_END);
      if (end < 0) return this.wants(data.length + 1);
      if (!data.subarray(0, 12).toString().endsWith(" 101")) {
        this.refused = data.subarray(9, 12).toString();
        this.socket.destroy();
        return false;
      }
      this.open = true;
      return this.drop(end + 4);
    }
    if (data.length < 2) return this.wants(2);
    const short = data[1] & 127;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (data.length < head) return this.wants(head);
    const length = short < 126 ? short : short === 126 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2));
    if (data.length < head + length) return this.wants(head + length);
    this.packet(data[0] & 15, data.subarray(head, head + length));
    return this.drop(head + length);
  }

  wants(bytes) {
    this.need = bytes;
    return false;
  }

  drop(bytes) {
    const left = this.parts[0].subarray(bytes);
    this.parts = left.length ? [left] : [];
    this.have = left.length;
    this.need = 1;
    return left.length > 0;
  }

  packet(opcode, data) {
    if (opcode === 8) {
      this.code = data.length >= 2 ? data.readUInt16BE(0) : 1005;
      this.socket.end();
      return;
    }
    if (opcode !== 1) return;
    if (data[0] === 0x32) this.socket.write(PONG);
    else if (data[0] === 0x30) this.socket.write(frame(1, `40${JSON.stringify({ token: this.token })}`));
    else if (data[1] === 0x30) this.entered();
    else if (data[1] === 0x34) this.fail(new Error(data.toString()));
    else if (data[1] === 0x33) this.answer(data);
    else if (data[1] === 0x32) this.event(data);
  }

  answer(data) {
    const at = data.indexOf("[");
    const id = Number(data.subarray(2, at).toString());
    const { resolve, whole } = this.acks.get(id);
    this.acks.delete(id);
    resolve(whole ? JSON.parse(data.subarray(at).toString())[0] : data.length);
  }

  event(data) {
    this.events++;
    if (!this.hear) return;
    const [name, argument] = JSON.parse(data.subarray(2).toString());
    this.hear(name, argument, data.length);
  }

  /** The acknowledgement; with `whole` false only its length. */
  ask(event, argument = {}, { whole = true } = {}) {
    const id = this.nextAck++;
    return new Promise((resolve, reject) => {
      this.acks.set(id, { resolve, reject, whole });
      this.socket.write(frame(1, `42${id}${JSON.stringify([event, argument])}`));
    });
  }

  async do(event, argument, options) {
    const answer = await this.ask(event, argument, options);
    if (answer.ok === false) throw new Error(`${event}: ${JSON.stringify(answer.error)}`);
    return answer;
  }

  send(group, body) {
    return this.do("message:send", { group, body, client_id: randomUUID() });
  }

  /** In order, as when a tab is closed. */
  leave() {
    this.socket.end(Buffer.concat([frame(1, "41"), frame(8, Buffer.from([0x03, 0xe8]))]));
    return this.ended;
  }

  kill() {
    this.socket.resetAndDestroy();
    return this.ended;
  }
}

/** Two people, each in by a socket, and in one public group. */
export async function makePair(server) {
  const anna = await server.person("anna");
  const ben = await server.person("ben");
  const a = await Light.connect(server.port, anna.token);
  const b = await Light.connect(server.port, ben.token);
  await a.do("sync");
  await b.do("sync");
  return { anna, ben, a, b, group: await makeGroup([a, b]) };
}

/** Does `work` for 0 … n − 1, `wide` of them at once. */
export async function each(n, wide, work) {
  let i = 0;
  await Promise.all(Array.from({ length: Math.min(n, wide) }, async () => {
    while (i < n) await work(i++);
  }));
}

/** In the order of the tokens. */
export const connectAll = async (server, tokens, n, wide = 200) => {
  const lights = [];
  await each(n, wide, async (i) => (lights[i] = await Light.connect(server.port, tokens[i % tokens.length])));
  return lights;
};

export function memoryKib(server) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, "utf8"))[1]);
}

/** Milliseconds of CPU so far. */
export function cpuMs(server) {
  const fields = readFileSync(`/proc/${server.child.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export const percentile = (times, p) => [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor((times.length * p) / 100))];

/** Sends one after the other, with a pause between, until told to stop; how long each acknowledgement took. */
export function measureSends(light, group, pauseMs = 20) {
  const times = [];
  let going = true;
  const done = (async () => {
    while (going) {
      const start = performance.now();
      const answer = await light.ask("message:send", { group, body: "tick", client_id: randomUUID() });
      if (answer.ok) times.push(performance.now() - start);
      else times.refused = (times.refused ?? []).concat(answer.error.code);
      await delay(pauseMs);
    }
  })();
  return {
    times,
    stop: async () => {
      going = false;
      await done;
      return times;
    },
  };
}

export const FREE = { ...NO_RATES, KLATCH_LIMITS_CONNECTIONS_PER_USER: "0" };
