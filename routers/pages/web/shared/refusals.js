/** What a refusal of the server is called, and what to do next: by its code, for many share a status. */

import { text } from "./texts.js";

/** Codes that are told in the words of another one. */
const LIKE = {
  invalid_parameter: "invalid_request",
  head_too_large: "malformed_request",
  range_not_satisfiable: "malformed_request",
  upgrade_required: "malformed_request",
  key_changed: "conflict",
  reply_timeout: "reply_failed",
  database_too_new: "database_unusable",
  database_not_installed: "part_not_installed",
};

/** For answers of something in between, which has no codes. */
const OF_STATUS = {
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  413: "payload_too_large",
  422: "invalid_request",
  429: "too_many_requests",
  500: "internal_error",
  502: "server_away",
  503: "busy",
  504: "server_away",
};

/** The page on which something can be done about it. */
const PAGES = {
  text_too_long: "jobs",
  not_complete_yet: "jobs",
  unknown_engine: "engines",
  model_not_found: "engines",
  unavailable: "engines",
  engine_failed: "engines",
  engine_not_installed: "engines",
  engine_weights_missing: "engines",
  engine_install_failed: "engines",
  engine_load_failed: "engines",
  engine_out_of_memory: "engines",
};

/**
 * @param {{code: string, status: number}} refusal
 * @returns {{title: string, next: string, page?: string, wantsKey: boolean}} `page`: by its name, as in the navigation
 */
export function told({ code, status }) {
  const own = LIKE[code] ?? code;
  const kind = has(own) ? own : OF_STATUS[status];
  const wantsKey = kind === "unauthorized" || kind === "forbidden";
  if (!kind) return { title: text("error.title"), next: "", wantsKey };
  return { title: text(`error.${kind}.title`), next: text(`error.${kind}.next`), page: PAGES[kind], wantsKey };
}

function has(kind) {
  return text(`error.${kind}.title`) !== `error.${kind}.title`;
}
