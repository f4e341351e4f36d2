// SPDX-License-Identifier: GPL-3.0-or-later
// What is asked many times at once happens once; what is written is never shown as something else.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Device, Server, makePair, until } from "./klatch.mjs";
import { Line } from "./line.mjs";

const FREE = { KLATCH_LIMITS_MESSAGES_PER_SECOND: "0", KLATCH_LIMITS_READS_PER_SECOND: "0" };

test("fifty sends, joins and creations at once under one id are one (C101)", async (t) => {
  const server = await Server.start(t, { env: FREE });
  const { anna, ben, a, b, group } = await makePair(t, server);
  const devices = [a];
  for (let i = 0; i < 4; i++) {
    devices.push(await anna.connect(t));
    await devices.at(-1).do("sync");
  }
  const client_id = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      i % 10 === 9
        ? anna.api("POST", `groups/${group}/messages`, { body: { client_id, body: `version ${i}` } }).then(({ status, json }) => ({ ...json, status }))
        : devices[i % devices.length].do("message:send", { group, client_id, body: `version ${i}` }),
    ),
  );
  const { message } = answers[0];
  for (const answer of answers) assert.deepEqual(answer.message, message);
  const statuses = answers.map(({ status }) => status).filter(Boolean);
  assert.ok(statuses.filter((status) => status === 201).length <= 1 && statuses.includes(200), String(statuses));
  await a.send(group, "after");
  await b.event("message", ({ message: { body } }) => body === "after");
  assert.deepEqual(b.bodies(group), [message.body, "after"]);

  const created = await Promise.all(Array.from({ length: 50 }, (_, i) => devices[i % 5].do("group:create", { client_id: "one", name: "One", visibility: "public" })));
  assert.equal(new Set(created.map((answer) => answer.group.id)).size, 1);
  const one = created[0].group.id;
  const others = [b, await ben.connect(t), await ben.connect(t)];
  for (const device of others) await device.do("sync");
  const joined = await Promise.all(Array.from({ length: 50 }, (_, i) => others[i % 3].do("group:join", { group: one })));
  for (const answer of joined) assert.equal(answer.group.members, 2);
  const { messages } = await a.do("history", { group: one });
  assert.deepEqual(messages.map(({ system }) => system.event), ["created", "joined"]);
  const { members } = await a.do("group:members", { group: one });
  assert.equal(members.length, 2);

  // The last use of a code is one person's.
  const { invite } = await a.do("group:invite", { group: one, link: true, uses: 1 });
  const crowd = [];
  for (let i = 0; i < 20; i++) {
    crowd.push(await (await server.person(`guest${i}`)).connect(t));
    await crowd[i].do("sync");
  }
  const tries = await Promise.all(crowd.map((device) => device.ask("group:join", { invite: invite.code })));
  assert.equal(tries.filter(({ ok }) => ok).length, 1);
  for (const { ok, error } of tries) if (!ok) assert.equal(error.code, "not_found");
});

test("a line without packets for a while: everything comes once and in order, whether it survived or not (C13)", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_SERVER_PING_INTERVAL_MS: "1500", KLATCH_SERVER_PING_TIMEOUT_MS: "1500" } });
  const { ben, a, b, group } = await makePair(t, server);
  b.socket.disconnect();
  const line = await Line.open(t, server);
  const device = Device.open(t, line.url, { auth: { token: ben.token }, reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200 });
  const seen = [];
  let rev, epoch, connects = 0;
  const take = (each) => each.kind === "text" && seen.push(each.body);
  device.socket.on("message", (event) => {
    rev = event.rev;
    take(event.message);
  });
  device.socket.on("connect", () => {
    connects++;
    device.socket.emit("sync", { epoch, since: rev ? { [group]: rev } : {} }, (answer) => {
      epoch = answer.epoch;
      rev = answer.changes[group]?.rev ?? answer.groups[0].rev;
      answer.changes[group]?.messages.forEach(take);
    });
  });
  await until(() => rev);
  const expected = [];
  for (const [how, ms] of [["hold", 500], ["die", 500], ["die", 5000]]) {
    const before = connects;
    line[how]();
    for (let i = 0; i < 10; i++) {
      expected.push(`${how} ${ms} ${i}`);
      await a.send(group, expected.at(-1));
    }
    await delay(ms);
    line.mend();
    await until(() => seen.length >= expected.length, `${how} for ${ms} ms`);
    assert.deepEqual(seen, expected);
    if (how === "hold") assert.equal(connects, before, "it survived");
  }
  await a.send(group, "and on");
  await until(() => seen.at(-1) === "and on");
});

test("a preview ends between what is one sign to the eye (C24)", async (t) => {
  const server = await Server.start(t, { env: FREE });
  const { a, b, group } = await makePair(t, server);
  const signs = ["👨‍👩‍👧‍👦", "🇩🇪", "e\u0301\u0323", "क्षि", "👍🏽", "각", "🏳️‍🌈", "๏ำ", "\u0915\u094d\u0937", "🍵"];
  const segments = new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const sign of signs) {
    for (let shift = 0; shift < [...sign].length + 1; shift++) {
      const body = "x".repeat(shift) + sign.repeat(300);
      await a.send(group, body);
      const { last_message: last } = (await b.do("sync")).groups[0];
      assert.equal(last.cut, true);
      assert.ok(last.body.isWellFormed() && !last.body.includes("\ufffd"));
      assert.ok([...last.body].length <= 200 && [...last.body].length > 180, `${[...last.body].length}`);
      const whole = [...segments.segment(body)].map(({ segment }) => segment);
      const cut = [...segments.segment(last.body)].map(({ segment }) => segment);
      assert.deepEqual(cut, whole.slice(0, cut.length), JSON.stringify(sign));
    }
  }
  // A sign that has no end is not shown in part.
  await a.send(group, `a${"\u0301".repeat(500)}`);
  const { last_message: endless } = (await b.do("sync")).groups[0];
  assert.ok([...endless.body].length <= 200);
});

test("names that turn the line round, break it or show nothing are refused; twins are told apart (C57)", async (t) => {
  const server = await Server.start(t);
  const { anna, ben, a, b, group } = await makePair(t, server);
  const name = async (display_name) => (await anna.api("PATCH", "me", { body: { display_name } })).json;
  for (const bad of ["a\u202eb", "\u2066a", "a\u200f", "a\nb", "a\tb", "a\u2028b", "\u200b\u200d", " ", "", "x".repeat(65), "\u0007", "a\u0000b", "\ufffe"]) {
    assert.equal((await name(bad)).error?.field, "display_name", JSON.stringify(bad));
  }
  for (const good of ["Аnna", "x".repeat(64), "@all", "Ana\u0301", "👩‍🚀", "Tom & Jerry <b>", "شيرين"]) {
    const { user } = await name(good);
    assert.equal(user.display_name, good);
    assert.equal(user.address, "anna@localhost");
    await b.event("user", ({ user: { display_name } }) => display_name === good);
  }
  assert.equal((await ben.api("PATCH", "me", { body: { display_name: "شيرين" } })).status, 200, "an address tells twins apart");
  await a.send(group, "still here");
});

test("what was unread and is deleted is unread no more, on every device (C21)", async (t) => {
  const server = await Server.start(t);
  const { ben, a, b, group } = await makePair(t, server);
  const sent = [];
  for (const body of ["one", "two", "three"]) sent.push((await a.send(group, body)).message);
  const phone = await ben.connect(t);
  const unread = async (device) => (await device.do("sync")).groups[0].mine.unread;
  for (let left = 3; left >= 0; left--) {
    for (const device of [b, phone]) assert.equal(await unread(device), left);
    if (left > 0) {
      const { message } = await a.do("message:delete", { group, id: sent[3 - left].id });
      for (const device of [b, phone]) await device.event("message", (event) => event.message.id === message.id && event.message.deleted);
    }
  }
  // What is gone can be read, and nothing is counted twice for it.
  await b.do("read", { group, seq: sent[1].seq });
  await phone.event("read", ({ seq }) => seq === sent[1].seq);
  await a.send(group, "four");
  assert.equal(await unread(phone), 1);
});

test("the time of a message is that of its storing, whatever the sender's clock says (C20)", async (t) => {
  const server = await Server.start(t);
  const { a, b, group } = await makePair(t, server);
  const start = Date.now();
  const { message } = await a.do("message:send", { group, body: "late", client_id: "c", created_at: start - 86400000, seq: 1 });
  assert.ok(message.created_at >= start - 1000 && message.created_at <= Date.now() + 1000);
  assert.equal((await b.do("sync")).groups[0].mine.unread, 1);
});
