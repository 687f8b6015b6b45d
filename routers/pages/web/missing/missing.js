/** An address without a page: its HTML says all. */
export function open() {}
