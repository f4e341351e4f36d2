// SPDX-License-Identifier: GPL-3.0-or-later
// Who is there: right for every watcher, whatever end a connection comes to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Line } from "./line.mjs";
import { Device, Server, makePair, until } from "./klatch.mjs";
import { Wire, frame, reset, upgrade } from "./wire.mjs";

/** Unclean ends are noticed within a second and a half, and a loaded machine still answers in time. */
const QUICK_BEATS = { KLATCH_SERVER_PING_INTERVAL_MS: "700", KLATCH_SERVER_PING_TIMEOUT_MS: "800" };

/** The counts of a group that this device was told, one after the other. */
const countsTold = (device, group) =>
  device.events
    .filter(({ name }) => name === "presence")
    .flatMap(({ argument }) => argument.groups ?? [])
    .filter(({ id }) => id === group);

const openAs = async (device, group) => {
  const { here, online } = await device.do("group:open", { group });
  return { here: here.length, online: online.length };
};

test("pages that are loaded again and again, each cut somewhere else, leave nobody behind (C28)", async (t) => {
  const server = await Server.start(t, { env: QUICK_BEATS });
  const { ben, a, b, group } = await makePair(t, server);
  b.socket.disconnect();
  await a.do("group:open", { group });
  const wire = Wire.of(server);
  const opening = `420["group:open",{"group":"${group}"}]`;

  const cuts = [
    async () => {
      const half = await wire.tcp();
      half.write(upgrade("/socket.io/?EIO=4&transport=websocket").slice(0, 60));
      half.destroy();
    },
    async () => reset(await wire.raw("/socket.io/?EIO=4&transport=websocket")),
    async () => wire.session(), // and never again
    async () => (await wire.talk()).send(`40{"token":"${ben.token}"}`).socket.terminate(),
    async () => (await wire.signedIn(ben.token)).send('420["sync",{}]').socket.terminate(),
    async () => {
      const peer = await wire.signedIn(ben.token);
      peer.send(opening);
      await peer.next();
      peer.socket.terminate();
    },
    async () => {
      const peer = await wire.signedIn(ben.token);
      peer.send('420["sync",{}]').send(opening).socket._socket.end();
    },
    async () => {
      const peer = await wire.signedIn(ben.token);
      peer.send(opening).send("41").send("1");
      await peer.closed();
    },
    async () => {
      // In the middle of an upgrade: the probe is answered, and neither transport is heard of again.
      const sid = await wire.polls(ben.token);
      await wire.post(sid, opening);
      const probe = await wire.ws(`&sid=${sid}`).open();
      await probe.send("2probe").next();
      probe.socket.terminate();
    },
    async () => {
      const sid = await wire.polls(ben.token);
      const probe = await wire.ws(`&sid=${sid}`).open();
      await probe.send("2probe").next();
      probe.send("5").send(opening);
      probe.socket.terminate();
    },
    async () => {
      const socket = await wire.raw("/socket.io/?EIO=4&transport=websocket");
      socket.write(frame(1, `40{"token":"${ben.token}"}`));
      socket.write(frame(1, opening).subarray(0, 9));
      socket.end();
    },
  ];
  const ends = [];
  for (let i = 0; i < 50; i++) ends.push(cuts[i % cuts.length]());
  await Promise.all(ends);

  await until(async () => {
    const now = await openAs(a, group);
    return now.here === 1 && now.online === 1;
  }, "nobody is left");
  await until(() => countsTold(a, group).at(-1)?.online === 1 && countsTold(a, group).at(-1)?.here === 1, "and it is told");
  const { user } = await ben.api("GET", "me").then(({ json }) => json);
  assert.equal(user.status, "offline");
  // Whoever comes now is one person, once.
  const again = await ben.connect(t);
  await again.do("sync");
  assert.deepEqual(await openAs(again, group), { here: 2, online: 2 });
});

test("one device in a black hole and a closed tab do not take their person away (C32)", async (t) => {
  const server = await Server.start(t, { env: QUICK_BEATS });
  const { ben, a, b, group } = await makePair(t, server);
  const line = await Line.open(t, server);
  const laptop = await Device.connect(t, line.url, { auth: { token: ben.token } });
  const tabs = [await ben.connect(t), await ben.connect(t)];
  const phone = b;
  for (const device of [a, laptop, phone, ...tabs]) {
    await device.do("sync");
    await device.do("group:open", { group });
  }
  await until(() => countsTold(a, group).at(-1)?.here === 2);
  const from = countsTold(a, group).length;

  line.die();
  tabs[0].socket.disconnect();
  await until(() => laptop.reason, "the laptop sees that it has no line");
  // The server has seen it, too, when its own time is over; until then and after, both are here.
  for (const end = Date.now() + 3000; Date.now() < end; await delay(100)) {
    assert.deepEqual(await openAs(a, group), { here: 2, online: 2 });
  }
  tabs[1].socket.disconnect();
  phone.socket.disconnect();
  await until(() => countsTold(a, group).at(-1)?.online === 1);
  const told = countsTold(a, group).slice(from);
  const ups = told.filter(({ here, online }) => here === 2 || online === 2);
  assert.ok(ups.length <= 1, JSON.stringify(told));
  assert.deepEqual([told.at(-1).here, told.at(-1).online], [1, 1]);
});

test("a laptop that falls asleep without a word is offline within the heartbeat, and nothing is read for it (C31)", async (t) => {
  const server = await Server.start(t, { env: QUICK_BEATS });
  const { ben, a, b, group } = await makePair(t, server);
  b.socket.disconnect();
  const line = await Line.open(t, server);
  const laptop = await Device.connect(t, line.url, { auth: { token: ben.token } });
  const { epoch, groups } = await laptop.do("sync");
  await laptop.do("group:open", { group });
  await a.do("group:open", { group });
  line.die();
  const slept = Date.now();
  await a.send(group, "while asleep");
  await until(() => countsTold(a, group).at(-1)?.online === 1);
  assert.ok(Date.now() - slept < 20000, `${Date.now() - slept} ms`);
  await a.event("presence", ({ users }) => users?.some(({ id, status, last_seen_at }) => id === ben.id && status === "offline" && last_seen_at > 0));

  line.mend();
  const awake = await Device.connect(t, line.url, { auth: { token: ben.token } });
  const back = await awake.do("sync", { epoch, since: { [group]: groups[0].rev } });
  assert.equal(back.groups[0].mine.unread, 1);
  assert.deepEqual(back.changes[group].messages.map(({ body }) => body), ["while asleep"]);
  await a.event("presence", ({ users }) => users?.some(({ id, status }) => id === ben.id && status === "online"));
});

test("two devices that disagree every tenth of a second are one person who is online (C30)", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_LIMITS_MESSAGES_PER_SECOND: "0" } });
  const { ben, a, b, group } = await makePair(t, server);
  const phone = await ben.connect(t);
  await phone.do("sync");
  await a.do("group:open", { group });
  await until(async () => (await a.do("users", { ids: [ben.id] })).users[0].status === "online");
  await delay(1500); // what the connections brought about has been told
  a.events.length = 0;
  for (let i = 0; i < 30; i++) {
    await Promise.all([b.do("presence", { status: "away" }), phone.do("presence", { status: "online" }), delay(100)]);
  }
  await delay(1200);
  assert.deepEqual(a.events.filter(({ name }) => name === "presence"), []);
  assert.equal((await a.do("users", { ids: [ben.id] })).users[0].status, "online");
});

test("who comes later is not told of somebody who types already; a message ends it (C34)", async (t) => {
  const server = await Server.start(t);
  const { anna, a, b, group } = await makePair(t, server);
  await a.do("group:open", { group });
  await b.do("typing", { group, on: true });
  await a.event("typing", ({ on }) => on);
  const late = await anna.connect(t);
  await late.do("sync");
  await late.do("group:open", { group });
  await b.send(group, "typed");
  await late.event("message", ({ message }) => message.body === "typed");
  assert.deepEqual(late.events.filter(({ name }) => name === "typing"), []);
  // What a tab that is killed was typing is over at once.
  await b.do("typing", { group, on: true });
  await late.event("typing", ({ on }) => on);
  b.socket.io.engine.transport.ws._socket.destroy();
  await late.event("typing", ({ on }) => !on);
});

test("counts of groups that are not open come every ten seconds at most, those of open ones every second", async (t) => {
  const server = await Server.start(t);
  const { ben, a, b, group } = await makePair(t, server);
  const watcher = await ben.connect(t); // has it not open
  await watcher.do("sync");
  await a.do("group:open", { group });
  const begin = Date.now();
  const at = (device) => {
    const times = [];
    device.socket.on("presence", ({ groups }) => groups?.some(({ id }) => id === group) && times.push(Date.now()));
    return times;
  };
  const seen = at(watcher);
  const near = at(a);
  while (seen.length < 2) {
    await b.do("group:open", { group });
    await delay(300);
    await b.do("group:close", { group });
    await delay(300);
    assert.ok(Date.now() - begin < 60000, "counts are told");
  }
  // A first one that came late makes the time to the next shorter.
  assert.ok(seen[1] - seen[0] >= 9000, `${seen[1] - seen[0]} ms`);
  assert.ok(near.length >= 5);
  assert.ok((near.at(-1) - near[0]) / (near.length - 1) >= 850, `${near.map((time) => time - near[0])} ms`);
  const count = watcher.events.findLast(({ name, argument }) => name === "presence" && argument.groups).argument.groups[0];
  assert.equal(count.here_users, undefined);
});
