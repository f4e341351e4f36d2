// SPDX-License-Identifier: GPL-3.0-or-later
// To people nothing is different with three nodes: one order, one presence, one membership.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { secretOf } from "../box/klatch.mjs";
import { Cluster, Device, checkRevs, makeGroup, skip, until } from "./cluster.mjs";

test("an empty store and three nodes that start at once: one code, one first account", { skip }, async (t) => {
  const cluster = await Cluster.start(t, { env: { KLATCH_SERVER_PUBLIC_URL: "https://tea.example", KLATCH_SERVER_DOMAIN: "tea.example" } });
  const codes = cluster.nodes.map(({ setupCode }) => setupCode);
  assert.match(codes[0], /^[0-9a-v]{26}$/);
  assert.deepEqual(codes, Array(3).fill(codes[0]));
  const register = (node, name, invite) => node.api("POST", "users", { body: { name, password: secretOf(name), invite } });
  assert.equal((await register(cluster.nodes[1], "eve")).status, 403);
  const answers = await Promise.all(cluster.nodes.flatMap((node, i) => [0, 1].map((k) => register(node, `first${i}${k}`, codes[0]))));
  const made = answers.filter(({ status }) => status === 201);
  assert.equal(made.length, 1, JSON.stringify(answers.map(({ status, text }) => [status, text])));
  assert.equal(made[0].json.user.server_role, "admin");
  // A node on which nobody registered knows that there is an account now.
  for (const [i, node] of cluster.nodes.entries()) assert.equal((await register(node, `later${i}`)).status, 201);
});

test("three nodes are one server", { skip }, async (t) => {
  const cluster = await Cluster.start(t);
  const people = [];
  for (const name of ["anna", "ben", "cleo"]) people.push(await cluster.person(name));
  const [anna, ben, cleo] = people;
  const devices = await Promise.all(people.map((person, i) => cluster.device(person, i)));
  const [a, b, c] = devices;
  const group = await makeGroup(devices);

  await t.test("all write at once: one order, each rev once to each", async () => {
    const messages = await Promise.all(Array.from({ length: 90 }, (_, i) => devices[i % 3].send(group, `${i}`).then(({ message }) => message)));
    const newest = Math.max(...messages.map(({ rev }) => rev));
    assert.deepEqual(messages.map(({ seq }) => seq).sort((x, y) => x - y), Array.from({ length: 90 }, (_, i) => i + 4));
    for (const device of devices) {
      await until(() => device.events.some(({ name, argument }) => name === "message" && argument.rev === newest), "the newest");
      checkRevs(device, group);
      assert.deepEqual(device.bodies(group), a.bodies(group));
    }
    // A person's own stay in the order in which they were sent.
    for (const k of [0, 1, 2]) {
      const own = a.bodies(group).map(Number).filter((i) => i % 3 === k);
      assert.deepEqual(own, [...own].sort((x, y) => x - y));
    }
  });

  await t.test("one client_id on all nodes at once is one message", async () => {
    const client_id = randomUUID();
    const more = await Promise.all([0, 1, 2].map((i) => cluster.device(anna, i)));
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => more[i % 3].ask("message:send", { group, client_id, body: "once" })));
    for (const device of more) device.socket.disconnect();
    // A busy database may not answer some of them in time: never otherwise, and never another message.
    for (const { ok, error } of answers) if (!ok) assert.equal(error.code, "unavailable");
    const ids = new Set(answers.filter(({ ok }) => ok).map(({ message }) => message.id));
    assert.ok(ids.size <= 1);
    await until(() => c.bodies(group).includes("once"), "once");
    assert.equal(c.bodies(group).filter((body) => body === "once").length, 1);
  });

  await t.test("presence is of people, wherever their devices are", async () => {
    const phone = await cluster.device(anna, 1);
    const tablet = await cluster.device(anna, 2);
    const counts = async (device) => {
      const { groups } = await device.do("sync");
      return groups.find(({ id }) => id === group);
    };
    for (const device of [a, phone, tablet, b]) await device.do("group:open", { group });
    for (const device of devices)
      await until(async () => {
        const { online, here } = await counts(device);
        return online === 3 && here === 2;
      }, "online 3, here 2");
    const { here } = await c.do("group:open", { group });
    assert.deepEqual(new Set(here), new Set([anna.id, ben.id, cleo.id]));
    await c.do("group:close", { group });
    await a.do("presence", { status: "away" });
    await phone.do("presence", { status: "away" });
    const statusOf = async (device, id) => (await device.do("users", { ids: [id] })).users[0].status;
    assert.equal(await statusOf(c, anna.id), "online");
    await tablet.do("presence", { status: "away" });
    await until(async () => (await statusOf(c, anna.id)) === "away", "away");
    await tablet.do("presence", { dnd: true, text: "busy" });
    await until(async () => (await statusOf(b, anna.id)) === "dnd", "dnd");
    await tablet.do("presence", { dnd: false, status: "online" });
    phone.socket.disconnect();
    a.socket.disconnect();
    await until(async () => (await statusOf(b, anna.id)) === "online", "online by the tablet");
    tablet.socket.disconnect();
    await until(async () => (await statusOf(b, anna.id)) === "offline" && (await counts(c)).here === 1 && (await counts(c)).online === 2, "offline");
    devices[0] = await cluster.device(anna, 0);
  });

  await t.test("typing, read marks, counts and settings", async () => {
    const phone = await cluster.device(ben, 2);
    await phone.do("group:open", { group });
    await devices[0].do("typing", { group, on: true });
    await phone.event("typing", ({ user, on }) => user === anna.id && on);
    await b.do("group:open", { group });
    const { message } = await c.send(group, "unread");
    const mine = async (device) => (await device.do("sync")).groups.find(({ id }) => id === group).mine;
    await until(async () => (await mine(b)).unread > 0 && (await mine(b)).unread === (await mine(phone)).unread, "the same unread on both");
    await phone.do("read", { group, seq: message.seq });
    await b.event("read", ({ user, seq }) => user === ben.id && seq === message.seq);
    await devices[0].event("read", ({ user, seq }) => user === ben.id && seq === message.seq);
    assert.equal((await mine(b)).unread, 0);
    await phone.do("group:settings", { group, pinned: true });
    await b.event("group", ({ rev, group: object }) => rev === undefined && object.mine.pinned);
    phone.socket.disconnect();
  });

  await t.test("joining, leaving, bans and the end of a group", async () => {
    const { group: cake } = await devices[0].do("group:create", { client_id: "cake", name: "Cake", visibility: "public" });
    const phone = await cluster.device(anna, 2);
    const { group: pie } = await devices[0].do("group:create", { client_id: "pie", name: "Pie", visibility: "private" });
    await phone.event("group", ({ group: object }) => object.id === pie.id);
    await b.do("group:join", { group: cake.id });
    await b.send(cake.id, "hello");
    await phone.event("message", ({ message }) => message.body === "hello");
    // One who was never in it.
    await devices[0].do("group:remove", { group: cake.id, user: cleo.id, ban: true });
    await until(async () => (await c.ask("group:join", { group: cake.id })).error?.code === "forbidden", "banned").catch(() => assert.fail("a ban is not known"));
    await devices[0].do("group:remove", { group: cake.id, user: ben.id, ban: true });
    assert.equal((await b.event("group:removed", (argument) => argument.group === cake.id)).reason, "banned");
    await devices[0].do("group:delete", { group: cake.id });
    assert.equal((await phone.event("group:removed", (argument) => argument.group === cake.id)).reason, "deleted");
    const { invite } = await devices[0].do("group:invite", { group: pie.id, link: true, uses: 1 });
    const joins = await Promise.all([b, c].map((device) => device.ask("group:join", { invite: invite.code })));
    assert.deepEqual(joins.map(({ ok }) => ok).sort(), [false, true]);
    assert.equal(joins.find(({ ok }) => !ok).error.code, "not_found");
  });

  await t.test("sessions end everywhere, and connections are counted everywhere", async () => {
    const eve = await cluster.person("eve");
    const limit = 64;
    const many = await Promise.all(Array.from({ length: limit }, (_, i) => Device.connect(t, cluster.nodes[i % 3].url, { auth: { token: eve.token } })));
    await until(async () => {
      const refused = await Device.connect(t, cluster.nodes[0].url, { auth: { token: eve.token } }).then(
        (device) => (many.push(device), null),
        (error) => error,
      );
      return refused?.data?.code === "rate_limited";
    }, "the limit of connections");
    assert.ok(many.length <= limit + 3, `${many.length}`);
    await cluster.nodes[1].api("DELETE", "sessions/current", { token: eve.token });
    for (const device of many) await device.event("notice", ({ code }) => code === "revoked");
  });
});
