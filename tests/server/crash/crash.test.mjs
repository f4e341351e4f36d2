// SPDX-License-Identifier: GPL-3.0-or-later
// Official clients send to each other while the server is killed with -9, again and again. Every acknowledged message is
// there once, where it was said to be, in the order of its sender, and no seq is missing. And everybody who listens sees
// the same: each rev once, in order, whatever happened in between.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Device, Server, makeFolder, until } from "../box/klatch.mjs";

const KILLS = 20;
const PEOPLE = 6;
const GROUPS = 3;
const ACKS_BETWEEN = 25; // at least so many before the next kill
const ACK_TIMEOUT_MS = 10000;

const NO_RATES = {
  KLATCH_LIMITS_MESSAGES_PER_SECOND: "0",
  KLATCH_LIMITS_READS_PER_SECOND: "0",
  KLATCH_LIMITS_CONNECTIONS_UNSIGNED: "0",
};

/** What one client knows of a group. */
class View {
  rev = null;
  messages = new Map(); // seq → message

  put(message) {
    const known = this.messages.get(message.seq);
    if (!known || known.rev < message.rev) this.messages.set(message.seq, message);
  }
}

/** A person's client, as a good one is: it reconnects, syncs, and sends again what was not acknowledged. */
class Talker {
  constructor(t, person, groups, transports) {
    this.name = person.name;
    this.views = new Map(groups.map((id) => [id, new View()]));
    this.acked = []; // {group, client_id, seq, body}
    this.resent = 0;
    this.faults = [];
    this.flowing = false;
    this.device = Device.open(t, person.server.url, {
      auth: { token: person.token },
      transports,
      reconnection: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 200,
    });
    this.socket = this.device.socket;
    this.device.socket.offAny();
    this.socket.on("connect", () => this.sync());
    this.socket.on("disconnect", () => (this.flowing = false));
    for (const name of ["message", "member", "group"]) this.socket.on(name, (event) => this.take(name, event));
  }

  /** From the answer on every rev comes once, in order. No promise: events may follow the answer in the same turn. */
  sync(since = Object.fromEntries([...this.views].map(([id, view]) => [id, view.rev])), more = undefined) {
    this.socket.timeout(ACK_TIMEOUT_MS).emit("sync", { epoch: this.epoch, since, more }, (error, answer) => {
      if (error) return; // the connection broke: the next one syncs again
      if (!answer.ok) return this.faults.push(answer.error.code);
      if (this.epoch && this.epoch !== answer.epoch) this.faults.push("another epoch");
      this.epoch = answer.epoch;
      for (const group of answer.groups) this.catchUp(group, answer.changes[group.id]);
      if (answer.later?.length)
        return this.sync(Object.fromEntries(answer.later.map((id) => [id, this.views.get(id)?.rev ?? null])), true);
      this.flowing = true;
    });
  }

  catchUp(group, changes) {
    const view = this.views.get(group.id);
    if (!view) return;
    if (changes?.reset) view.messages.clear();
    changes?.messages.forEach((message) => view.put(message));
    view.rev = changes ? changes.rev : group.rev;
  }

  take(name, event) {
    const view = this.views.get(event.group?.id ?? event.group);
    if (!view || event.rev === undefined) return;
    if (view.rev !== null && event.rev !== view.rev + 1)
      this.faults.push(`${name} with rev ${event.rev} after ${view.rev}`);
    view.rev = event.rev;
    if (name === "message") view.put(event.message);
  }

  /** Sends one after the other, until `stop` says so; each for as long as it takes. */
  async talk(stop) {
    const groups = [...this.views.keys()];
    for (let i = 0; !stop(); i++) {
      const group = groups[i % groups.length];
      const message = { group, client_id: randomUUID(), body: `${this.name} ${i}` };
      for (let attempt = 0; ; attempt++) {
        await until(() => this.flowing, `${this.name} is connected`);
        let answer;
        try {
          answer = await this.socket.timeout(ACK_TIMEOUT_MS).emitWithAck("message:send", message);
        } catch {
          this.resent++;
          continue;
        }
        if (!answer.ok && answer.error.code === "unavailable") {
          await delay(Math.min(answer.error.retry_after_ms ?? 50, 200));
          continue;
        }
        assert.ok(answer.ok, JSON.stringify(answer));
        assert.equal(answer.message.client_id, message.client_id);
        this.acked.push({ ...message, seq: answer.message.seq });
        break;
      }
    }
  }
}

/** The group from its first message, page by page. */
async function readAll(device, group) {
  const all = [];
  for (;;) {
    const page = await device.do("history", { group, after: all.length ? all.at(-1).seq : 0, limit: 100 });
    all.push(...page.messages);
    if (!page.more_after) return all;
  }
}

function checkGroup(id, history, talkers) {
  assert.deepEqual(history.map(({ seq }) => seq), history.map((_, i) => i + 1), "no gap in seq");
  const byClientId = new Map();
  for (const message of history.filter(({ kind }) => kind === "text")) {
    assert.ok(!byClientId.has(message.client_id), `${message.body} is there twice`);
    byClientId.set(message.client_id, message);
  }
  let n = 0;
  for (const talker of talkers) {
    let before = 0;
    for (const sent of talker.acked.filter(({ group }) => group === id)) {
      const stored = byClientId.get(sent.client_id);
      assert.ok(stored, `${sent.body} was acknowledged and is not there`);
      assert.equal(stored.seq, sent.seq, `${sent.body} moved`);
      assert.equal(stored.body, sent.body);
      assert.ok(stored.seq > before, `${sent.body} out of order`);
      before = stored.seq;
      n++;
    }
  }
  assert.equal(n, byClientId.size, "nothing is there that nobody sent");
  assert.ok(history.every(({ created_at }, i) => i === 0 || created_at >= history[i - 1].created_at), "time goes on");
}

function checkView(talker, id, history) {
  const view = talker.views.get(id);
  const newest = history.at(-1).seq;
  const seen = [...view.messages.values()].sort((a, b) => a.seq - b.seq);
  assert.ok(seen.length > 0);
  assert.equal(seen.at(-1).seq, newest, `${talker.name} has not seen the end`);
  assert.deepEqual(seen, history.slice(newest - seen.length), `${talker.name} sees something else`);
}

test(`everybody talks while the server is killed ${KILLS} times`, async (t) => {
  const data = makeFolder(t);
  let server = await Server.start(t, { data, env: NO_RATES });
  const listen = `127.0.0.1:${server.port}`;

  const people = [];
  for (let i = 0; i < PEOPLE; i++) people.push(await server.person(`person${i}`));
  const first = await people[0].connect(t);
  await first.do("sync");
  const groups = [];
  for (let i = 0; i < GROUPS; i++) {
    const { group } = await first.do("group:create", { client_id: `g${i}`, name: `Group ${i}`, visibility: "public" });
    groups.push(group.id);
  }
  for (const person of people.slice(1)) {
    const device = await person.connect(t);
    await device.do("sync");
    for (const group of groups) await device.do("group:join", { group });
    device.socket.disconnect();
  }
  first.socket.disconnect();

  const talkers = people.map(
    (person, i) => new Talker(t, person, groups, i % 2 ? ["websocket"] : ["polling", "websocket"]),
  );
  let stopping = false;
  const talks = talkers.map((talker) => talker.talk(() => stopping));
  const broken = Promise.race(talks.map((talk) => talk.then(() => new Promise(() => {})))); // rejects with the first that does
  const acks = () => talkers.reduce((n, { acked }) => n + acked.length, 0);

  for (let kill = 0; kill < KILLS; kill++) {
    const before = acks();
    await Promise.race([broken, until(() => acks() >= before + ACKS_BETWEEN, "messages between two kills")]);
    await delay(Math.random() * 100);
    server.child.kill("SIGKILL");
    await server.exited;
    server = await Server.start(t, { data, listen, env: NO_RATES });
  }
  stopping = true;
  await Promise.all(talks);

  // All have everything, live or by sync.
  const reader = await new (people[0].constructor)(server, people[0].user, people[0].token).connect(t);
  await reader.do("sync");
  const resent = talkers.reduce((n, talker) => n + talker.resent, 0);
  t.diagnostic(`${acks()} acknowledged, ${resent} sent again`);
  for (const id of groups) {
    const history = await readAll(reader, id);
    checkGroup(id, history, talkers);
    const newest = history.at(-1).seq;
    await until(() => talkers.every(({ views }) => views.get(id).messages.has(newest)), "everybody sees the end");
    for (const talker of talkers) checkView(talker, id, history);
  }
  for (const talker of talkers) assert.deepEqual(talker.faults, [], talker.name);
  assert.deepEqual(await server.stop(), { status: 0, signal: null });
});
