/** Pointing at a node, or focusing it, lights its edges and neighbours. */
export function traceGraph(): void {
  for (const graph of document.querySelectorAll('.graph')) {
    for (const node of graph.querySelectorAll<SVGElement>('.node')) {
      const show = (on: boolean) => () => trace(graph, node.dataset.node ?? '', on);
      node.addEventListener('pointerenter', show(true));
      node.addEventListener('focusin', show(true));
      node.addEventListener('pointerleave', show(false));
      node.addEventListener('focusout', show(false));
    }
  }
}

function trace(graph: Element, id: string, on: boolean): void {
  const near = new Set([id]);
  for (const edge of graph.querySelectorAll<SVGElement>('.edges path')) {
    const { from = '', to = '' } = edge.dataset;
    const touches = from === id || to === id;
    edge.classList.toggle('lit', on && touches);
    if (touches) near.add(from).add(to);
  }
  graph.classList.toggle('tracing', on);
  for (const node of graph.querySelectorAll<SVGElement>('.node')) node.classList.toggle('near', on && near.has(node.dataset.node ?? ''));
}
