/**
 * What all pages share: the navigation, the key, language and theme. Pages change without loading the document anew, so
 * that a key in memory, and what plays, stays. A page is `NAME/NAME.js`, whose `open(main, signal)` brings its HTML to
 * life; the signal aborts when somebody goes to another one.
 */

import { offerKey } from "./key.js";
import { keptForGood } from "./kept.js";
import { dismiss, fail } from "./notice.js";
import { request } from "./server.js";
import { text } from "./texts.js";

const THEME = "stts.theme";
const LANGUAGE = "stts-language";
const YEAR = 365 * 24 * 3600;
const main = document.getElementById("main");
const preferences = document.getElementById("preferences");
let leaving = new AbortController();
let going = new AbortController();

function applyTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function setUpPreferences() {
  const { theme, language } = preferences.elements;
  theme.value = keptForGood.read(THEME) ?? "";
  applyTheme(theme.value);
  theme.addEventListener("change", () => {
    keptForGood.write(THEME, theme.value);
    applyTheme(theme.value);
  });
  language.value = document.documentElement.lang;
  language.addEventListener("change", () => {
    document.cookie = `${LANGUAGE}=${language.value}; max-age=${YEAR}; path=/; samesite=strict`;
    location.reload();
  });
}

/** Shows what a role may see; without one, what needs none. @param {{role: string} | null} me */
function showFor(me) {
  document.documentElement.dataset.role = me?.role ?? "none";
}

async function start() {
  leaving = new AbortController();
  const { signal } = leaving;
  const { page } = main.dataset;
  try {
    const module = await import(`../${page}/${page}.js`);
    if (!signal.aborted) await module.open(main, signal);
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
}

/** Puts another page in the place of this one. @param {string} page @param {boolean} forward not by going back */
async function go(page, forward) {
  if (!mayLeave()) return forward || stay();
  going.abort();
  going = new AbortController();
  const { signal } = going;
  try {
    const answer = await request(`app/${page}`, { signal });
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (signal.aborted) return;
    leaving.abort();
    dismiss();
    if (forward) history.pushState(null, "", page);
    show(next, page);
    await start();
  } catch (error) {
    if (!forward && !signal.aborted) stay();
    fail(error);
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
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** On a phone the navigation is a line that scrolls: where somebody is stands in sight. */
function showPlace() {
  const navigation = document.getElementById("navigation");
  const current = navigation.querySelector("[aria-current]");
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
    go(link.dataset.page, true);
  });
  window.addEventListener("popstate", () => go(location.pathname.split("/").pop(), false));
  window.addEventListener("unhandledrejection", ({ reason }) => fail(reason));
}

setUpPreferences();
showPlace();
window.addEventListener("resize", showPlace);
followLinks();
keepFilesOut();
offerKey(showFor);
await start();
document.documentElement.dataset.ready = text("shell.ready");
