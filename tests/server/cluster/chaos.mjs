// SPDX-License-Identifier: GPL-3.0-or-later
// ./dev chaos --minutes N --seed S: three nodes, Valkey and MongoDB under 200 clients, while faults are injected at
// random. At the end every client's view of every group is compared with what the store has: equal, or the run fails
// and prints the first difference and its seed.
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Client, digest, makeRandom } from "./client.mjs";
import { Cluster, skip, until } from "./cluster.mjs";

const NODES = 3;
const GROUP_SIZE = 20;
/** One deed of somebody after the other, so far apart in the mean. */
const DEED_MS = 50;
const EMOJI = ["👍", "🎉", "🍵"];

export async function runChaos({ t, seconds, seed, clients: n_clients, say, cluster: given }) {
  const random = makeRandom(seed);
  const begin = Date.now();
  const now = () => `${((Date.now() - begin) / 1000).toFixed(1).padStart(6)} s`;
  const cluster = given ?? (await Cluster.start(t, { nodes: NODES, lines: true }));
  const alive = new Set(cluster.nodes.keys());
  const urls = () => (alive.size > 0 ? [...alive].map((i) => cluster.nodes[i].url) : [cluster.nodes[0].url]);

  // ── People and groups ──
  say(`${now()}  ${n_clients} people`);
  const people = [];
  for (let i = 0; i < n_clients; i += 8)
    people.push(...(await Promise.all(Array.from({ length: Math.min(8, n_clients - i) }, (_, k) => cluster.nodes[(i + k) % cluster.nodes.length].person(`p${i + k}`)))));
  const clients = people.map((person) => new Client({ name: person.name, id: person.id, token: person.token, urls, random }));
  t.after(() => Promise.all(clients.map((client) => client.stop())));
  for (const client of clients) client.start(t);
  await until(() => clients.every(({ online }) => online), "all online");
  const groups = [];
  for (let i = 0; i < clients.length; i += GROUP_SIZE) {
    const answer = await clients[i].ask("group:create", { client_id: `g${i}`, name: `Group ${i / GROUP_SIZE}`, visibility: "public" });
    if (!answer?.ok) throw new Error(`group:create: ${JSON.stringify(answer)}`);
    groups.push({ id: answer.group.id, owner: clients[i], people: clients.slice(i, i + GROUP_SIZE) });
  }
  for (const group of groups)
    for (let i = 1; i < group.people.length; i += 5)
      await Promise.all(
        group.people.slice(i, i + 5).map(async (client) => {
          for (let tries = 0; tries < 5; tries++) if ((await client.ask("group:join", { group: group.id }))?.ok) return;
          throw new Error("group:join");
        }),
      );

  // ── Deeds ──
  const end = Date.now() + seconds * 1000;
  const under_way = new Set();
  const counts = { sent: 0, edited: 0, reacted: 0, deleted: 0, left: 0, joined: 0, dropped: 0, renamed: 0 };
  const start = (promise) => {
    under_way.add(promise);
    promise.finally(() => under_way.delete(promise));
  };
  const rejoin = async (client, group) => {
    if ((await client.ask("group:leave", { group: group.id }))?.ok) counts.left++;
    while (client.wanted) {
      const answer = await client.ask("group:join", { group: group.id });
      if (answer?.ok) {
        counts.joined++;
        return;
      }
      if (answer && !["unavailable", "rate_limited"].includes(answer.error.code)) {
        client.fault(`group:join: ${JSON.stringify(answer.error)}`);
        return;
      }
      await delay(300);
    }
  };
  const change = async (client, event, what, key) => {
    const answer = await client.ask(event, what);
    if (answer?.ok) counts[key]++;
    else if (answer && ["internal", "bad_request"].includes(answer.error.code)) client.fault(`${event}: ${JSON.stringify(answer.error)}`);
  };
  const deed = () => {
    const group = random.pick(groups);
    const client = random.pick(group.people);
    const dice = random.below(100);
    const mine = [...client.acked.values()].filter((message) => message.group === group.id);
    if (!client.online) return;
    if (dice < 66 || mine.length === 0) {
      start(client.send(group.id, `at ${Date.now()} from ${client.name}`).then((message) => message && counts.sent++));
    } else if (dice < 78) {
      start(change(client, "message:edit", { group: group.id, id: random.pick(mine).id, body: `edited ${random.below(1e9)}` }, "edited"));
    } else if (dice < 86) {
      start(change(client, "message:react", { group: group.id, id: random.pick(mine).id, emoji: random.pick(EMOJI), on: random.below(3) > 0 }, "reacted"));
    } else if (dice < 89) {
      start(change(client, "message:delete", { group: group.id, id: random.pick(mine).id }, "deleted"));
    } else if (dice < 92 && client !== group.owner) {
      start(rejoin(client, group));
    } else if (dice < 94) {
      start(change(group.owner, "group:update", { group: group.id, hue: random.below(8) }, "renamed"));
    } else {
      counts.dropped++;
      client.drop();
    }
  };

  // ── Faults ──
  const longest = Math.min(20000, (seconds * 1000) / 4);
  const span = (from, to) => Math.min(longest, from + random.below(to - from));
  const restart = async (i) => {
    await cluster.run(i);
    alive.add(i);
  };
  const faults = {
    "kill -9 of a node": async (i) => {
      alive.delete(i);
      await cluster.nodes[i].kill();
      await delay(span(0, 3000));
      await restart(i);
    },
    "SIGTERM of a node": async (i) => {
      alive.delete(i);
      const { status } = await cluster.nodes[i].stop();
      if (status !== 0) clients[0].fault(`node ${i} ended with ${status}: ${cluster.nodes[i].stderr}`);
      await restart(i);
    },
    "a node frozen": async (i, ms = span(300, 20000)) => {
      alive.delete(i);
      cluster.nodes[i].child.kill("SIGSTOP");
      await delay(ms);
      cluster.nodes[i].child.kill("SIGCONT");
      alive.add(i);
    },
    "a line cut": async (i) => {
      cluster.lines[i].break();
      await delay(span(1000, 8000));
      cluster.lines[i].mend();
    },
    "Valkey killed": async () => {
      await cluster.valkey.kill();
      await delay(span(0, 5000));
      await cluster.valkey.run();
    },
    "Valkey emptied": () => cluster.valkey.ask("FLUSHALL"),
    "Valkey frozen": async () => {
      cluster.valkey.signal("SIGSTOP");
      await delay(span(500, 8000));
      cluster.valkey.signal("SIGCONT");
    },
    "MongoDB killed": async () => {
      await cluster.mongod.kill();
      await delay(span(0, 2000));
      await cluster.mongod.restart();
    },
    "MongoDB frozen": async () => {
      cluster.mongod.signal("SIGSTOP");
      await delay(span(300, 6000));
      cluster.mongod.signal("SIGCONT");
    },
  };
  const names = Object.keys(faults);
  const tally = Object.fromEntries(names.map((name) => [name, 0]));
  const breaking = (async () => {
    const offset = random.below(names.length);
    for (let k = 0; Date.now() < end - 1000; k++) {
      await delay(span(300, 1500));
      // Each kind once, then at random.
      const name = k < names.length ? names[(offset + k) % names.length] : random.pick(names);
      const i = random.below(cluster.nodes.length);
      say(`${now()}  ${name}${/node|line/.test(name) ? ` (${i})` : ""}`);
      tally[name]++;
      const fault = faults[name](i);
      await fault;
    }
  })();
  let failure;
  breaking.catch((error) => (failure = error));
  while (Date.now() < end && !failure) {
    deed();
    await delay(random.below(2 * DEED_MS));
  }
  if (failure) throw failure;
  await breaking;

  // ── Quiet ──
  say(`${now()}  quiet`);
  await cluster.allReady();
  const quiet = Date.now() + 90000;
  while (under_way.size > 0 && Date.now() < quiet) await delay(50);
  if (under_way.size > 0) clients[0].fault(`${under_way.size} requests were never answered`);
  await until(() => clients.every(({ online }) => online), "all online again");

  // The truth: read from the store by a node that has nothing in memory.
  await cluster.nodes[0].stop();
  await cluster.valkey.ask("FLUSHALL");
  await restart(0);
  const differences = [];
  const truths = await Promise.all(groups.map((group) => readTruth(t, cluster, group)));
  await until(() => groups.every((group, i) => behind(clients, group, truths[i]).length === 0), "every client at the head").catch(() => {});
  groups.forEach((group, i) => differences.push(...compare(clients, group, truths[i])));
  for (const client of clients) differences.push(...client.faults);
  const latencies = digest(clients.flatMap((client) => client.latencies));
  await Promise.all(clients.map((client) => client.stop()));
  for (const node of cluster.nodes) if (/CRITICAL|ERROR|runtime error|Sanitizer/.test(node.stderr)) differences.push(`a node said: ${node.stderr.slice(-2000)}`);
  return { differences, counts, tally, latencies, connects: clients.reduce((sum, { connects }) => sum + connects, 0), cluster };
}

/** Asks until the store can be read. */
async function read(reader, event, what) {
  let answer;
  await until(async () => {
    answer = await reader.ask(event, what);
    return answer && answer.error?.code !== "unavailable";
  }, `${event} of ${what.group}`);
  if (!answer.ok) throw new Error(`${event}: ${JSON.stringify(answer)}`);
  return answer;
}

/** All messages and members, in pages. */
async function readTruth(t, cluster, group) {
  const reader = new Client({ name: "reader", token: group.owner.token, urls: () => [cluster.nodes[0].url], random: makeRandom(1) });
  reader.start(t);
  await until(() => reader.online, "the reader").catch(() => {
    throw new Error(`the store cannot be read: ${reader.trouble?.message} (${cluster.nodes[0].stderr.slice(-2000)})`);
  });
  const messages = new Map();
  for (let after = 0; ; ) {
    const page = await read(reader, "history", { group: group.id, after, limit: 100 });
    for (const message of page.messages) messages.set(message.seq, message);
    if (!page.more_after) break;
    after = page.messages.at(-1).seq;
  }
  const members = new Map();
  for (let after; ; ) {
    const page = await read(reader, "group:members", { group: group.id, after, limit: 100 });
    for (const member of page.members) members.set(member.user, member);
    if (!page.next) break;
    after = page.next;
  }
  const { rev, hue } = reader.groups.get(group.id);
  await reader.stop();
  return { messages, members, rev, hue };
}

function behind(clients, group, truth) {
  return clients.filter((client) => client.groups.has(group.id) && client.groups.get(group.id).rev !== truth.rev);
}

const canonical = (value) =>
  JSON.stringify(value, (_, v) => (v && typeof v === "object" && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v));

function compare(clients, group, truth) {
  const found = [];
  const seen = new Map();
  for (let seq = 1; seq <= truth.messages.size; seq++) if (!truth.messages.has(seq)) found.push(`${group.id}: the store has no seq ${seq} of ${truth.messages.size}`);
  for (const message of truth.messages.values()) {
    const key = `${message.sender} ${message.client_id}`;
    if (seen.has(key)) found.push(`${group.id}: ${key} is stored twice, as seq ${seen.get(key)} and ${message.seq}`);
    seen.set(key, message.seq);
  }
  for (const client of clients) {
    for (const message of client.acked.values()) {
      if (message.group !== group.id) continue;
      if (truth.messages.get(message.seq)?.id !== message.id)
        found.push(`${group.id}: ${client.name} was acknowledged ${message.id} as seq ${message.seq}; the store has ${truth.messages.get(message.seq)?.id}`);
    }
    const held = client.groups.get(group.id);
    const who = `${group.id}: ${client.name}`;
    if (!held) {
      if (truth.members.has(client.id)) found.push(`${who} does not know that he is in it`);
      continue;
    }
    if (!truth.members.has(client.id)) found.push(`${who} thinks that he is in it`);
    if (held.rev !== truth.rev) found.push(`${who} is at rev ${held.rev}, the store at ${truth.rev}`);
    if (held.hue !== truth.hue) found.push(`${who} has hue ${held.hue}, the store ${truth.hue}`);
    for (const [seq, message] of held.messages)
      if (canonical(message) !== canonical(truth.messages.get(seq)))
        found.push(`${who} has of seq ${seq}\n  ${canonical(message)}\nand the store\n  ${canonical(truth.messages.get(seq))}`);
    for (let seq = held.floor; seq <= truth.messages.size; seq++) if (!held.messages.has(seq)) found.push(`${who} lacks seq ${seq} of ${held.floor}–${truth.messages.size}`);
    for (const [user, member] of held.members)
      if ((member.role ?? null) !== (truth.members.get(user)?.role ?? null)) found.push(`${who} has ${user} as ${member.role}, the store as ${truth.members.get(user)?.role}`);
  }
  return found;
}

// ── By hand ──

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { values } = parseArgs({
    options: { minutes: { type: "string", default: "5" }, seed: { type: "string" }, clients: { type: "string", default: "200" } },
  });
  const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
  if (skip) {
    console.error(`chaos: ${skip}`);
    process.exit(1);
  }
  const afters = [];
  const t = { after: (f) => afters.unshift(f) };
  console.log(`seed ${seed}, ${values.minutes} minutes, ${values.clients} clients`);
  let status = 1;
  try {
    const result = await runChaos({ t, seconds: Number(values.minutes) * 60, seed, clients: Number(values.clients), say: (line) => console.log(line) });
    const show = (object) => Object.entries(object).map(([key, value]) => `${value} ${key}`).join(", ");
    console.log(`deeds: ${show(result.counts)}; ${result.connects} connections`);
    console.log(`faults: ${show(result.tally)}`);
    console.log(`from sending to receiving: p50 ${result.latencies.p50} ms, p99 ${result.latencies.p99} ms, max ${result.latencies.max} ms (${result.latencies.n})`);
    status = result.differences.length > 0 ? 1 : 0;
    if (status === 0) console.log(`every view equals the store (seed ${seed})`);
    else console.log(`${result.differences.length} differences; the first: ${result.differences[0]}\nseed ${seed}`);
  } catch (error) {
    console.log(`${error.stack}\nseed ${seed}`);
  }
  for (const after of afters) await after();
  process.exit(status);
}
