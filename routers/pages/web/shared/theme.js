/** Before the first paint: the theme that somebody has chosen. */
{
  const theme = localStorage.getItem("stts.theme");
  if (theme) document.documentElement.dataset.theme = theme;
}
