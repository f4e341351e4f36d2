// SPDX-License-Identifier: GPL-3.0-or-later
// What a test has begun ends with it, all of it. The runner's own hooks do not see to that: behind a `t.after` that throws
// it calls none of the others.
const endings = new WeakMap();

/** When the test is over, `end()` is called, at once with all the others. What fails in any of them fails the test. */
export function atEnd(t, end) {
  if (!endings.has(t)) {
    endings.set(t, []);
    t.after(() => endAll(endings.get(t)));
  }
  endings.get(t).push(end);
}

async function endAll(ends) {
  const results = await Promise.allSettled(ends.map(async (end) => end()));
  const errors = results.filter((result) => result.status === "rejected").map((result) => result.reason);
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map((error) => error.message).join("\n"));
}
