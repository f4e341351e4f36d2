// SPDX-License-Identifier: GPL-3.0-or-later
// Relays: two that may use nothing else, and credentials that have run out.
import assert from "node:assert/strict";
import test from "node:test";
import { Core, Room, STATE, meet, until } from "./peer.mjs";
import { Turn, turnIsThere } from "./turn.mjs";

const skip = turnIsThere() ? false : "coturn is not installed";

async function relayed(t, server) {
  const room = new Room();
  const kinds = new Set();
  room.carry = (from, to, data, deliver) => {
    if (data.candidate) kinds.add(data.candidate.candidate.match(/ typ (\w+)/)[1]);
    deliver(data);
  };
  const cores = await Promise.all([Core.start(t, "host"), Core.start(t, "newcomer")]);
  for (const core of cores) {
    core.say({ do: "ice", ...server, relay_only: true });
    room.join(core);
  }
  return { cores, kinds };
}

test("media flows through a relay and shows no other address", { skip }, async (t) => {
  const turn = await Turn.start(t);
  const { cores, kinds } = await relayed(t, turn.server(600));
  await meet(cores);
  assert.deepEqual([...kinds], ["relay"]);
  for (const [core, other] of [[cores[0], "newcomer"], [cores[1], "host"]]) await until("told as relayed", async () => (await core.peer(other)).relayed);
});

test("one that may use relays alone relays for both", { skip }, async (t) => {
  const turn = await Turn.start(t);
  const room = new Room();
  const cores = await Promise.all([Core.start(t, "host"), Core.start(t, "newcomer")]);
  cores[0].say({ do: "ice", ...turn.server(600), relay_only: true });
  for (const core of cores) room.join(core);
  await meet(cores);
  for (const [core, other] of [[cores[0], "newcomer"], [cores[1], "host"]]) await until("told as relayed", async () => (await core.peer(other)).relayed);
});

test("credentials that have run out get no relay", { skip }, async (t) => {
  const turn = await Turn.start(t);
  const { cores, kinds } = await relayed(t, turn.server(-60));
  await until("coturn's refusal", () => /expired|401|Unauthorized|unauthorized/i.test(turn.log) && /newcomer|noor/.test(turn.log));
  await until("a second try", async () => (await cores[1].peer("host")).connections > 1);
  assert.deepEqual([...kinds], []);
  assert.equal((await cores[0].peer("newcomer")).state, STATE.connecting);
  assert.equal((await cores[0].peer("newcomer")).frames, 0);
});
