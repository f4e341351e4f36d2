// SPDX-License-Identifier: GPL-3.0-or-later
// Debian's Chromium on the real server: people with a page each. Every page is watched: an error in its console, a broken
// content security policy or an exception fails the test that opened it.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { DEADLINE_MS, makeFolder, Server } from "../../server/box/klatch.mjs";

export { Line } from "../../server/box/line.mjs";
export { DEADLINE_MS, makeFolder, Server };
export const PASSWORD = "kettle is on";

/** What a break in the line or a refused sign-in makes the browser say by itself. */
const EXPECTED = /Failed to load resource|WebSocket connection to|net::ERR_/;

/** A camera and a microphone that make pictures and beeps, and candidates that say their address. */
const MEDIA = ["--use-fake-device-for-media-stream=fps=8", "--use-fake-ui-for-media-stream", "--disable-features=WebRtcHideLocalIpsWithMdns", "--autoplay-policy=no-user-gesture-required"];

let shared;

export async function browser() {
  shared ??= chromium.launch({
    executablePath: process.env.KLATCH_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", ...MEDIA],
  });
  return shared;
}

export async function closeBrowser() {
  if (shared) await (await shared).close();
  shared = undefined;
}

/** A browser profile of its own, with one page or more. */
export async function profile(t, server, options = {}) {
  const context = await (await browser()).newContext({
    baseURL: server.url,
    viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
    colorScheme: options.dark ? "dark" : "light",
    reducedMotion: options.reducedMotion ? "reduce" : "no-preference",
    locale: options.locale ?? "en-GB",
    hasTouch: options.touch ?? false,
    permissions: options.permissions ?? [],
    ignoreHTTPSErrors: options.insecure ?? false,
    userAgent: options.userAgent,
  });
  context.setDefaultTimeout(Number(process.env.KLATCH_TEST_DEADLINE_MS) || DEADLINE_MS);
  const faults = [];
  await context.exposeFunction("__fault", (text) => faults.push(text));
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => window.__fault(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  context.on("page", (page) => {
    page.on("pageerror", (error) => faults.push(`exception: ${error.stack}`));
    page.on("console", (line) => {
      if (line.type() === "error" && !EXPECTED.test(line.text())) faults.push(`console: ${line.text()}`);
    });
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(faults, []);
  });
  return context;
}

export async function register(page, name, path = "/") {
  await page.goto(path);
  const form = page.locator("form");
  if (path === "/") await page.getByRole("button", { name: "Create an account" }).click();
  await form.getByLabel("Username").fill(name);
  await form.getByLabel("Name that others see").fill(name[0].toUpperCase() + name.slice(1));
  await form.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.locator(".shell").waitFor();
}

export async function signIn(page, name, password = PASSWORD) {
  await page.goto("/");
  await page.locator("form").getByLabel("Username").fill(name);
  await page.locator("form").getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

export async function createGroup(page, name) {
  await page.getByRole("button", { name: "New group" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill(name);
  await dialog.getByRole("button", { name: "Create" }).first().click();
  await page.getByRole("main", { name }).waitFor();
}

export async function inviteLink(page) {
  await page.getByRole("button", { name: "Group menu" }).click();
  await page.getByRole("menuitem", { name: "Invite people" }).click();
  const field = page.getByLabel("Invite link");
  await page.waitForFunction(() => document.querySelector(".link-field")?.value.includes("/i/"));
  const link = await field.inputValue();
  await page.getByRole("button", { name: "Close", exact: true }).click();
  return link;
}

export async function say(page, text) {
  await page.locator("textarea").fill(text);
  await page.locator("textarea").press("Enter");
}

export function bubble(page, text) {
  return page.getByRole("article").filter({ hasText: text });
}

/** Until the message is there and its tick says that it is stored. */
export async function stored(page, text) {
  await bubble(page, text).locator(".ticks.stored, .ticks.read").waitFor();
}
