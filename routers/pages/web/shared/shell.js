/**
 * What all pages share: the navigation, the key, language and theme. Pages change without loading the document anew, so
 * that a key in memory, and what plays, stays. A page is `NAME/NAME.js`, whose `open(main, signal)` brings its HTML to
 * life; the signal aborts when somebody goes to another one.
 */

import { offerKey } from "./key.js";
import { forgetAll, keptForGood } from "./kept.js";
import { dismiss, fail } from "./notice.js";
import { KEY_LEFT, Refused, keyChanges, request } from "./server.js";
import { language, text, wordsOf } from "./texts.js";
import { translate } from "./translation.js";

const THEME = "stts.theme";
const LANGUAGE = "stts-language";
const YEAR = 365 * 24 * 3600;
const ROLES = ["read", "write", "admin"]; // each may what those before it may
const main = document.getElementById("main");
const preferences = document.getElementById("preferences");
let leaving = new AbortController();
let going = new AbortController();
let blank = null; // the page as it was before it came to life
let hasFailed = false; // to come to life
let role = null; // of whoever uses the page, once that is known

function applyTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function setUpPreferences() {
  const { theme, language: chosen } = preferences.elements;
  theme.value = keptForGood.read(THEME) ?? "";
  applyTheme(theme.value);
  theme.addEventListener("change", () => {
    keptForGood.write(THEME, theme.value);
    applyTheme(theme.value);
  });
  chosen.value = language;
  chosen.addEventListener("change", () => changeLanguage(chosen));
}

/** The page anew in another language; the document stays, and a key that is in its memory alone. */
async function changeLanguage(chosen) {
  const { page } = main.dataset;
  if (!mayLeave()) return (chosen.value = language);
  keepLanguage(chosen.value);
  if (page === "missing") return location.reload(); // an address that nothing is fetched from
  try {
    await fetchPage(page, (next) => show(next, page));
  } catch (error) {
    keepLanguage(language);
    chosen.value = language;
    fail(error);
  }
}

function keepLanguage(name) {
  document.cookie = `${LANGUAGE}=${name}; max-age=${YEAR}; path=/; samesite=strict`;
}

/** Shows what a role may see; without one, what needs none. @param {{role: string} | null} me */
function showFor(me) {
  role = me?.role ?? null;
  document.documentElement.dataset.role = role ?? "none";
  if (!mayUse()) refuse();
}

/** Whether the page is for the role; where that is not known, the server says so. */
function mayUse() {
  return role === null || ROLES.indexOf(role) >= ROLES.indexOf(needed());
}

function needed() {
  return document.querySelector(`nav [data-page="${main.dataset.page}"]`)?.dataset.needs ?? ROLES[0];
}

/** Nobody fills in what is refused. */
function refuse() {
  leaving.abort();
  hasFailed = true;
  main.dataset.refused = "";
  const needs = needed();
  const detail = needs === "write" ? text("error.reads_only") : text("error.page_for", { needs, role });
  fail(new Refused(403, { code: "forbidden", detail }));
}

/** @param {{open: Function} | null} module of the page, where it is loaded: then nobody presses what does not hear them yet */
async function start(module = null) {
  leaving = new AbortController();
  blank = main.cloneNode(true);
  hasFailed = false;
  delete main.dataset.refused;
  if (!mayUse()) return refuse();
  const { signal } = leaving;
  const { page } = main.dataset;
  try {
    module ??= await moduleOf(page);
    if (!signal.aborted) await module.open(main, signal);
  } catch (error) {
    if (signal.aborted) return;
    hasFailed = true;
    if ([401, 403].includes(error.status)) main.dataset.refused = "";
    fail(error);
  }
}

function moduleOf(page) {
  return import(`../${page}/${page}.js`);
}

/** The page as nobody has seen it yet, for another key or none. */
function beginAnew(reason) {
  leaving.abort(reason);
  going.abort();
  main.ariaBusy = null;
  dismiss();
  main.replaceChildren(...blank.childNodes);
  start();
}

/** Whoever comes next finds nothing of whoever was here before; a page that has waited for a key has it now. */
function followKey() {
  keyChanges.addEventListener("left", () => {
    showFor(null);
    beginAnew(KEY_LEFT); // first, so that the page that goes writes nothing more
    forgetAll();
  });
  keyChanges.addEventListener("change", () => hasFailed && beginAnew());
}

/** Puts another page in the place of this one. @param {string} page @param {boolean} forward not by going back @param {string} query of its address */
async function go(page, forward, query = "") {
  if (!mayLeave()) return forward || stay();
  const arrive = (next) => {
    if (forward) history.pushState(null, "", page + query);
    show(next, page);
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  };
  try {
    await fetchPage(page, arrive);
  } catch (error) {
    if (!forward && error.name !== "AbortError") stay();
    fail(error);
  }
}

/** Fetches a page, in the language that is chosen by now, in this tab or in another one. @param {(next: Document) => void} arrive */
async function fetchPage(page, arrive) {
  going.abort();
  going = new AbortController();
  const { signal } = going;
  main.ariaBusy = "true";
  try {
    const answer = await request(`app/${page}`, { signal });
    const module = await moduleOf(page);
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const { lang } = next.documentElement;
    const words = lang === language ? null : await wordsOf(lang);
    if (signal.aborted) return;
    leaving.abort();
    dismiss();
    if (words !== null) translate(next, words);
    arrive(next);
    await start(module);
  } catch (error) {
    signal.throwIfAborted(); // nobody waits for this page any more
    throw error;
  } finally {
    if (!signal.aborted) main.ariaBusy = null;
  }
}

/** A page may hold what would be lost: it prevents the event `leave`, and whoever goes is asked. */
function mayLeave() {
  return main.dispatchEvent(new Event("leave", { cancelable: true })) || confirm(text("shell.unsaved"));
}

/** The address that the browser has gone back to is that of another page than the one that is shown. */
function stay() {
  history.pushState(null, "", main.dataset.page);
}

function show(next, page) {
  document.title = next.title;
  main.dataset.page = page;
  main.replaceChildren(...document.adoptNode(next.getElementById("main")).childNodes);
  for (const link of document.querySelectorAll("nav [data-page]")) {
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  showPlace();
}

/** On a phone the navigation is a line that scrolls: where somebody is stands in sight. */
function showPlace() {
  const navigation = document.getElementById("navigation");
  const current = navigation.querySelector("[aria-current]");
  if (current === null) return;
  const [line, link] = [navigation.getBoundingClientRect(), current.getBoundingClientRect()];
  navigation.scrollLeft += link.left + link.width / 2 - line.left - line.width / 2;
}

/** A file that is dropped beside its place must not be opened in the place of the page. */
function keepFilesOut() {
  for (const type of ["dragover", "drop"]) {
    window.addEventListener(type, (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
  }
}

function followLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-page]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.dataset.page, true, link.search);
  });
  window.addEventListener("popstate", () => go(location.pathname.split("/").pop(), false));
  window.addEventListener("unhandledrejection", ({ reason }) => fail(reason));
}

setUpPreferences();
showPlace();
window.addEventListener("resize", showPlace);
followLinks();
keepFilesOut();
followKey();
offerKey(showFor, mayLeave);
await start();
document.documentElement.dataset.ready = text("shell.ready");
