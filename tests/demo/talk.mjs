// SPDX-License-Identifier: GPL-3.0-or-later
// Brings the demo's people to life: all but Ilse are connected, some have a
// group open, and two of them go on talking, typing first, as people do.
import { readFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { io } from "socket.io-client";

const [file, url] = process.argv.slice(2);
const password = "kettle is on";
const looks = { tunde: "ridge-hut", saoirse: "ridge-hut", mateo: "repair-cafe", yuki: "ridge-hut", noor: null };

const text = readFileSync(file, "utf8");
const [, slug, talk] = text.match(/^talk (\S+)\n([\s\S]*)$/m);
const lines = talk.trim().split("\n").map((line) => line.match(/^(\w+): (.*)$/).slice(1));

async function connect(name) {
  const answer = await fetch(`${url}/api/v1/sessions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name, password, device: "Demo" }),
  });
  if (!answer.ok) throw new Error(`${name} could not sign in: ${answer.status} ${await answer.text()}`);
  const { token } = await answer.json();
  const socket = io(url, { auth: { token }, transports: ["websocket"] });
  const ask = async (event, argument) => {
    const reply = await socket.timeout(10000).emitWithAck(event, argument);
    if (!reply.ok) throw new Error(`${name}: ${event}: ${reply.error.message}`);
    return reply;
  };
  const person = { name, ask, groups: new Map() };
  socket.on("connect", async () => {
    const { groups } = await ask("sync", {});
    for (const group of groups) person.groups.set(group.slug ?? group.name, group.id);
    const open = looks[name];
    if (open) await ask("group:open", { group: person.groups.get(open) });
    person.ready?.();
  });
  await new Promise((resolve) => (person.ready = resolve));
  return person;
}

const people = {};
for (const name of Object.keys(looks)) people[name] = await connect(name);

for (let i = 0; ; i = (i + 1) % lines.length) {
  const [name, body] = lines[i];
  const { ask, groups } = people[name];
  const group = groups.get(slug);
  await sleep(6000 + Math.random() * 9000);
  try {
    await ask("typing", { group, on: true });
    await sleep(1200 + body.length * 45);
    await ask("message:send", { group, body, client_id: randomUUID() });
  } catch (error) {
    console.error(error.message); // the server is away for a moment: the next line tries again
  }
}
