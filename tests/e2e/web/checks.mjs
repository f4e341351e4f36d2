// SPDX-License-Identifier: GPL-3.0-or-later
// What can be said of any screen: everything to be pressed or filled has a name, every text can be read, nothing is wider
// than the window. Runs in the page.

export function inspect(page) {
  return page.evaluate(() => {
    const faults = [];
    const shown = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && element.getClientRects().length > 0;
    const say = (element) => `${element.tagName.toLowerCase()}.${[...element.classList].join(".")} “${(element.textContent ?? "").trim().slice(0, 40)}”`;
    const dialog = document.querySelector("dialog[open]");
    const root = dialog ?? document.body;

    // Names
    const labelled = (element) =>
      element.getAttribute("aria-label")?.trim() ||
      (element.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join("").trim() ||
      [...(element.labels ?? [])].map((label) => label.textContent).join("").trim() ||
      (element.matches("input, textarea") ? "" : element.textContent.trim());
    for (const element of root.querySelectorAll('button, a[href], input, textarea, [role="dialog"], dialog, [role="log"], nav, [role="switch"]'))
      if (shown(element) && !labelled(element)) faults.push(`no name: ${say(element)}`);
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id twice: ${id}`);

    // Contrast
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = "#000";
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
    const ground = (element) => {
      const layers = [];
      for (let at = element; at; at = at.parentElement) {
        const style = getComputedStyle(at);
        if (style.backgroundImage !== "none") return undefined; // a picture or gradient: judged by its tokens
        layers.push(rgba(style.backgroundColor));
        if (layers.at(-1)[3] === 1) break;
      }
      return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
    };
    const light = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map((v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!node.data.trim() || !shown(element) || element.closest(".sr-only, .emoji, :disabled, .faded, option, title")) continue;
      if (!/[\p{L}\p{N}]/u.test(node.data)) continue;
      const below = ground(element);
      if (!below) continue;
      const style = getComputedStyle(element);
      const text = over(rgba(style.color), below);
      const [a, b] = [light(text), light(below)].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(2)}: ${say(element)} ${style.color} on ${below.map(Math.round)}`);
    }

    // Width and targets
    for (const row of root.querySelectorAll(".group-row")) {
      const { left, right } = row.getBoundingClientRect();
      for (const part of row.querySelectorAll(".row-line > *")) {
        const box = part.getBoundingClientRect();
        if (shown(part) && (box.right > right || box.left < left || box.height > 30)) faults.push(`does not fit its row: ${say(part)}`);
      }
    }
    if (document.documentElement.scrollWidth > innerWidth) faults.push(`wider than the window: ${document.documentElement.scrollWidth}`);
    for (const element of root.querySelectorAll("button, textarea, .group-row, input:not([type=checkbox])")) {
      if (!shown(element) || element.closest(".sr-only") || element.matches(".sr-only, .link, [tabindex='-1'][aria-hidden]")) continue;
      const box = element.getBoundingClientRect();
      if (box.height < 24 || box.width < 24) faults.push(`too small, ${box.width.toFixed()}×${box.height.toFixed()}: ${say(element)}`);
    }
    return faults;
  });
}
