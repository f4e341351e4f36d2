// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import test from "node:test";
import { atEnd } from "./ending.mjs";

/** A test's context whose end comes when we say so. */
class Context {
  hooks = [];

  after(hook) {
    this.hooks.push(hook);
  }

  async end() {
    for (const hook of this.hooks) await hook();
  }
}

test("everything ends, whatever fails", async () => {
  const context = new Context();
  const ended = [];
  atEnd(context, async () => {
    throw new Error("first");
  });
  atEnd(context, () => ended.push(1));
  atEnd(context, () => {
    throw new Error("second");
  });
  atEnd(context, async () => {
    await new Promise((done) => setImmediate(done));
    ended.push(2);
  });
  await assert.rejects(context.end(), (error) => error instanceof AggregateError && error.message === "first\nsecond");
  assert.deepEqual(ended, [1, 2], "the end was not waited for");
});

test("one failure is told as it is, and none is none", async () => {
  const failing = new Context();
  const why = new Error("alone");
  atEnd(failing, () => Promise.reject(why));
  await assert.rejects(failing.end(), (error) => error === why);
  const quiet = new Context();
  atEnd(quiet, () => {});
  await quiet.end();
});
