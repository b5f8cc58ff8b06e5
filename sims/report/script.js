// Plotly measures its place once: it has to be told when the page becomes wider, narrower or paper.
const resize = (width, scale) => document.querySelectorAll('.js-plotly-plot').forEach((plot) => {
  plot.dataset.height ||= plot.layout.height;
  const height = scale * plot.dataset.height;
  plot.parentNode.style.height = `${height}px`;
  Plotly.relayout(plot, { width: width(plot), height });
});
const fit = () => resize((plot) => plot.closest('figure').clientWidth, 1);
// The width of a sheet of A4, or a third of it, and low enough for two plots on it.
const fitPaper = () => resize((plot) => (plot.closest('.panel') ? 215 : 680), 0.8);
window.addEventListener('beforeprint', fitPaper);
window.addEventListener('afterprint', fit);
window.addEventListener('resize', () => { if (!window.matchMedia('print').matches) fit(); });
