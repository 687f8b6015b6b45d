/** What the form asks for, as a command or a program to take along. The key stands nowhere in it. */

import { copies } from "../shared/actions.js";
import { element } from "../shared/dom.js";
import { address } from "../shared/server.js";

const KINDS = { curl, Python: python, JavaScript: javascript };

/** @param {HTMLElement} main @param {() => object} wanted fields of POST /tts */
export function offerSnippets(main, wanted) {
  const dialog = main.querySelector("#snippets");
  const shown = dialog.querySelector("#snippet");
  const show = (kind) => {
    shown.textContent = KINDS[kind](address("tts"), { ...wanted(), format: "mp3" });
    for (const button of dialog.querySelectorAll("#kinds button")) button.setAttribute("aria-pressed", String(button.value === kind));
  };
  const buttons = Object.keys(KINDS).map((kind) => element("button", { type: "button", class: "plain", value: kind, onclick: () => show(kind) }, kind));
  dialog.querySelector("#kinds").append(...buttons);
  main.querySelector("#share").addEventListener("click", () => {
    show("curl");
    dialog.showModal();
  });
  copies(dialog.querySelector("#copy"), shown);
}

export function curl(url, body) {
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl --fail-with-body ${url} \\\n  -H "Authorization: Bearer $STTS_API_KEY" \\\n  --json '${quoted}' \\\n  -o speech.mp3`;
}

export function python(url, body) {
  const members = Object.entries(body).map(([name, value]) => `    ${JSON.stringify(name)}: ${literal(value)},\n`);
  return [
    "import os",
    "",
    "import httpx",
    "",
    `body = {\n${members.join("")}}`,
    `headers = {"Authorization": f"Bearer {os.environ.get('STTS_API_KEY', 'none')}"}`,
    `with httpx.stream("POST", ${JSON.stringify(url)}, json=body, headers=headers, timeout=60) as answer:`,
    "    answer.raise_for_status()",
    '    with open("speech.mp3", "wb") as file:',
    "        for part in answer.iter_bytes():",
    "            file.write(part)",
  ].join("\n");
}

export function javascript(url, body) {
  return [
    'import { writeFile } from "node:fs/promises";',
    "",
    `const answer = await fetch(${JSON.stringify(url)}, {`,
    '  method: "POST",',
    '  headers: { "Content-Type": "application/json", Authorization: `Bearer ${process.env.STTS_API_KEY}` },',
    `  body: JSON.stringify(${JSON.stringify(body, null, 2).replaceAll("\n", "\n  ")}),`,
    "});",
    "if (!answer.ok) throw new Error(await answer.text());",
    'await writeFile("speech.mp3", answer.body);',
  ].join("\n");
}

function literal(value) {
  if (value === null) return "None";
  return typeof value === "boolean" ? (value ? "True" : "False") : JSON.stringify(value);
}
