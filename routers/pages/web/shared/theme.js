/** Before the first paint: the theme that somebody has chosen. */
try {
  const theme = localStorage.getItem("stts.theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch (error) {
  if (!(error instanceof DOMException)) throw error; // storage is switched off
}
