/** A small painter on an RGB buffer [height, width, 3]. */
export type Colour = readonly [number, number, number];
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}
export type Point = readonly [number, number];

export const createCanvas = (width: number, height: number): Canvas => ({ width, height, pixels: new Uint8Array(width * height * 3) });

/** Between two colours, part 0 … 1. */
export const mix = (from: Colour, to: Colour, part: number): Colour => [
  from[0] + (to[0] - from[0]) * part,
  from[1] + (to[1] - from[1]) * part,
  from[2] + (to[2] - from[2]) * part,
];

function span(canvas: Canvas, y: number, from: number, until: number, colour: Colour): void {
  const last = Math.min(canvas.width, until);
  for (let x = Math.max(0, from), at = (y * canvas.width + x) * 3; x < last; x++, at += 3) {
    canvas.pixels[at] = colour[0];
    canvas.pixels[at + 1] = colour[1];
    canvas.pixels[at + 2] = colour[2];
  }
}

export function fillRectangle(canvas: Canvas, x: number, y: number, width: number, height: number, colour: Colour): void {
  const bottom = Math.min(canvas.height, Math.round(y + height));
  for (let row = Math.max(0, Math.round(y)); row < bottom; row++) span(canvas, row, Math.round(x), Math.round(x + width), colour);
}

export const clear = (canvas: Canvas, colour: Colour) => fillRectangle(canvas, 0, 0, canvas.width, canvas.height, colour);

export function fillCircle(canvas: Canvas, x: number, y: number, radius: number, colour: Colour): void {
  for (let row = Math.max(0, Math.ceil(y - radius)); row <= Math.min(canvas.height - 1, Math.floor(y + radius)); row++) {
    const half = Math.sqrt(Math.max(0, radius * radius - (row - y) ** 2));
    span(canvas, row, Math.round(x - half), Math.round(x + half), colour);
  }
}

/** Fills a convex polygon. */
export function fillPolygon(canvas: Canvas, points: readonly Point[], colour: Colour): void {
  const ys = points.map(([, y]) => y);
  const top = Math.max(0, Math.ceil(Math.min(...ys) - 0.5));
  const bottom = Math.min(canvas.height - 1, Math.floor(Math.max(...ys) - 0.5));
  for (let row = top; row <= bottom; row++) {
    const y = row + 0.5;
    let left = Number.POSITIVE_INFINITY;
    let right = Number.NEGATIVE_INFINITY;
    points.forEach(([x1, y1], index) => {
      const [x2, y2] = points[(index + 1) % points.length] ?? [x1, y1];
      if (y1 <= y === y2 <= y) return;
      const x = x1 + ((y - y1) / (y2 - y1)) * (x2 - x1);
      left = Math.min(left, x);
      right = Math.max(right, x);
    });
    if (left < right) span(canvas, row, Math.round(left), Math.round(right), colour);
  }
}

/** A line with thickness. */
export function drawLine(canvas: Canvas, from: Point, to: Point, thickness: number, colour: Colour): void {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
  const x = ((to[1] - from[1]) / length) * (thickness / 2);
  const y = ((from[0] - to[0]) / length) * (thickness / 2);
  fillPolygon(
    canvas,
    [
      [from[0] + x, from[1] + y],
      [to[0] + x, to[1] + y],
      [to[0] - x, to[1] - y],
      [from[0] - x, from[1] - y],
    ],
    colour,
  );
}
