// SPDX-License-Identifier: GPL-3.0-or-later
// Several nodes on one database and one Valkey, all real and all breakable: killed, frozen, emptied, cut off.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Daemon, findPort } from "../../kit/daemon.mjs";
import { Mongod, mongodIsThere } from "../../kit/mongod.mjs";
import { DEADLINE_MS, Device, NO_RATES, Person, Server, makeGroup, until } from "../box/klatch.mjs";

export { DEADLINE_MS, Device, Person, delay, makeGroup, until };

const hasValkey = spawnSync("valkey-server", ["--version"], { stdio: "ignore" }).status === 0;

/** For test()'s options: false, or why these tests cannot be run here. */
export const skip = !hasValkey ? "there is no valkey-server here" : !mongodIsThere() ? "there is no MongoDB here" : false;

/** A valkey-server without persistence. */
export class Valkey extends Daemon {
  static async start(t) {
    const self = new Valkey(t, "valkey");
    self.port = await findPort();
    await self.run();
    return self;
  }

  async run() {
    const args = ["--port", this.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", this.folder, "--daemonize", "no"];
    this.spawn("valkey-server", args);
    await until(() => this.ask("PING").then((answer) => answer.startsWith("+PONG"), () => false), "valkey-server");
  }

  /** One command; what the server answers first. */
  async ask(...words) {
    const socket = net.connect(this.port, "127.0.0.1");
    try {
      await once(socket, "connect");
      socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`);
      const [bytes] = await once(socket, "data");
      return bytes.toString();
    } finally {
      socket.destroy();
    }
  }
}

/** What stands between a node and a server, so that their line can be cut without a word: no RST, no FIN. */
export class Line {
  static async start(t, port) {
    const self = new Line();
    self.pairs = new Set();
    self.cut = false;
    self.server = net.createServer((near) => {
      // Who connects while it is cut is accepted by the kernel, and never hears anything.
      const far = self.cut ? null : net.connect(port, "127.0.0.1");
      const pair = { near, far };
      self.pairs.add(pair);
      const end = () => {
        if (self.cut) return;
        near.destroy();
        far?.destroy();
        self.pairs.delete(pair);
      };
      for (const socket of [near, far]) {
        socket?.on("error", () => {});
        socket?.on("close", end);
      }
      near.on("data", (bytes) => self.cut || far?.write(bytes));
      far?.on("data", (bytes) => self.cut || near.write(bytes));
    });
    self.server.listen(0, "127.0.0.1");
    await once(self.server, "listening");
    self.port = self.server.address().port;
    t.after(() => {
      self.mend();
      for (const { near, far } of self.pairs) {
        near.destroy();
        far?.destroy();
      }
      self.server.close();
    });
    return self;
  }

  break() {
    this.cut = true;
  }

  /** What was under way is lost: the old connections are of no use any more. */
  mend() {
    this.cut = false;
    for (const { near, far } of this.pairs) {
      near.destroy();
      far?.destroy();
    }
    this.pairs.clear();
  }
}

export class Cluster {
  /** @param options {nodes, env, lines: one between each node and Valkey} */
  static async start(t, options = {}) {
    const self = new Cluster();
    self.t = t;
    self.env = { ...NO_RATES, ...options.env };
    [self.valkey, self.mongod] = await Promise.all([Valkey.start(t), Mongod.start(t)]);
    self.database = `klatch_${randomUUID().slice(0, 8)}`;
    self.lines = [];
    self.nodes = [];
    self.folders = [];
    for (let i = 0; i < (options.nodes ?? 3); i++) {
      if (options.lines) self.lines.push(await Line.start(t, self.valkey.port));
      const folder = mkdtempSync(join(tmpdir(), "klatch-node-"));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      self.folders.push(folder);
    }
    if (process.env.KLATCH_SHOW_LOGS) t.after(() => self.nodes.forEach((node, i) => console.error(`── node ${i}\n${node.stderr}`)));
    // The first makes the database; the others may come at once.
    await self.run(0);
    await Promise.all(self.folders.slice(1).map((_, i) => self.run(i + 1)));
    return self;
  }

  /** Starts a node, or starts it again; on its port where it had one. */
  async run(i) {
    const old = this.nodes[i];
    const bus = this.lines[i]?.port ?? this.valkey.port;
    this.nodes[i] = await Server.start(this.t, {
      data: this.folders[i],
      listen: old ? `127.0.0.1:${old.port}` : undefined,
      env: {
        ...this.env,
        KLATCH_STORE_URI: `${this.mongod.uri}/${this.database}`,
        KLATCH_BUS_URI: `redis://127.0.0.1:${bus}/0`,
      },
    });
    return this.nodes[i];
  }

  /** Registers somebody, at the first node. */
  async person(name) {
    const person = await this.nodes[0].person(name);
    person.cluster = this;
    return person;
  }

  /** A synced device of this person on node `i`. */
  async device(person, i) {
    const device = await Device.connect(this.t, this.nodes[i].url, { auth: { token: person.token } });
    await device.do("sync");
    return device;
  }

  async ready(i, wanted = 200) {
    await until(
      async () => (await this.nodes[i].request("GET", "/readyz").catch(() => ({}))).status === wanted,
      `readyz of node ${i} to be ${wanted}`,
    );
  }

  async allReady() {
    for (let i = 0; i < this.nodes.length; i++) await this.ready(i);
  }
}

/** The revs of the group's events, in the order in which they came. */
export function revsOf(device, group) {
  return device.events
    .filter(({ name, argument }) => ["message", "member", "group"].includes(name) && argument.rev && (argument.group?.id ?? argument.group) === group)
    .map(({ argument }) => argument.rev);
}

/** Throws where one is missing, comes twice or out of order. */
export function checkRevs(device, group) {
  const revs = revsOf(device, group);
  for (let i = 1; i < revs.length; i++)
    if (revs[i] !== revs[i - 1] + 1) throw new Error(`rev ${revs[i]} came after ${revs[i - 1]}: ${revs.slice(Math.max(0, i - 5), i + 5)}`);
  return revs;
}

/** Sends until it is acknowledged, as a client does. → {message, ms} */
export async function sendSurely(device, group, body, { patience = DEADLINE_MS, onRefused } = {}) {
  const client_id = randomUUID();
  const begin = Date.now();
  for (;;) {
    const answer = await device.socket.timeout(10000).emitWithAck("message:send", { group, body, client_id }).catch(() => null);
    if (answer?.ok) return { message: answer.message, ms: Date.now() - begin };
    if (answer) onRefused?.(answer.error);
    if (answer && !["unavailable", "rate_limited"].includes(answer.error.code)) throw new Error(JSON.stringify(answer.error));
    if (Date.now() - begin > patience) throw new Error("not acknowledged");
    await delay(answer?.error.retry_after_ms ?? 200);
  }
}
