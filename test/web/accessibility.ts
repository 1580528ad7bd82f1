/** What is looked for in a page, inside of it: nothing from outside can be used here. */

/** Level of the first heading, headings that skip a level, things without a name, and ids that occur twice. */
export function outlineOfPage() {
  const seen = (one: Element): boolean => one.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')].filter(seen).map(({ tagName }) => Number(tagName[1]));
  const jumps = levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1);
  const nameless = [...document.querySelectorAll('a, button, input, img, svg[role=img], audio, [role=region]')].filter((one) => {
    const label = one.closest('label')?.textContent ?? '';
    return seen(one) && `${one.getAttribute('aria-label') ?? ''}${one.getAttribute('alt') ?? ''}${one.textContent}${label}`.trim() === '';
  });
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  return {
    first: levels[0],
    jumps,
    nameless: nameless.map(({ outerHTML }) => outerHTML.slice(0, 80)),
    twice: ids.filter((id, i) => ids.indexOf(id) !== i),
  };
}

/** Texts whose contrast with what is behind them is below 4.5 : 1 (WCAG 2.2, 1.4.3). */
export function faintTexts(): string[] {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (colour: string): number[] => {
    if (canvas === null) return [0, 0, 0, 255];
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour: readonly number[]): number =>
    colour.slice(0, 3).reduce((sum, part, i) => {
      const value = part / 255;
      return sum + (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4) * ([0.2126, 0.7152, 0.0722][i] ?? 0);
    }, 0);
  const behind = (one: Element | null): number[] => {
    for (let at = one; at !== null; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const texts = [...document.querySelectorAll('body *')].filter(
    (one) =>
      one instanceof HTMLElement &&
      one.checkVisibility() &&
      [...one.childNodes].some((node) => node.nodeType === 3 && (node.textContent ?? '').trim() !== ''),
  );
  return texts.flatMap((one) => {
    const [a, b] = [light(rgba(getComputedStyle(one).color)), light(behind(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return ratio < 4.5 && !one.matches('.picture *, .roll *, .skip')
      ? [`${ratio.toFixed(2)} ${one.className} ${(one.textContent ?? '').slice(0, 30)}`]
      : [];
  });
}
