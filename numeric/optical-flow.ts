/**
 * Dense optical flow by polynomial expansion (Farnebäck 2003), float64, with the borders, pyramid and averaging of OpenCV's implementation and the
 * settings that AV-align uses: halving pyramid of 3 levels, window 15, 3 rounds, neighbourhood of 11 pixels with σ 1.2.
 */
const LEVELS = 3;
const ROUNDS = 3;
const RADIUS = 5;
const SIGMA = 1.2;
const WINDOW = 15;
/** A level is added only while both sides stay at least this. */
const LEAST_SIDE = 32;
const DETERMINANT = 1e-3;
/** Weight of the outermost pixels, from the border inwards. */
const BORDER = [0.14, 0.14, 0.4472, 0.4472, 0.4472];

/** Grey values, row by row. */
export interface Grey {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
}
interface Plane extends Grey {
  readonly data: Float64Array;
}
/** Movement of every pixel in pixels: x to the right, y down. */
export interface Flow {
  readonly x: Float64Array;
  readonly y: Float64Array;
}
export interface FlowOptions {
  readonly levels?: number;
  readonly rounds?: number;
}

const clamp = (value: number, most: number) => Math.max(0, Math.min(most, value));
const mirrored = (index: number, length: number): number => {
  if (length === 1) return 0;
  let i = index;
  while (i < 0 || i >= length) i = i < 0 ? -i : 2 * (length - 1) - i;
  return i;
};

/** Convolution along rows and columns with odd kernels; `edge` says which pixel stands for one outside. */
function separable(
  plane: Plane,
  [across, down]: readonly [Float64Array, Float64Array],
  edge: (index: number, length: number) => number,
): Plane {
  const { width, height, data } = plane;
  const pass = (kernel: Float64Array, from: Float64Array, length: number, step: number, lines: number, lineStep: number) => {
    const out = new Float64Array(from.length);
    const half = kernel.length >> 1;
    const places = Int32Array.from({ length: length + 2 * half }, (_, i) => edge(i - half, length) * step);
    for (let line = 0; line < lines; line++) {
      const start = line * lineStep;
      for (let i = 0; i < length; i++) {
        let sum = 0;
        for (let k = 0; k < kernel.length; k++) sum += (kernel[k] as number) * (from[start + (places[i + k] as number)] as number);
        out[start + i * step] = sum;
      }
    }
    return out;
  };
  const rows = pass(across, data, width, 1, height, width);
  return { width, height, data: pass(down, rows, height, width, width, 1) };
}

function gaussian(size: number, sigma: number): Float64Array {
  const half = size >> 1;
  const kernel = Float64Array.from({ length: size }, (_, i) => Math.exp(-((i - half) ** 2) / (2 * sigma * sigma)));
  const total = kernel.reduce((sum, value) => sum + value, 0);
  return kernel.map((value) => value / total);
}

/** Bilinear, aligned at pixel centres, edges repeated. */
function resized({ width, height, data }: Plane, toWidth: number, toHeight: number): Plane {
  const out = new Float64Array(toWidth * toHeight);
  for (let y = 0; y < toHeight; y++) {
    const fy = ((y + 0.5) * height) / toHeight - 0.5;
    const [y0, dy] = [Math.floor(fy), fy - Math.floor(fy)];
    for (let x = 0; x < toWidth; x++) {
      const fx = ((x + 0.5) * width) / toWidth - 0.5;
      const [x0, dx] = [Math.floor(fx), fx - Math.floor(fx)];
      const at = (i: number, j: number) => data[clamp(j, height - 1) * width + clamp(i, width - 1)] ?? 0;
      const [top, bottom] = [at(x0, y0) * (1 - dx) + at(x0 + 1, y0) * dx, at(x0, y0 + 1) * (1 - dx) + at(x0 + 1, y0 + 1) * dx];
      out[y * toWidth + x] = top * (1 - dy) + bottom * dy;
    }
  }
  return { width: toWidth, height: toHeight, data: out };
}

/** Terms of f(x, y) ≈ c + b₁x + b₂y + a₁₁x² + a₂₂y² + a₁₂xy around every pixel: [b₁, b₂, a₁₁, a₂₂, a₁₂]. */
function expansion(plane: Plane): Float64Array[] {
  const g = gaussian(2 * RADIUS + 1, SIGMA);
  const offset = Float64Array.from(g, (_, i) => i - RADIUS);
  const moment = (power: number) => g.reduce((sum, weight, i) => sum + weight * (offset[i] ?? 0) ** power, 0);
  const [second, fourth] = [moment(2), moment(4)];
  const gx = g.map((weight, i) => weight * (offset[i] ?? 0));
  const gxx = g.map((weight, i) => weight * (offset[i] ?? 0) ** 2);
  const repeated = (index: number, length: number) => clamp(index, length - 1);
  const part = (across: Float64Array, down: Float64Array) => separable(plane, [across, down], repeated).data;
  const [mean, x, y, xx, yy, xy] = [part(g, g), part(gx, g), part(g, gx), part(gxx, g), part(g, gxx), part(gx, gx)];
  // The moments of {1, x², y²} give the inverse of their Gram matrix in closed form.
  const spread = fourth - second * second;
  const quadratic = (values: Float64Array) => values.map((value, i) => (value - second * (mean[i] ?? 0)) / spread);
  return [
    x.map((value) => value / second),
    y.map((value) => value / second),
    quadratic(xx),
    quadratic(yy),
    xy.map((value) => value / (second * second)),
  ];
}

/** One round: matrices from both expansions at the flow so far, averaged over the window, solved. */
function refine(first: readonly Float64Array[], second: readonly Float64Array[], flow: Flow, width: number, height: number): Flow {
  const size = width * height;
  const products = Array.from({ length: 5 }, () => new Float64Array(size));
  const [b1, b2, a11, a22, a12] = first as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  const side = (i: number, length: number) => (BORDER[i] ?? 1) * (BORDER[length - 1 - i] ?? 1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const [dx, dy] = [flow.x[i] as number, flow.y[i] as number];
      const [fx, fy] = [x + dx, y + dy];
      const [x0, y0] = [Math.floor(fx), Math.floor(fy)];
      let [r1, r2, r3, r4, r5] = [0, 0, 0, 0, 0];
      if (x0 >= 0 && y0 >= 0 && x0 < width - 1 && y0 < height - 1) {
        const [u, v] = [fx - x0, fy - y0];
        const from = y0 * width + x0;
        const sample = (plane: Float64Array) =>
          ((plane[from] as number) * (1 - u) + (plane[from + 1] as number) * u) * (1 - v) +
          ((plane[from + width] as number) * (1 - u) + (plane[from + width + 1] as number) * u) * v;
        const [c1, c2, c11, c22, c12] = second as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
        r1 = ((b1[i] as number) - sample(c1)) / 2;
        r2 = ((b2[i] as number) - sample(c2)) / 2;
        r3 = ((a11[i] as number) + sample(c11)) / 2;
        r4 = ((a22[i] as number) + sample(c22)) / 2;
        r5 = ((a12[i] as number) + sample(c12)) / 4;
      } else {
        [r1, r2, r3, r4, r5] = [(b1[i] as number) / 2, (b2[i] as number) / 2, a11[i] as number, a22[i] as number, (a12[i] as number) / 2];
      }
      r1 += r3 * dx + r5 * dy;
      r2 += r5 * dx + r4 * dy;
      const weight = side(x, width) * side(y, height);
      [r1, r2, r3, r4, r5] = [r1 * weight, r2 * weight, r3 * weight, r4 * weight, r5 * weight];
      const row = [r3 * r3 + r5 * r5, (r3 + r4) * r5, r4 * r4 + r5 * r5, r3 * r1 + r5 * r2, r5 * r1 + r4 * r2];
      for (let k = 0; k < 5; k++) (products[k] as Float64Array)[i] = row[k] as number;
    }
  }
  const box = new Float64Array(WINDOW).fill(1 / WINDOW);
  const [g11, g12, g22, h1, h2] = products.map(
    (data) => separable({ width, height, data }, [box, box], (index, length) => clamp(index, length - 1)).data,
  ) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  const solve = (numerator: (i: number) => number) =>
    Float64Array.from(
      { length: size },
      (_, i) => numerator(i) / ((g11[i] as number) * (g22[i] as number) - (g12[i] as number) ** 2 + DETERMINANT),
    );
  return {
    x: solve((i) => (g22[i] as number) * (h1[i] as number) - (g12[i] as number) * (h2[i] as number)),
    y: solve((i) => (g11[i] as number) * (h2[i] as number) - (g12[i] as number) * (h1[i] as number)),
  };
}

/** The image at 1/2^level of its size. */
function shrunk(image: Plane, level: number): Plane {
  const scale = 0.5 ** level;
  const sigma = (1 / scale - 1) / 2;
  const kernel = level === 0 ? Float64Array.of(0.25, 0.5, 0.25) : gaussian(Math.max(3, Math.round(5 * sigma) | 1), sigma);
  const blurred = separable(image, [kernel, kernel], mirrored);
  return level === 0 ? blurred : resized(blurred, Math.round(image.width * scale), Math.round(image.height * scale));
}

/** Flow from one image to the next of the same size. Throws for images of different sizes. */
export function opticalFlow(from: Grey, to: Grey, { levels = LEVELS, rounds = ROUNDS }: FlowOptions = {}): Flow {
  if (from.width !== to.width || from.height !== to.height)
    throw new RangeError(`Flow needs images of one size, not ${from.width} × ${from.height} and ${to.width} × ${to.height}.`);
  const planes = [from, to].map((image): Plane => ({ ...image, data: Float64Array.from(image.data) }));
  let coarsest = 0;
  while (coarsest < levels && Math.min(from.width, from.height) * 0.5 ** (coarsest + 1) >= LEAST_SIDE) coarsest++;
  let flow: Flow | undefined;
  let before: Plane | undefined;
  for (let level = coarsest; level >= 0; level--) {
    const [a, b] = planes.map((plane) => shrunk(plane, level)) as [Plane, Plane];
    const { width, height } = a;
    const carried = (values: Float64Array, { width: w, height: h }: Plane) =>
      resized({ width: w, height: h, data: values }, width, height).data.map((value) => 2 * value);
    flow =
      flow && before
        ? { x: carried(flow.x, before), y: carried(flow.y, before) }
        : { x: new Float64Array(width * height), y: new Float64Array(width * height) };
    const [first, second] = [expansion(a), expansion(b)];
    for (let round = 0; round < rounds; round++) flow = refine(first, second, flow, width, height);
    before = a;
  }
  return flow ?? { x: new Float64Array(0), y: new Float64Array(0) };
}
