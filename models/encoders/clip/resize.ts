/** A picture of bytes, [height,width,3]. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array;
}

/** Catmull-Rom: the cubic with a = −0.5. */
function cubic(x: number): number {
  const t = Math.abs(x);
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
  return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
}
const BITS = 22;

/** Taps of every output of a line, with weights as whole numbers of 22 bits. */
const tapsOf = (input: number, output: number) =>
  Array.from({ length: output }, (_, index) => {
    const ratio = input / output;
    const scale = Math.max(ratio, 1);
    const centre = (index + 0.5) * ratio;
    const from = Math.max(Math.trunc(centre - 2 * scale + 0.5), 0);
    const to = Math.min(Math.trunc(centre + 2 * scale + 0.5), input);
    const weights = Array.from({ length: to - from }, (_, tap) => cubic((from + tap - centre + 0.5) / scale));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { from, weights: weights.map((weight) => Math.trunc((weight / sum) * 2 ** BITS + (weight < 0 ? -0.5 : 0.5))) };
  });

/** Resizes the middle axis of [before,input,after]. */
function pass(data: Uint8Array, before: number, input: number, after: number, output: number): Uint8Array {
  if (input === output) return data;
  const result = new Uint8Array(before * output * after);
  for (const [index, { from, weights }] of tapsOf(input, output).entries())
    for (let row = 0; row < before; row++)
      for (let rest = 0; rest < after; rest++) {
        let sum = 2 ** (BITS - 1);
        for (const [tap, weight] of weights.entries()) sum += weight * (data[(row * input + from + tap) * after + rest] ?? 0);
        result[(row * output + index) * after + rest] = Math.min(255, Math.max(0, Math.floor(sum / 2 ** BITS)));
      }
  return result;
}

/** Bicubic resize as Pillow does it, to the byte: along the width first, rounded to bytes between. */
function resizeBicubic({ height, width, data }: Picture, size: { readonly height: number; readonly width: number }): Picture {
  const wide = pass(data, height, width, 3, size.width);
  return { ...size, data: pass(wide, 1, height, size.width * 3, size.height) };
}

/** Resizes so that the shorter side is `side`, the longer one rounded down. */
export function resizeShortest(picture: Picture, side: number): Picture {
  const short = Math.min(picture.height, picture.width);
  const scaled = (length: number) => (length === short ? side : Math.trunc((side * length) / short));
  return resizeBicubic(picture, { height: scaled(picture.height), width: scaled(picture.width) });
}
