// Keeps the page up to date. The server sends rows and heads of sections; a page that missed something loads itself again.

const page = document.body.dataset;
const HELLO_TIMEOUT = 40_000; // the server says something every 15 s
const HOLD = 5_000; // rows stay where they are under a pointer, for this time at most
const STILL = 1_500; // a pointer that has not moved for this time holds nothing
const POLL = 10_000;

const policy = window.trustedTypes
  ? window.trustedTypes.createPolicy("waha-sm", { createHTML: (html) => html })
  : { createHTML: (html) => html };

// HTML that our server has written.
export function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(html);
  return template.content;
}

let headChanged = () => {};
export const onHead = (listener) => (headChanged = listener);

const find = (name, value, within = document) => within.querySelector(`[data-${name}="${CSS.escape(value)}"]`);

function newSection(id) {
  const section = document.createElement("section");
  section.dataset.section = id;
  const head = document.createElement("div");
  head.dataset.head = "";
  const rows = document.createElement("ol");
  rows.dataset.rows = "";
  section.append(head, rows);
  return section;
}

function put({ s, k, b, h }) {
  let section = find("section", s);
  if (k === null) {
    if (!section) {
      const sections = document.querySelector("[data-sections=line], [data-sections=chat]");
      if (!sections) return;
      section = newSection(s);
      sections.insertBefore(section, b === null ? null : find("section", b, sections));
    }
    // The reader went back: the link to older messages is theirs.
    if (section.dataset.older) return;
    section.querySelector("[data-head]").replaceChildren(fragment(h));
    if (s === "head") headChanged();
    return;
  }
  if (!section) return;
  const rows = section.querySelector("[data-rows]");
  const scrolls = (s === "past" || s === "unsent") && isAtEnd();
  const row = fragment(h).firstElementChild;
  const old = find("key", k, rows);
  const before = b === null ? null : find("key", b, rows);
  if (old && old.nextElementSibling === before) {
    const focused = old.contains(document.activeElement);
    old.replaceWith(row);
    if (focused) row.querySelector("a, button")?.focus();
  } else {
    old?.remove();
    rows.insertBefore(row, before);
  }
  if (scrolls) toEnd();
}

function gone({ s, k }) {
  const section = find("section", s);
  if (!section) return;
  if (k === null) section.remove();
  // Old messages leave the newest page; the reader keeps them.
  else if (s !== "past") find("key", k, section)?.remove();
}

const isAtEnd = () => {
  const past = scroller();
  return past.scrollHeight - past.scrollTop - past.clientHeight < 80;
};
const scroller = () => {
  const pane = document.querySelector("[data-sections=chat]");
  return pane && pane.scrollHeight > pane.clientHeight && getComputedStyle(pane).overflowY !== "visible"
    ? pane
    : document.scrollingElement;
};
export const toEnd = () => {
  const past = scroller();
  past.scrollTop = past.scrollHeight;
};

// Changes wait while somebody is about to click a row, and are then shown together.
let waiting = [];
let heldSince = 0;
let moved = 0;
let flushing = 0;

function isHeld() {
  const rows = document.querySelector("[data-sections=line]");
  if (!rows || Date.now() - moved > STILL) return false;
  return rows.querySelector("[data-rows] > li:hover, [data-rows] > li:focus-within") !== null;
}

function flush() {
  cancelAnimationFrame(flushing);
  flushing = 0;
  const now = Date.now();
  if (waiting.length && isHeld()) {
    heldSince ||= now;
    if (now - heldSince < HOLD) {
      setTimeout(flush, 250);
      return;
    }
  }
  heldSince = 0;
  const changes = waiting;
  waiting = [];
  for (const [change, data] of changes) change(data);
  headChanged();
}

function later(change) {
  return (event) => {
    heard(event);
    waiting.push([change, JSON.parse(event.data)]);
    // A hidden page has no frames, but its title and its sound matter.
    if (document.hidden) flush();
    else flushing ||= requestAnimationFrame(flush);
  };
}

// Loads the page again and shows it, without what somebody is writing. What happened meanwhile came for the old page: the
// stream continues where the new one ends.
let loading = null;
export function reload() {
  loading ??= load().then(connect).finally(() => (loading = null));
  return loading;
}

async function load() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (answer.redirected && new URL(answer.url).pathname.endsWith("/login")) {
    location.reload();
    return;
  }
  if (!answer.ok) throw new Error(answer.status);
  const fresh = new DOMParser().parseFromString(policy.createHTML(await answer.text()), "text/html");
  if (fresh.body.dataset.page !== page.page) {
    location.reload();
    return;
  }
  waiting = [];
  for (const old of document.querySelectorAll("[data-sections]")) {
    const now = find("sections", old.dataset.sections, fresh);
    if (now) old.replaceChildren(...now.childNodes);
  }
  page.view = fresh.body.dataset.view;
  page.live = fresh.body.dataset.live;
  last = page.live;
  headChanged();
}

let stream = null;
let last = page.live;
let heardAt = Date.now();
let failures = 0;
let retry = 0;
let polling = 0;

function heard(event) {
  heardAt = Date.now();
  failures = 0;
  if (event.lastEventId) last = event.lastEventId;
  showOffline(false);
}

function showOffline(is) {
  const notice = document.querySelector(".offline");
  if (notice) notice.hidden = !is;
}

function connect() {
  clearTimeout(retry);
  stream?.close();
  if (polling || page.view === undefined) return;
  heardAt = Date.now();
  stream = new EventSource(`${page.prefix}/live${page.view}&last=${encodeURIComponent(last)}`);
  stream.addEventListener("open", () => {
    heardAt = Date.now();
    showOffline(false);
  });
  stream.addEventListener("put", later(put));
  stream.addEventListener("gone", later(gone));
  stream.addEventListener("ping", heard);
  stream.addEventListener("resync", async (event) => {
    heard(event);
    stream.close();
    await reload().catch(reconnect);
  });
  stream.addEventListener("ended", () => {
    stream.close();
    location.reload();
  });
  // This browser has too many streams: the page asks now and then.
  stream.addEventListener("poll", () => {
    stream.close();
    polling = setInterval(() => reload().catch(() => showOffline(true)), POLL);
  });
  stream.addEventListener("error", reconnect);
}

function reconnect() {
  stream?.close();
  showOffline(failures > 0);
  failures += 1;
  const wait = Math.min(15_000, 250 * 2 ** failures);
  clearTimeout(retry);
  // A stream that fails again and again may be refused because nobody is logged in any more: loading the page finds out.
  const next = failures > 2 ? () => reload().then(connect, reconnect) : connect;
  retry = setTimeout(next, wait / 2 + (Math.random() * wait) / 2);
}

function reconnectIfSilent() {
  if (polling || document.hidden) return;
  if (stream?.readyState !== EventSource.OPEN || Date.now() - heardAt > HELLO_TIMEOUT) connect();
}

export function startLive() {
  document.addEventListener("pointermove", () => (moved = Date.now()), { passive: true });
  document.addEventListener("keydown", () => (moved = Date.now()));
  window.addEventListener("online", connect);
  // An open stream may hide that the network is gone, or the network that is gone may be another one: trying tells.
  window.addEventListener("offline", connect);
  document.addEventListener("visibilitychange", reconnectIfSilent);
  setInterval(() => {
    if (!polling && Date.now() - heardAt > HELLO_TIMEOUT) connect();
  }, 5_000);
  // A page that comes back from the browser's memory missed everything.
  window.addEventListener("pageshow", (event) => event.persisted && connect());
  // A message that was looked for is where the browser has scrolled to.
  if (document.querySelector("[data-sections=chat]") && !document.querySelector("#found")) toEnd();
  connect();
}
