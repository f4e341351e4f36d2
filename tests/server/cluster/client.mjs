// SPDX-License-Identifier: GPL-3.0-or-later
// A client as PROTOCOL.md asks for one, that holds what it was told and complains of everything that the server may not
// do: a rev that comes twice, too early or out of order, a message that comes back otherwise.
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { io } from "socket.io-client";

/** A generator that gives the same numbers for the same seed. */
export function makeRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { next, below: (n) => Math.floor(next() * n), pick: (list) => list[Math.floor(next() * list.length)] };
}

class Group {
  constructor(object) {
    this.id = object.id;
    this.rev = object.rev;
    this.floor = Infinity; // from this seq on it holds all messages
    this.messages = new Map(); // seq → message
    this.members = new Map(); // user → member
    this.name = object.name;
    this.hue = object.hue;
  }

  take(message) {
    const old = this.messages.get(message.seq);
    if (old && old.id !== message.id) return `seq ${message.seq} is ${old.id}, and then ${message.id}`;
    if (!old || old.rev <= message.rev) this.messages.set(message.seq, message);
    return null;
  }

  /** The newest messages, without a gap up to the newest. */
  takePage(messages) {
    for (const message of messages) this.take(message);
    if (messages.length > 0) this.floor = Math.min(this.floor, messages[0].seq);
  }
}

export class Client {
  /** @param options {name, token, urls: () => [url], random, retry_ms} */
  constructor(options) {
    Object.assign(this, options);
    this.groups = new Map();
    this.faults = [];
    this.acked = new Map(); // client_id → message, as it was acknowledged
    this.epoch = undefined;
    this.online = false;
    this.pending = new Set(); // what waits for an acknowledgement on this connection
    this.wanted = false;
    this.connects = 0;
    this.syncs = 0;
    this.latencies = []; // of messages with a time in their body: ms from sending to the event
    this.synced = []; // … to the sync that brought them
    this.moves = []; // ms from dialling to the end of sync
    this.waiting = new Set(); // those who wait for that
  }

  fault(text) {
    this.faults.push(`${this.name}: ${text}`);
  }

  /** Ends with the test `t`, however that ends. */
  start(t) {
    this.wanted = true;
    t.after(() => this.stop());
    this.run = this.#keepConnected();
  }

  async #keepConnected() {
    while (this.wanted) {
      try {
        await this.#connectOnce();
      } catch (error) {
        this.trouble = error;
      }
      if (this.wanted) await delay(this.wait_ms ?? 100 + this.random.below(400));
      this.wait_ms = undefined;
    }
  }

  /** From the dialling to the end of the connection. */
  #connectOnce() {
    return new Promise((resolve, reject) => {
      this.url = this.random.pick(this.urls());
      const socket = io(this.url, { auth: { token: this.token }, transports: ["websocket"], forceNew: true, reconnection: false, timeout: 5000 });
      this.socket = socket;
      const end = (error) => {
        this.online = false;
        clearTimeout(deadline);
        for (const give_up of this.pending) give_up(null);
        this.pending.clear();
        socket.off();
        socket.disconnect();
        error ? reject(error) : resolve();
      };
      const deadline = setTimeout(() => end(new Error("no sync")), 30000);
      this.end = end;
      socket.on("connect_error", end);
      socket.on("disconnect", () => end());
      socket.on("notice", ({ code, retry_after_ms }) => {
        if (code === "shutdown") this.wait_ms = this.random.below(retry_after_ms);
        this.notice = code;
      });
      this.#listen(socket);
      const begin = Date.now();
      socket.on("connect", () => {
        this.connects++;
        this.#sync(socket, false, () => {
          clearTimeout(deadline);
          this.online = true;
          this.syncs++;
          this.moves.push(Date.now() - begin);
          this.onSynced?.();
          this.#wake();
        }, end);
      });
    });
  }

  #listen(socket) {
    socket.on("message", ({ group, rev, message }) => {
      const held = this.#step(group, rev);
      if (!held) return;
      const wrong = held.take(message);
      if (wrong) this.fault(`${group}: ${wrong}`);
      if (message.rev === rev) this.#clock(message, this.latencies);
    });
    socket.on("member", ({ group, rev, member }) => {
      this.#step(group, rev)?.members.set(member.user, member);
    });
    socket.on("group", ({ group, rev }) => {
      if (rev !== undefined) {
        const held = this.#step(group.id, rev);
        if (held) Object.assign(held, { name: group.name, hue: group.hue ?? undefined });
        return;
      }
      const held = this.groups.get(group.id);
      if (!held || !held.flows) {
        this.#enter(group);
        this.#open(group.id);
      }
    });
    socket.on("group:removed", ({ group }) => this.groups.delete(group));
  }

  #clock(message, list) {
    const sent = /^at (\d+) /.exec(message.body ?? "");
    if (sent && !message.edited_at && message.sender !== this.id) list.push(Date.now() - Number(sent[1]));
  }

  /** A group that is new to it: what it held is of before. */
  #enter(object, page = []) {
    const fresh = new Group(object);
    fresh.flows = true;
    fresh.takePage(page);
    this.groups.set(object.id, fresh);
  }

  /** Reads the newest messages, as one who looks at it. */
  async #open(id) {
    const held = this.groups.get(id);
    const answer = await this.ask("history", { group: id }, 30000);
    if (answer?.ok && this.groups.get(id) === held) held.takePage(answer.messages);
  }

  /** The group, where the rev is its next. */
  #step(id, rev) {
    const held = this.groups.get(id);
    if (!held?.flows) {
      this.fault(`${id}: rev ${rev} of a group whose events do not flow`);
      return null;
    }
    if (rev !== held.rev + 1) {
      this.fault(`${id}: rev ${rev} came after ${held.rev} (${this.url})`);
      if (rev <= held.rev) return null;
    }
    held.rev = rev;
    return held;
  }

  #sync(socket, more, done, failed) {
    const since = {};
    for (const held of this.groups.values()) if (!more || this.later.has(held.id)) since[held.id] = held.rev;
    if (more) for (const id of this.later) since[id] ??= null;
    if (!more) for (const held of this.groups.values()) held.flows = false;
    socket.emit("sync", { epoch: this.epoch, since, ...(more ? { more: true } : {}) }, (answer) => {
      if (!answer.ok) {
        failed(new Error(`sync: ${JSON.stringify(answer.error)}`));
        return;
      }
      this.epoch = answer.epoch;
      this.later = new Set(answer.later ?? []);
      this.#take(answer, since, more);
      if (this.later.size > 0) this.#sync(socket, true, done, failed);
      else done();
    });
  }

  #take(answer, since, more) {
    const told = new Set(answer.groups.map(({ id }) => id));
    if (!more) for (const id of [...this.groups.keys()]) if (!told.has(id) && !this.later.has(id)) this.groups.delete(id);
    for (const object of answer.groups) {
      let held = this.groups.get(object.id);
      const changes = answer.changes[object.id];
      if (!held) {
        this.groups.set(object.id, (held = new Group(object)));
        setImmediate(() => this.#open(object.id));
      }
      if (changes?.reset) {
        held.messages.clear();
        held.members.clear();
        held.floor = changes.messages[0]?.seq ?? Infinity;
      }
      for (const message of changes?.messages ?? []) {
        const known = held.messages.has(message.seq);
        const wrong = held.take(message);
        if (wrong) this.fault(`${object.id}: ${wrong}`);
        if (!known && !changes.reset) this.#clock(message, this.synced);
      }
      for (const member of changes?.members ?? []) held.members.set(member.user, member);
      if (changes) held.rev = changes.rev;
      else if (typeof since[object.id] === "number") this.fault(`${object.id}: asked for the changes since ${since[object.id]}, got none`);
      if (!this.later.has(object.id)) {
        if (held.rev !== object.rev) this.fault(`${object.id}: is at rev ${object.rev}, its changes at ${held.rev}`);
        held.flows = true;
        held.name = object.name;
        held.hue = object.hue;
      }
    }
  }

  /** An acknowledgement; null where there was none in time, or no connection. */
  ask(event, argument, ms = 12000) {
    const { socket } = this;
    if (!this.online) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.pending.add(resolve);
      socket.timeout(ms).emit(event, argument, (error, answer) => {
        // In this very turn: the group's events may be right behind.
        if (!error && answer.ok && ["group:join", "group:create"].includes(event) && this.socket === socket && !this.groups.get(answer.group.id)?.flows)
          this.#enter(answer.group, answer.messages);
        if (!error && answer.ok && event === "group:create") setImmediate(() => this.#open(answer.group.id));
        this.pending.delete(resolve);
        resolve(error ? null : answer);
      });
    });
  }

  #wake() {
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }

  /** Sends until it is acknowledged or refused, or the client stops; after a break as soon as it has synced. */
  async send(group, body, until = Infinity) {
    const client_id = randomUUID();
    while (this.wanted && Date.now() < until) {
      if (!this.online) {
        await new Promise((resolve) => this.waiting.add(resolve));
        continue;
      }
      const answer = await this.ask("message:send", { group, body, client_id });
      if (answer?.ok) {
        this.acked.set(client_id, answer.message);
        return answer.message;
      }
      if (answer && !["unavailable", "rate_limited"].includes(answer.error.code)) {
        if (!["forbidden", "not_found"].includes(answer.error.code)) this.fault(`message:send: ${JSON.stringify(answer.error)}`);
        return null;
      }
      if (answer) await delay(answer.error.retry_after_ms ?? 300);
    }
    return null;
  }

  /** Breaks its connection, as bad networks do, and takes another node. */
  drop() {
    this.socket?.io.engine?.close();
  }

  async stop() {
    this.wanted = false;
    this.#wake();
    this.end?.();
    await this.run;
  }
}

/** Numbers of a list: {n, p50, p95, max}. */
export function digest(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { n: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}
