// SPDX-License-Identifier: GPL-3.0-or-later
// The browser client in Chromium on the real server, as people use it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { until } from "../server/box/klatch.mjs";
import { bubble, closeBrowser, createGroup, inviteLink, Line, makeFolder, PASSWORD, profile, register, say, Server, signIn, stored } from "./web/browser.mjs";
import { inspect } from "./web/checks.mjs";

after(closeBrowser);

const path = (link) => new URL(link).pathname;

/** Ilse, who has made a group, and Noor, who has come by her link. */
async function pair(t, server, options = {}) {
  const ilseContext = await profile(t, server, options.ilse);
  const noorContext = await profile(t, server, options.noor);
  const ilse = await ilseContext.newPage();
  const noor = await noorContext.newPage();
  await register(ilse, "ilse");
  await createGroup(ilse, "Ridge Hut Crew");
  const link = await inviteLink(ilse);
  await register(noor, "noor", path(link));
  await noor.getByRole("main", { name: "Ridge Hut Crew" }).waitFor();
  return { ilse, noor, ilseContext, noorContext, link };
}

/** A group full of messages, and somebody with a token to write more. */
async function crowded(t, server, count) {
  const anna = await server.person("anna");
  const device = await anna.connect(t);
  await device.do("sync");
  const { group } = await device.do("group:create", { name: "Long Talk", visibility: "public", client_id: randomUUID() });
  const bodies = Array.from({ length: count }, (_, i) => `message ${i + 1}${i % 7 ? "" : "\nwith a second line"}${i % 11 ? "" : " and many words that make it go on to another line of the bubble, at least on a narrow window"}`);
  for (const body of bodies) await device.send(group.id, body);
  return { anna, device, group };
}

test("two people meet by a link and talk", async (t) => {
  const server = await Server.start(t);
  const { ilse, noor } = await pair(t, server);

  await noor.locator("textarea").pressSequentially("The kettle");
  await ilse.locator(".typing-line", { hasText: "Noor is typing" }).waitFor();
  await say(noor, "The kettle is on <b>&amp;</b> https://huts.example/ridge javascript:alert(1)");
  await bubble(ilse, "The kettle is on <b>&amp;</b>").waitFor();
  await ilse.locator(".typing-line", { hasText: "typing" }).waitFor({ state: "detached" });
  assert.deepEqual(await ilse.locator(".bubble a").evaluateAll((links) => links.map((link) => link.href)), ["https://huts.example/ridge"]);

  await say(ilse, "Two minutes,\nbringing cake");
  await bubble(noor, "bringing cake").waitFor();
  await stored(ilse, "bringing cake");
  await ilse.locator(".ticks.read").first().waitFor();

  // Both are here, and it is seen when one goes.
  await ilse.locator(".conversation-header", { hasText: "2 here" }).waitFor();
  await ilse.locator(".people-pane").getByText("Noor").waitFor();
  await noor.context().close();
  await ilse.locator(".conversation-header", { hasText: "You are here" }).waitFor();
  assert.equal(await ilse.locator(".people-pane section", { hasText: "Offline" }).getByText("Noor").count(), 1);
});

test("what waits is counted, in the list and in the title, and read marks take it away", async (t) => {
  const server = await Server.start(t);
  const { ilse, noor } = await pair(t, server);
  await createGroup(noor, "Book Club");
  for (const text of ["one", "two", "three"]) await say(ilse, text);
  const row = noor.getByRole("link", { name: /^Ridge Hut Crew, 3 unread/ });
  await row.waitFor();
  await until(async () => (await noor.title()).startsWith("(3)"), "the title");
  await row.click();
  await noor.getByRole("separator").filter({ hasText: "3 new messages" }).waitFor();
  await noor.getByRole("link", { name: /^Ridge Hut Crew, (?!\d+ unread)/ }).waitFor();
  await until(async () => !(await noor.title()).startsWith("("), "the title");
  await noor.reload();
  await noor.getByRole("link", { name: /^Ridge Hut Crew, (?!\d+ unread)/ }).waitFor();
});

test("drafts and unsent messages outlive a reload, and are sent once", async (t) => {
  const server = await Server.start(t);
  const { ilse, noor, ilseContext } = await pair(t, server);
  let blocked = false;
  await ilseContext.routeWebSocket(/socket\.io/, (socket) => (blocked ? socket.close() : socket.connectToServer()));
  await ilseContext.route(/\/socket\.io\//, (route) => (blocked ? route.abort() : route.continue()));
  blocked = true;
  await ilse.reload();
  await ilse.locator(".banner", { hasText: "No connection" }).waitFor();
  assert.equal(await ilse.locator(".live-pill, .status-dot, .here-dot").count(), 0, "no life is shown without a line");
  blocked = false;
  await ilse.locator(".conversation-header", { hasText: "here" }).waitFor();
  await ilse.locator("textarea").fill("half a thought");
  await ilse.reload();
  await ilse.locator("textarea").waitFor();
  assert.equal(await ilse.locator("textarea").inputValue(), "half a thought");

  // Sent without a line, and the page loaded anew before there is one again.
  blocked = true;
  await ilse.reload();
  await ilse.locator(".banner", { hasText: "No connection" }).waitFor();
  assert.equal(await ilse.locator(".live-pill, .here-dot").count(), 0, "no life is shown without a line");
  await say(ilse, "half a thought, and the rest");
  await ilse.getByRole("article", { name: /sending/ }).waitFor();
  await ilse.reload();
  await ilse.locator(".banner", { hasText: "No connection" }).waitFor();
  await ilse.getByRole("article", { name: /sending/ }).waitFor();
  blocked = false;
  await bubble(noor, "and the rest").waitFor();
  await stored(ilse, "and the rest");
  assert.equal(await bubble(noor, "and the rest").count(), 1);
  assert.equal(await bubble(ilse, "and the rest").count(), 1);
});

test("a cut line: what is written meanwhile is kept over a restart of both and sent once, in order", async (t) => {
  const folder = makeFolder(t);
  let server = await Server.start(t, { data: folder });
  const { ilse } = await pair(t, server);
  await say(ilse, "before");
  await stored(ilse, "before");
  await server.stop();
  for (const text of ["first", "second", "third"]) await say(ilse, text);
  await ilse.locator(".banner", { hasText: "No connection" }).waitFor();
  assert.equal(await ilse.locator(".ticks.sending").count() >= 3, true);
  server = await Server.start(t, { data: folder, listen: `127.0.0.1:${server.port}` });
  await stored(ilse, "third");
  assert.deepEqual(await ilse.locator(".own .bubble-text").allTextContents(), ["before", "first", "second", "third"]);
  await ilse.locator(".banner").waitFor({ state: "detached" });
  await ilse.reload();
  await bubble(ilse, "third").waitFor();
  assert.deepEqual(await ilse.locator(".own .bubble-text").allTextContents(), ["before", "first", "second", "third"]);
});

test("a line that dies without a word is noticed, and what was missed comes once", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_SERVER_PING_INTERVAL_MS: "700", KLATCH_SERVER_PING_TIMEOUT_MS: "900" } });
  const { group, device } = await crowded(t, server, 3);
  const line = await Line.open(t, server);
  const context = await profile(t, line);
  const page = await context.newPage();
  await register(page, "ilse");
  await page.goto(`/g/${group.id}`);
  await page.getByRole("button", { name: "Join" }).click();
  await bubble(page, "message 3").waitFor();
  line.die();
  await device.send(group.id, "while it was dead 1");
  await device.send(group.id, "while it was dead 2");
  await page.locator(".conversation-header", { hasText: /Waiting for network|Connecting/ }).waitFor();
  await say(page, "mine, meanwhile");
  line.mend();
  await stored(page, "mine, meanwhile");
  const texts = await page.locator(".bubble-text").allTextContents();
  assert.deepEqual(texts.slice(-3), ["while it was dead 1", "while it was dead 2", "mine, meanwhile"]);
});

test("history comes as one scrolls up, nothing moves under the eyes, and every message is met once", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_LIMITS_MESSAGES_PER_SECOND: "0" } });
  const { group, device } = await crowded(t, server, 420);
  const context = await profile(t, server, { height: 700, reducedMotion: true });
  const page = await context.newPage();
  await register(page, "ilse");
  await page.goto(`/g/${group.id}`);
  await page.getByRole("button", { name: "Join" }).click();
  await bubble(page, "message 420").waitFor();

  // Each step scrolls in one frame and looks in a later one, when layout and all that it brings about is done: a row has
  // moved by what was scrolled, whatever came in above it.
  await page.evaluate(() => {
    const view = document.querySelector(".timeline");
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => resolve()));
    const seqs = () => [...view.querySelectorAll("[data-seq]")].map((row) => Number(row.dataset.seq));
    window.met = new Set(seqs());
    window.step = async (by) => {
      const faults = [];
      // The row that will stand where one reads.
      const line = view.getBoundingClientRect().top + view.clientHeight * 0.4 - Math.min(by, view.scrollTop);
      const row = [...view.querySelectorAll(".message-row")].find((each) => each.getBoundingClientRect().bottom > line);
      const before = row.getBoundingClientRect().top;
      const from = view.scrollTop;
      view.scrollTop = from - by;
      const scrolled = from - view.scrollTop;
      for (let i = 0; i < 3; i += 1) {
        await frame();
        const moved = row.isConnected ? row.getBoundingClientRect().top - before : scrolled;
        if (Math.abs(moved - scrolled) > 1) faults.push(`moved ${moved} instead of ${scrolled}`);
      }
      const now = seqs();
      for (let i = 1; i < now.length; i += 1) if (now[i] <= now[i - 1]) faults.push(`order ${now[i - 1]} ${now[i]}`);
      for (const seq of now) window.met.add(seq);
      return { faults, rows: now.length, first: now[0], top: view.scrollTop };
    };
  });
  const watch = { rows: 0, first: 0, top: 1 };
  await until(async () => {
    const step = await page.evaluate(() => window.step(260));
    assert.deepEqual(step.faults, []);
    Object.assign(watch, { ...step, rows: Math.max(watch.rows, step.rows) });
    return watch.top === 0 && watch.first <= 2;
  }, "the beginning of the history");
  assert.ok(watch.rows <= 300, `${watch.rows} rows alive`);
  await page.locator(".system-row", { hasText: "created the group" }).waitFor();
  const texts = await page.evaluate(() => window.met.size);
  assert.ok(texts >= 420, `${texts} rows were met`);

  // A new message does not disturb who reads above.
  const before = await page.evaluate(() => document.querySelector(".timeline").scrollTop);
  await device.send(group.id, "a late one");
  await page.locator(".jump-count", { hasText: "1" }).waitFor();
  assert.equal(await page.evaluate(() => document.querySelector(".timeline").scrollTop), before);
  await page.getByRole("button", { name: /^To the newest/ }).click();
  await bubble(page, "a late one").waitFor();
  await page.locator(".jump-button").waitFor({ state: "detached" });
  const left = await page.evaluate(() => {
    const view = document.querySelector(".timeline");
    return view.scrollHeight - view.scrollTop - view.clientHeight;
  });
  assert.ok(left <= 2);
});

test("an input method's Enter sends nothing, a plain one does", async (t) => {
  const server = await Server.start(t);
  const { ilse } = await pair(t, server);
  const field = ilse.locator("textarea");
  await field.fill("日本");
  const press = (kind) =>
    field.evaluate((element, how) => {
      const enter = (more) => element.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", code: "Enter", bubbles: true, cancelable: true, ...more }));
      element.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
      if (how === "composing") enter({ isComposing: true, keyCode: 229 });
      element.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true, data: "日本" }));
      if (how === "229") enter({ keyCode: 229 });
      if (how === "late") enter({ keyCode: 13 });
    }, kind);
  for (const kind of ["composing", "229", "late"]) {
    await press(kind);
    assert.equal(await field.inputValue(), "日本", kind);
    assert.equal(await ilse.locator(".own").count(), 0, kind);
  }
  await ilse.waitForTimeout(120);
  await field.press("Shift+Enter");
  await field.pressSequentially("語");
  await field.press("Enter");
  await stored(ilse, "日本");
  assert.equal(await ilse.locator(".own .bubble-text").textContent(), "日本\n語");
});

test("signing out in one tab signs out all, and leaves nothing behind", async (t) => {
  const server = await Server.start(t);
  const { ilse, ilseContext } = await pair(t, server);
  const other = await ilseContext.newPage();
  await other.goto(ilse.url());
  // Drafts are both tabs': what is sent takes one away, so it is sent first.
  await say(ilse, "hello");
  await bubble(other, "hello").waitFor();
  await other.locator("textarea").fill("a secret draft");
  await until(() => other.evaluate(() => Object.keys(localStorage).some((key) => key.includes(":draft:"))), "the draft is kept");
  const away = await ilseContext.newPage();
  await away.goto(ilse.url());
  await away.locator("textarea").waitFor();
  await away.goto("/healthz");
  await ilse.getByRole("button", { name: "Account" }).click();
  await ilse.getByRole("menuitem", { name: "Sign out" }).click();
  await ilse.getByRole("heading", { name: "Welcome back" }).waitFor();
  await other.getByRole("heading", { name: "Welcome back" }).waitFor();
  for (const page of [ilse, other]) {
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes("user:"))), []);
    assert.equal(await page.getByText("Ridge Hut Crew").count(), 0);
  }
  assert.deepEqual((await ilseContext.cookies()).filter((cookie) => cookie.value), []);
  // Neither the way back nor who signs in next sees anything of it.
  await away.goBack();
  await away.getByRole("heading", { name: "Welcome back" }).waitFor();
  assert.equal(await away.getByText("Ridge Hut Crew").count(), 0);
  await away.close();
  const noorAgain = await ilseContext.newPage();
  await signIn(noorAgain, "noor", PASSWORD);
  await noorAgain.getByRole("link", { name: /^Ridge Hut Crew/ }).click();
  await noorAgain.locator("textarea").waitFor();
  assert.equal(await noorAgain.locator("textarea").inputValue(), "");
  await noorAgain.getByRole("button", { name: "Account" }).click();
  await noorAgain.getByRole("menuitem", { name: "Sign out" }).click();
  await noorAgain.getByRole("heading", { name: "Welcome back" }).waitFor();
  await noorAgain.close();
  await signIn(ilse, "ilse", "not the password");
  await ilse.getByRole("alert").filter({ hasText: "do not match" }).waitFor();
  await signIn(ilse, "ilse", PASSWORD);
  await ilse.getByRole("link", { name: /^Ridge Hut Crew/ }).waitFor();
  await other.getByRole("link", { name: /^Ridge Hut Crew/ }).waitFor();
});

test("a session that is ended elsewhere goes to the sign-in and says why", async (t) => {
  const server = await Server.start(t);
  const { ilse } = await pair(t, server);
  const { json } = await server.api("POST", "sessions", { body: { name: "ilse", password: PASSWORD } });
  const sessions = await server.api("GET", "sessions", { token: json.token });
  for (const session of sessions.json.sessions) if (!session.current) await server.api("DELETE", `sessions/${session.id}`, { token: json.token });
  await ilse.getByText("You were signed out on this device").waitFor();
});

test("groups are found, joined, left; what cannot be is said in its place", async (t) => {
  const server = await Server.start(t);
  await crowded(t, server, 2);
  const context = await profile(t, server);
  const page = await context.newPage();
  await register(page, "ilse");
  await page.getByRole("heading", { name: "Pull up a chair, Ilse" }).waitFor();
  await page.getByRole("button", { name: /^Find groups See/ }).click();
  await page.getByLabel("Search open groups").fill("lóng");
  await page.getByRole("button", { name: "Join Long Talk" }).click();
  await bubble(page, "message 2").waitFor();
  await page.locator(".system-row", { hasText: "Ilse joined" }).waitFor();
  await page.getByRole("button", { name: "Group menu" }).click();
  await page.getByRole("menuitem", { name: "Mute" }).click();
  await page.getByRole("link", { name: /Long Talk, muted/ }).waitFor();
  await page.getByRole("button", { name: "Group menu" }).click();
  await page.getByRole("menuitem", { name: "Leave group" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
  await page.getByText("No groups yet").waitFor();

  await createGroup(page, "Mine alone");
  await page.getByRole("button", { name: "Group menu" }).click();
  await page.getByRole("menuitem", { name: "Leave group" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
  await page.getByRole("alert").filter({ hasText: "last owner" }).waitFor();
  await page.getByRole("button", { name: "Stay" }).click();

  await page.goto("/i/nosuchcode1234567890");
  await page.getByRole("heading", { name: "not good any more" }).waitFor();
  await page.goto("/g/nosuchgroup");
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByRole("alert").filter({ hasText: "no such group" }).waitFor();
});

test("polling alone will do", async (t) => {
  const server = await Server.start(t);
  const { ilse, noor, ilseContext } = await pair(t, server);
  await ilseContext.routeWebSocket(/socket\.io/, (socket) => socket.close());
  await ilse.reload();
  await ilse.locator(".conversation-header", { hasText: "here" }).waitFor();
  await say(noor, "over there");
  await bubble(ilse, "over there").waitFor();
  await say(ilse, "over here");
  await bubble(noor, "over here").waitFor();
});

test("after an upgrade the open page offers to reload, and drafts survive it", async (t) => {
  const server = await Server.start(t);
  const line = await Line.open(t, server);
  const context = await profile(t, line);
  const page = await context.newPage();
  await register(page, "ilse");
  await createGroup(page, "Ridge Hut Crew");
  await page.locator("textarea").fill("half a thought");
  const upgraded = async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace(/assets\/index-[^"]+\.js/, "assets/index-OTHER.js") });
  };
  await page.route(`${line.url}/`, upgraded);
  line.cut();
  await page.locator(".banner", { hasText: "No connection" }).waitFor();
  line.mend();
  await page.locator(".banner", { hasText: "new version" }).waitFor();
  await page.unroute(`${line.url}/`, upgraded);
  await page.getByRole("button", { name: "Reload" }).click();
  await page.locator(".banner").waitFor({ state: "detached" });
  await until(async () => (await page.locator("textarea").inputValue().catch(() => "")) === "half a thought", "the draft");
});

test("who has the tab out of sight is away and not here, and is back at once", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_SERVER_PING_INTERVAL_MS: "600000" } });
  const { ilse, noorContext, link } = await pair(t, server);
  assert.ok(link);
  const hidden = await noorContext.newPage();
  await hidden.clock.install();
  await hidden.addInitScript(() => {
    window.__hidden = false;
    Object.defineProperty(document, "hidden", { get: () => window.__hidden });
    Object.defineProperty(document, "visibilityState", { get: () => (window.__hidden ? "hidden" : "visible") });
  });
  const show = (on) =>
    hidden.evaluate((shown) => {
      window.__hidden = !shown;
      document.dispatchEvent(new Event("visibilitychange"));
    }, on);
  await hidden.goto(ilse.url());
  await noorContext.pages()[0].close();
  await hidden.locator("textarea").waitFor();
  await ilse.locator(".conversation-header", { hasText: "2 here" }).waitFor();
  await show(false);
  await hidden.clock.runFor(10_000);
  await show(true);
  await hidden.clock.runFor(31_000);
  await ilse.locator(".conversation-header", { hasText: "2 here" }).waitFor();
  await show(false);
  await hidden.clock.runFor(31_000);
  await ilse.locator(".conversation-header", { hasText: "You are here" }).waitFor();
  await ilse.locator(".person-row", { hasText: "Noor" }).getByText("Away", { exact: true }).waitFor();
  await show(true);
  await hidden.clock.runFor(100);
  await ilse.locator(".conversation-header", { hasText: "2 here" }).waitFor();
});

test("a tab that the browser freezes is back at once, with one sync and nothing missing (C78)", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_SERVER_PING_INTERVAL_MS: "800", KLATCH_SERVER_PING_TIMEOUT_MS: "800" } });
  const { group, device } = await crowded(t, server, 3);
  const context = await profile(t, server);
  const page = await context.newPage();
  await register(page, "ilse");
  await page.goto(`/g/${group.id}`);
  await page.getByRole("button", { name: "Join" }).click();
  await bubble(page, "message 3").waitFor();
  await device.do("group:open", { group: group.id });
  const counts = () => device.events.filter(({ name }) => name === "presence").flatMap(({ argument }) => argument.groups ?? []);
  await until(() => counts().at(-1)?.online === 2, "she is online");
  const before = counts().length;
  const frames = [];
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => frames.push(String(payload))));
  // By polling, where the first try has not succeeded.
  page.on("request", (request) => request.method() === "POST" && frames.push(request.postData() ?? ""));

  const cdp = await context.newCDPSession(page);
  await cdp.send("Debugger.enable");
  await cdp.send("Debugger.pause");
  await until(() => counts().at(-1)?.online === 1, "her end is noticed");
  for (let i = 1; i <= 3; i += 1) await device.send(group.id, `while frozen ${i}`);
  await cdp.send("Debugger.resume");
  await bubble(page, "while frozen 3").waitFor();
  const texts = await page.locator(".bubble-text").allTextContents();
  assert.deepEqual(texts.slice(-3), ["while frozen 1", "while frozen 2", "while frozen 3"]);
  await until(() => counts().at(-1)?.online === 2, "she is there again");
  assert.equal(frames.filter((frame) => frame.includes('"sync"')).length, 1);
  assert.deepEqual(counts().slice(before).map(({ online }) => online).filter((online, i, all) => online !== all[i - 1]), [1, 2]);
  await page.locator(".banner").waitFor({ state: "detached" });
});

test("the keyboard alone will do", async (t) => {
  const server = await Server.start(t);
  const { ilse, noor } = await pair(t, server);
  await createGroup(ilse, "Book Club");
  await say(noor, "first");
  await say(noor, "second");
  await ilse.getByRole("link", { name: /^Ridge Hut Crew, 2 unread/ }).waitFor();
  await ilse.keyboard.press("Control+k");
  await ilse.getByRole("combobox").pressSequentially("rid");
  await ilse.keyboard.press("Enter");
  await ilse.getByRole("main", { name: "Ridge Hut Crew" }).waitFor();
  await bubble(ilse, "second").waitFor();
  await ilse.keyboard.press("Alt+ArrowDown");
  await ilse.getByRole("main", { name: "Book Club" }).waitFor();
  await ilse.keyboard.press("Alt+ArrowUp");
  await ilse.getByRole("main", { name: "Ridge Hut Crew" }).waitFor();
  const focused = (selector) => until(() => ilse.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector), selector);
  await focused("textarea");
  await ilse.getByRole("log").focus();
  await ilse.keyboard.press("ArrowUp");
  await until(() => ilse.evaluate(() => document.activeElement?.getAttribute("aria-label")?.includes("second") ?? false), "the newest message has the focus");
  await ilse.keyboard.press("ArrowUp");
  await until(() => ilse.evaluate(() => document.activeElement?.getAttribute("aria-label")?.includes("first") ?? false), "the one above has the focus");
  await ilse.keyboard.press("F9");
  await ilse.locator(".people-pane").waitFor({ state: "detached" });
  await ilse.keyboard.press("F9");
  await ilse.locator(".people-pane").waitFor();
  await ilse.getByRole("button", { name: "New group" }).click();
  await ilse.keyboard.press("Escape");
  await ilse.getByRole("dialog").waitFor({ state: "detached" });
});

test("a German reader is spoken to in German", async (t) => {
  const server = await Server.start(t);
  const context = await profile(t, server, { locale: "de-AT" });
  const page = await context.newPage();
  await page.goto("/");
  await page.getByRole("heading", { name: "Willkommen zurück" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  await page.getByRole("button", { name: "Ein Konto anlegen" }).click();
  await page.getByLabel("Benutzername").fill("ilse");
  await page.getByLabel("Passwort", { exact: true }).fill("kurz");
  await page.getByRole("button", { name: "Konto anlegen" }).click();
  await page.getByRole("alert").filter({ hasText: "Mindestens 8 Zeichen" }).waitFor();
});

for (const look of [
  { name: "light and wide", options: { width: 1280, height: 800 } },
  { name: "dark and wide", options: { width: 1280, height: 800, dark: true } },
  { name: "light on a phone", options: { width: 360, height: 640, touch: true } },
  { name: "dark on a phone", options: { width: 360, height: 640, touch: true, dark: true } },
  { name: "of medium width, without motion", options: { width: 900, height: 700, reducedMotion: true } },
])
  test(`every screen can be read and used, ${look.name}`, async (t) => {
    const server = await Server.start(t);
    const { group, device } = await crowded(t, server, 12);
    const context = await profile(t, server, { ...look.options, reducedMotion: true });
    const page = await context.newPage();
    const narrow = look.options.width <= 720;
    const check = async (what) => assert.deepEqual(await inspect(page), [], what);

    await page.goto("/");
    await page.locator("form").waitFor();
    await check("sign-in");
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("alert").first().waitFor();
    await check("register, with faults");
    await register(page, "ilse");
    if (narrow) {
      await page.getByText("No groups yet").waitFor();
      await page.getByRole("button", { name: "Find groups" }).click();
    } else {
      await check("welcome");
      await page.getByRole("button", { name: /^Find groups/ }).first().click();
    }
    await page.getByRole("button", { name: "Join Long Talk" }).waitFor();
    await check("find groups");
    await page.getByRole("button", { name: "Join Long Talk" }).click();
    await bubble(page, "message 12").waitFor();
    await say(page, "hello");
    await stored(page, "hello");
    await device.do("message:react", { group: group.id, id: await newest(device, group), emoji: "👍", on: true });
    await page.locator(".reaction").waitFor();
    await check("conversation");
    await device.do("group:update", { group: group.id, name: "Long Talk about a name that goes on and on and never ends" });
    await page.locator(".conversation-header", { hasText: "never ends" }).waitFor();
    await check("a long name");
    await device.do("group:update", { group: group.id, name: "Long Talk" });
    await page.locator(".conversation-header", { hasText: "never ends" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Group menu" }).click();
    await check("group menu");
    await page.getByRole("menuitem", { name: "Invite people" }).click();
    await page.locator(".link-field").waitFor();
    await check("invite");
    await page.keyboard.press("Escape");
    if (!(await page.locator(".people-pane").count())) await page.locator(".header-group").click();
    await page.locator(".people-pane").getByText("Offline").or(page.locator(".people-pane").getByText("Online")).first().waitFor();
    await check("people");
    if (look.options.width <= 1100) await page.keyboard.press("Escape");
    if (narrow) {
      await page.locator(".people-pane").waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Back to the list" }).click();
      await page.getByRole("link", { name: /^Long Talk/ }).waitFor();
      await check("list");
    }
    await page.getByRole("button", { name: "New group" }).first().click();
    await check("new group");
    await page.getByRole("dialog").getByRole("button", { name: "Create" }).first().click();
    await page.getByRole("alert").first().waitFor();
    await check("new group, with a fault");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Account" }).click();
    await check("account menu");
  });

async function newest(device, group) {
  const { messages } = await device.do("history", { group: group.id, limit: 1 });
  return messages[0].id;
}
