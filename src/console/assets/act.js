// Does what people click: one request for each action, and never a second one that nobody asked for.
import { fragment, reload, toEnd } from "./live.js";

const page = document.body.dataset;

export function toast(text, isProblem = false) {
  const toasts = document.querySelector(".toasts");
  const one = document.createElement("p");
  one.textContent = text;
  if (isProblem) one.className = "problem";
  toasts.append(one);
  setTimeout(() => one.remove(), isProblem ? 12_000 : 4_000);
}

// Sends an action. Returns what came of it, or null after it has shown why nothing did.
export async function act(path, body = {}, method = "POST") {
  try {
    const answer = await fetch(`${page.prefix}/api/v1/${path}`, {
      method,
      headers: { "content-type": "application/json", "idempotency-key": newId() },
      body: JSON.stringify(body),
    });
    if (answer.status === 401) {
      location.reload();
      return null;
    }
    const result = await answer.json();
    if (!answer.ok) {
      toast(result.message, true);
      return null;
    }
    return result;
  } catch {
    toast(document.querySelector(".toasts").dataset.failed, true);
    return null;
  }
}

const newId = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");

// Asks before something is done. Returns the fields of the form, or null.
export function ask(text, form = null, label = null) {
  const dialog = document.querySelector("dialog");
  const body = document.createElement("form");
  body.method = "dialog";
  if (text) {
    const question = document.createElement("p");
    question.textContent = text;
    body.append(question);
  }
  if (form) body.append(form);
  const buttons = document.createElement("div");
  buttons.className = "do";
  const yes = document.createElement("button");
  yes.className = "main";
  yes.value = "yes";
  yes.textContent = label ?? dialog.dataset.yes;
  const no = document.createElement("button");
  no.type = "button";
  no.className = "plain";
  no.textContent = dialog.dataset.cancel;
  no.addEventListener("click", () => dialog.close(""));
  buttons.append(yes, no);
  body.append(buttons);
  dialog.replaceChildren(body);
  dialog.setAttribute("aria-label", text || yes.textContent);
  dialog.returnValue = "";
  dialog.showModal();
  (body.querySelector("input, select, textarea") ?? yes).focus();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => resolve(dialog.returnValue === "yes" ? Object.fromEntries(new FormData(body)) : null),
      { once: true },
    );
  });
}

const copy = (id) => document.querySelector(id).content.cloneNode(true);
const chatPath = (key) => `chats/${key.split("/").map(encodeURIComponent).join("/")}`;
const goToChat = (session, chat) => {
  location.href = `${page.prefix}/chat/${encodeURIComponent(session)}/${encodeURIComponent(chat)}`;
};

// What the person sees of the open chat, so that the server can say if it is not so any more.
function seen() {
  const panel = document.querySelector(".panel");
  if (!panel?.dataset.c) return {};
  return { conversation: panel.dataset.c, rev: Number(panel.dataset.rev), unread: Number(panel.dataset.unread) };
}

export async function takeNext() {
  const session = document.querySelector("[data-filter] [name=session]")?.value ?? "";
  const taken = await act("take-next", { session });
  if (taken?.chat) goToChat(taken.session, taken.chat);
  else if (taken) toast(taken.message);
}

const doings = {
  next: takeNext,

  async take(button) {
    const row = button.closest("[data-key]");
    const chat = document.querySelector("[data-chat]")?.dataset.chat;
    const key = row?.dataset.key ?? chat;
    const from = (row ?? document.querySelector(".panel")).dataset.holder;
    const conversation = row ? row.dataset.c : document.querySelector(".panel").dataset.c;
    const mine = from === page.agent;
    const text = button.dataset.confirm ?? takeOverText(from);
    if (from && !mine && !(await ask(text, null, button.textContent))) return;
    const taken = mine ? { session: key.split("/")[0], chat: key.split("/")[1] } : await act(`${chatPath(key)}/take`, { conversation, from });
    if (!taken) return;
    if (key !== chat || document.querySelector("#found")) goToChat(taken.session, taken.chat);
    else await reload();
  },

  async give(button) {
    const form = await ask("", copy("#give-form"), button.textContent);
    if (form && (await act(`${chatPath(chatKey())}/give`, { ...seen(), ...form }))) leave();
  },

  none: () => act(`${chatPath(chatKey())}/needs-none`, seen()),

  async close(button) {
    const form = await ask(button.dataset.confirm ?? "", copy("#close-form"), button.textContent);
    if (form && (await act(`${chatPath(chatKey())}/close`, { ...seen(), ...form }))) leave();
  },

  async move(button) {
    if (!(await ask(button.dataset.confirm, null, button.textContent))) return;
    const done = await act(`${chatPath(chatKey())}/move`, { conversation: seen().conversation, to: button.dataset.to });
    if (done) toast(done.message);
  },

  async pause(button) {
    const label = document.createElement("label");
    label.textContent = button.dataset.words;
    const words = document.createElement("input");
    words.name = "text";
    words.maxLength = 500;
    label.append(words);
    const form = await ask(button.dataset.confirm, label, button.textContent);
    if (form) await onLines("pause", form);
  },

  resume: () => onLines("resume", {}),

  more() {
    const query = new URLSearchParams(location.search);
    query.set("rows", Math.min(1000, Number(query.get("rows") || 50) * 4));
    location.search = query;
  },

  print: () => print(),

  // The next page of a list, below this one. Without this script it is a page of its own.
  async append(link) {
    const answer = await fetch(link.href);
    if (!answer.ok) return toast(document.querySelector(".toasts").dataset.failed, true);
    const next = fragment(await answer.text());
    const rows = document.querySelector("[data-section=found] [data-rows]");
    const fresh = [...next.querySelectorAll("[data-section=found] [data-rows] > li")];
    rows.append(...fresh);
    const empty = document.querySelector(".hits .empty");
    if (fresh.length) empty?.remove();
    else empty?.replaceWith(next.querySelector(".hits .empty"));
    const more = next.querySelector("[data-do=append]");
    if (more) link.replaceWith(more);
    else link.remove();
    (fresh[0]?.querySelector("a") ?? more)?.focus({ preventScroll: true });
  },

  async older(button) {
    const section = button.closest("[data-section]");
    const path = document.querySelector("[data-path]").dataset.path;
    const answer = await fetch(`${path}?before=${encodeURIComponent(button.dataset.before)}`);
    if (!answer.ok) return toast(document.querySelector(".toasts").dataset.failed, true);
    const older = fragment(await answer.text());
    section.dataset.older = "1";
    const rows = section.querySelector("[data-rows]");
    const known = new Set([...rows.children].map((row) => row.dataset.key));
    const first = rows.firstElementChild;
    const place = first?.getBoundingClientRect().top;
    const fresh = [...older.querySelectorAll("[data-rows] > li")].filter((row) => !known.has(row.dataset.key));
    rows.prepend(...fresh);
    section.querySelector("[data-head]").replaceChildren(...older.querySelector("[data-head]").childNodes);
    first?.scrollIntoView({ block: "start" });
    if (place !== undefined) window.scrollBy(0, -Math.max(0, place - 40));
  },
};

const takeOverText = (name) => (document.querySelector("[data-takeover]")?.dataset.takeover ?? "{}?").replace("{}", name);
const chatKey = () => document.querySelector("[data-chat]").dataset.chat;

// After the conversation is somebody else's, the next one is in the line.
function leave() {
  location.href = `${page.prefix}/line`;
}

// The line that the filter shows; all sessions if none is chosen.
async function onLines(what, body) {
  const filter = document.querySelector("[data-filter]");
  const chosen = filter?.querySelector("[name=session]")?.value;
  const sessions = chosen ? [chosen] : (filter?.dataset.sessions ?? "").split(" ").filter(Boolean);
  const team = filter?.querySelector("[name=team]")?.value ?? "*";
  for (const session of sessions) {
    const done = await act(`lines/${encodeURIComponent(session)}/${what}`, { ...body, team: team === "*" ? "" : team });
    if (done) toast(done.message);
  }
  await reload();
}

// The box for answers: its draft is kept for each chat until it is sent.
function startWriting() {
  const form = document.querySelector("form[data-form=say]");
  if (!form) return;
  const box = form.elements.text;
  const draft = `draft ${chatKey()}`;
  box.value = localStorage.getItem(draft) ?? "";
  let typedAt = 0;
  box.addEventListener("input", () => {
    localStorage.setItem(draft, box.value);
    showCanned(form, box);
    if (isMine() && Date.now() - typedAt > 3_000) {
      typedAt = Date.now();
      fetch(`${page.prefix}/api/v1/${chatPath(chatKey())}/typing`, { method: "POST" }).catch(() => {});
    }
  });
  box.addEventListener("keydown", (event) => {
    const options = shownCanned(form);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    } else if (options.length && (event.key === "Tab" || event.key === "Enter") && !event.shiftKey) {
      event.preventDefault();
      insert(form, box, options[0].dataset.canned);
    }
  });
  form.querySelector(".canned").addEventListener("click", (event) => {
    const option = event.target.closest("[data-canned]");
    if (option) insert(form, box, option.dataset.canned);
  });
  form.addEventListener("submit", (event) => submit(event, "say", () => localStorage.removeItem(draft)));
  document.querySelector("form[data-form=note]").addEventListener("submit", (event) => submit(event, "note", () => {}));
  showMine();
  new MutationObserver(showMine).observe(document.querySelector("[data-sections=chat]"), { childList: true, subtree: true });
}

const isMine = () => document.querySelector(".panel")?.dataset.mine !== undefined;

function showMine() {
  const form = document.querySelector("form[data-form=say]");
  const mine = isMine();
  form.querySelector("button.main").disabled = !mine;
  form.elements.text.placeholder = mine ? form.elements.text.dataset.hint : form.elements.text.dataset.taken;
}

async function submit(event, what, done) {
  event.preventDefault();
  const form = event.target;
  const box = form.elements.text;
  const text = box.value.trim();
  const button = form.querySelector("button.main, button.plain:not([data-canned])");
  if (!text || button.disabled || (what === "say" && !isMine())) return;
  button.disabled = true;
  const { conversation, rev, unread } = seen();
  const said = await act(`${chatPath(chatKey())}/${what}`, { conversation, rev, unread, text });
  button.disabled = false;
  if (!said) return;
  if (box.value.trim() === text) box.value = "";
  done();
  box.focus();
  toEnd();
}

// Saved replies: a slash and the beginning of a name.
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const command = (box) => /(^|\s)\/(\S*)$/.exec(box.value.slice(0, box.selectionStart));
const shownCanned = (form) => [...form.querySelectorAll(".canned:not([hidden]) [data-canned]:not([hidden])")];

function showCanned(form, box) {
  const typed = command(box);
  const list = form.querySelector(".canned");
  let shown = 0;
  for (const option of list.children) {
    option.hidden = !typed || !plain(option.textContent).includes(plain(typed[2]));
    if (!option.hidden) shown += 1;
  }
  list.hidden = shown === 0;
}

function insert(form, box, text) {
  const typed = command(box);
  const end = box.selectionStart;
  const start = typed ? end - typed[2].length - 1 : end;
  box.setRangeText(text, start, end, "end");
  form.querySelector(".canned").hidden = true;
  box.focus();
  box.dispatchEvent(new Event("input"));
}

// The fields of a form. A name that comes several times has a list.
function fieldsOf(form) {
  const fields = {};
  for (const [name, value] of new FormData(form)) fields[name] = name in fields ? [fields[name], value].flat() : value;
  return fields;
}

// Shows a secret that nobody can see again, until it is closed.
function showOnce(text, secret) {
  const dialog = document.querySelector("dialog");
  const body = document.createElement("form");
  body.method = "dialog";
  const words = document.createElement("p");
  words.textContent = text;
  const box = document.createElement("input");
  box.readOnly = true;
  box.value = secret;
  box.setAttribute("aria-label", text);
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "main";
  copy.textContent = dialog.dataset.copy;
  copy.addEventListener("click", async () => {
    box.select();
    // Browsers have a clipboard only for https and for this machine.
    if (navigator.clipboard) await navigator.clipboard.writeText(secret).catch(() => {});
    else document.execCommand("copy");
    copy.textContent = dialog.dataset.copied;
  });
  const close = document.createElement("button");
  close.className = "plain";
  close.textContent = dialog.dataset.close;
  const buttons = document.createElement("div");
  buttons.className = "do";
  buttons.append(copy, close);
  body.append(words, box, buttons);
  dialog.replaceChildren(body);
  dialog.setAttribute("aria-label", text);
  dialog.showModal();
  box.select();
  return new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
}

// Forms that are actions: `data-act` is the path, and what is asked before is in `data-confirm`.
async function onSubmit(event) {
  const form = event.target.closest("form[data-act]");
  if (!form) return;
  event.preventDefault();
  const button = event.submitter;
  const { act: path, confirm, method, repeat } = form.dataset;
  let fields = fieldsOf(form);
  if (button?.name) fields[button.name] = button.value;
  const question = button?.dataset.confirm ?? confirm;
  if (repeat !== undefined) {
    const label = document.createElement("label");
    label.textContent = question;
    const typed = document.createElement("input");
    typed.name = "repeat";
    typed.autocomplete = "off";
    label.append(typed);
    const answer = await ask("", label, button?.textContent);
    if (!answer) return;
    fields = { ...fields, ...answer };
  } else if (question && !(await ask(question, null, button?.textContent))) return;
  if (button) button.disabled = true;
  const done = await act(button?.dataset.act ?? path, fields, method ?? "POST");
  if (button) button.disabled = false;
  if (!done) return;
  const stays = form.dataset.stay !== undefined;
  const secret = done.link ?? done.token;
  if (secret) await showOnce(done.message, secret);
  else if (stays) toast(done.message);
  else later(done.message);
  form.dispatchEvent(new CustomEvent("acted", { bubbles: true, detail: done }));
  if (done.go) location.href = page.prefix + done.go;
  else if (!stays) location.reload();
}

// What came of an action is read after the page is there again.
const later = (text) => sessionStorage.setItem("toast", text ?? "");

function showLater() {
  const text = sessionStorage.getItem("toast");
  sessionStorage.removeItem("toast");
  if (text) toast(text);
}

export function startActing() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    const doing = button && doings[button.dataset.do];
    if (!doing) return;
    event.preventDefault();
    doing(button);
  });
  document.addEventListener("submit", onSubmit);
  startWriting();
  showLater();
}
