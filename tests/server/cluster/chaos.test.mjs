// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import { test } from "node:test";
import { runChaos } from "./chaos.mjs";
import { skip } from "./cluster.mjs";

const seconds = Number(process.env.KLATCH_CHAOS_SECONDS ?? 20);
const seed = Number(process.env.KLATCH_CHAOS_SEED ?? Math.floor(Math.random() * 1e9));

test(`chaos for ${seconds} s with seed ${seed}`, { skip }, async (t) => {
  const lines = [];
  const result = await runChaos({ t, seconds, seed, clients: seconds > 60 ? 200 : 60, say: (line) => lines.push(line) }).catch((error) => {
    throw new Error(`seed ${seed}: ${error.stack}\n${lines.join("\n")}`);
  });
  assert.equal(result.differences.length, 0, `seed ${seed}: ${result.differences.length} differences; the first: ${result.differences[0]}\n${lines.join("\n")}`);
  assert.ok(result.counts.sent > seconds, `only ${result.counts.sent} messages`);
});
