// SPDX-License-Identifier: GPL-3.0-or-later
// Call cores in processes of their own, and the signalling between them: a Room carries what they say, as the server
// would, and may be told to carry it badly.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { atEnd } from "../../kit/ending.mjs";

export const DEADLINE_MS = 60_000;
export const STATE = { connecting: 0, connected: 1, reconnecting: 2, gone: 3 };
export const WAY = { unknown: 0, direct: 1, relayed: 2 };

/** Waits until `look()` gives something true, and gives that. */
export async function until(what, look, deadline = DEADLINE_MS) {
  const end = Date.now() + deadline;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `not within ${deadline / 1000} s: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Carries signals between members that have `id`, `take(from, data)`, `add(id, offers)` and `remove(id)`. */
export class Room {
  members = new Map();
  /** (from, to, data, deliver) => void: what becomes of a signal. */
  carry = (from, to, data, deliver) => deliver(data);

  /** The newcomer offers to all that are there. */
  join(member) {
    const others = [...this.members.values()];
    this.members.set(member.id, member);
    member.room = this;
    for (const other of others) other.add(member.id, false);
    for (const other of others) member.add(other.id, true);
  }

  leave(member) {
    this.members.delete(member.id);
    for (const other of this.members.values()) other.remove(member.id);
  }

  signal(from, to, data) {
    this.carry(from, to, data, (what) => this.members.get(to)?.take(from, what));
  }
}

export class Core {
  /** `options`: { filter, video: pattern or null, fps: of its pictures, audio: Hz or 0, blind, encoderAPeer: as KlCall's } */
  static async start(t, id, options = {}) {
    const core = new Core();
    core.id = id;
    core.waiting = [];
    core.states = new Map();
    core.errors = "";
    const argv = options.filter ? ["--line-filter", options.filter] : [];
    if (options.blind) argv.push("--blind");
    if (options.encoderAPeer) argv.push("--encoder-a-peer");
    core.process = spawn(process.env.KLATCH_CALL_PEER, argv, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...options.env } });
    core.process.stdin.on("error", () => {});
    core.process.stderr.on("data", (text) => (core.errors += text));
    createInterface({ input: core.process.stdout }).on("line", (line) => core.hear(JSON.parse(line)));
    core.ended = once(core.process, "exit");
    if (t) atEnd(t, () => core.end());
    core.say({ do: "source", pattern: options.video === undefined ? "ball" : options.video, fps: options.fps });
    core.say({ do: "source", tone: options.audio ?? 440 });
    await until(`${id} runs`, async () => (await core.report()).own_frames > 0 || options.video === null);
    return core;
  }

  hear(event) {
    if (event.event === "signal") this.room?.signal(this.id, event.to, event.data);
    else if (event.event === "state") this.states.set(event.peer, event.state);
    else if (event.event === "report") this.waiting.shift()?.((this.last = event));
    else if (event.event === "announce") this.announced = event;
    else if (event.event === "failed") this.failed = event;
  }

  say(what) {
    this.process.stdin.write(`${JSON.stringify(what)}\n`);
  }

  add(id, offers) {
    this.say({ do: "peer", id, offers });
  }

  remove(id) {
    this.say({ do: "remove", id });
  }

  take(from, data) {
    this.say({ do: "signal", from, data });
  }

  report() {
    assert.equal(this.process.exitCode ?? this.process.signalCode, null, `${this.id} has ended:\n${this.errors}`);
    return new Promise((done, fail) => {
      this.waiting.push(done);
      this.ended.then(() => fail(new Error(`${this.id} has ended:\n${this.errors}`)));
      this.say({ do: "report" });
    });
  }

  async peer(id) {
    return (await this.report()).peers.find((peer) => peer.id === id);
  }

  /** Sees and hears this peer: `frames` more pictures than now. */
  async receives(id, { frames = 10, sound = true } = {}) {
    const before = (await this.peer(id))?.frames ?? 0;
    let last;
    return until(`${this.id} receives ${frames} pictures ${sound ? "and sound" : ""} of ${id}`, async () => {
      last = await this.report();
      const peer = last.peers.find((one) => one.id === id);
      return peer && peer.frames >= before + frames && (!sound || peer.level > 40) && peer;
    }).catch((error) => {
      // What both ends know, for whoever must find out why.
      error.message += `\n${JSON.stringify(last)}\n${JSON.stringify(this.room?.members.get(id)?.last ?? null)}`;
      throw error;
    });
  }

  kill() {
    this.killed = true;
    this.process.kill("SIGKILL");
    return this.ended;
  }

  /** Leaves in good order; a core that complains or does not end fails the test. Whatever it does, it has ended then. */
  async end() {
    if (this.killed) return this.ended;
    this.process.kill("SIGCONT"); // a test that fails may leave it frozen
    this.process.stdin.end(`${JSON.stringify({ do: "leave" })}\n`);
    const timer = setTimeout(() => this.process.kill("SIGKILL"), DEADLINE_MS);
    const [code, signal] = await this.ended;
    clearTimeout(timer);
    assert.deepEqual([code, signal], [0, null], `${this.id} ended badly:\n${this.errors}`);
    // A leak of a library's that is passed over is looked for by a symbolizer first, which need not be there; and
    // webrtcbin lets go of libnice without waiting until a relay has forgotten it.
    const said = this.errors.replace(/^==\d+==WARNING: .*external symbolizer.*\n|^.*libnice-WARNING.*alive TURN refreshes.*\n/gm, "");
    assert.ok(!/CRITICAL|WARNING|ERROR/.test(said), `${this.id} complained:\n${said}`);
  }
}

/** All of them see and hear one another. */
export async function meet(cores, options) {
  await Promise.all(cores.flatMap((core) => cores.filter((other) => other !== core).map((other) => core.receives(other.id, options))));
}
