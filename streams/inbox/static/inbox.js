// Progressive: keys, and word of what has changed. Everything works without it.
"use strict";

const typing = (one) => one.closest("input, select, textarea, [contenteditable]") !== null;
const cases = () => [...document.querySelectorAll("a[data-case]")];
const follow = (selector) => document.querySelector(selector)?.click();

const move = (by) => {
  const all = cases();
  if (all.length === 0) return follow(by > 0 ? ".path a[rel=next]" : ".path a[rel=prev]");
  const at = all.indexOf(document.activeElement);
  all[Math.min(all.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by))].focus();
};

const keys = {
  j: () => move(1),
  k: () => move(-1),
  u: () => follow(".path a.up"),
  s: () => document.querySelector("#steps input:not([type=hidden]), #steps button")?.focus(),
  "/": () => document.querySelector("#text")?.focus(),
  1: () => follow('.top a[href="/queue/complaint"]'),
  2: () => follow('.top a[href="/queue/suggestion"]'),
  3: () => follow('.top a[href="/queue/praise"]'),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (typing(event.target) || !Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});

// a step is sent once, however often its button is pressed
for (const form of document.querySelectorAll('form[method="post"]')) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
}

const live = document.querySelector("[data-live]");
if (live && window.EventSource) {
  const list = document.querySelector("#live");
  const source = new EventSource(`/live?${live.dataset.live}`);
  source.addEventListener("changed", async () => {
    const busy = list === null || list.contains(document.activeElement);
    if (!busy) {
      // the queue is shown anew in place; a page that somebody reads or fills in is left alone
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of ["#live", ".top ul", ".head"]) {
          const [old, fresh] = [document.querySelector(part), page.querySelector(part)];
          if (old && fresh) old.replaceWith(document.adoptNode(fresh));
        }
        return;
      }
    }
    document.querySelector("#reload").href = location.href;
    document.querySelector("#fresh").hidden = false;
  });
  window.addEventListener("pagehide", () => source.close());
}
