/** Under the pointer, a curve tells its value. */
export function readCurves(): void {
  for (const figure of document.querySelectorAll<HTMLElement>('.curve[data-points]')) {
    const points: [number, number][] = JSON.parse(figure.dataset.points ?? '[]');
    const reading = figure.querySelector('.reading');
    if (reading === null || points.length === 0) continue;
    const resting = reading.textContent;
    for (const chart of figure.querySelectorAll<SVGSVGElement>('.chart')) {
      const line = chart.querySelector('.pointer line');
      const [left, right] = [Number(chart.dataset.left), Number(chart.dataset.right)];
      const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0];
      chart.addEventListener('pointermove', (event) => {
        const bounds = chart.getBoundingClientRect();
        const x = ((event.clientX - bounds.left) / bounds.width) * chart.viewBox.baseVal.width;
        const step = first + ((x - left) / (right - left || 1)) * (last - first);
        const [nearest, value] = points.reduce((best, point) => (Math.abs(point[0] - step) < Math.abs(best[0] - step) ? point : best));
        const place = String(left + ((nearest - first) / (last - first || 1)) * (right - left));
        line?.setAttribute('x1', place);
        line?.setAttribute('x2', place);
        chart.classList.add('pointed');
        reading.textContent = `${Number(value.toPrecision(4))} at step ${nearest.toLocaleString('en-GB')}`;
      });
      chart.addEventListener('pointerleave', () => {
        chart.classList.remove('pointed');
        reading.textContent = resting;
      });
    }
  }
}
