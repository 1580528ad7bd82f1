import { z } from 'zod';
import { encodePng } from './png.ts';
import { counted } from './words.ts';

/** Which keys sound when. */
export interface Roll {
  readonly framesPerSecond: number;
  /** Key of the first column, from 0 (A0) to 87. */
  readonly firstKey: number;
  readonly keys: number;
  /** [frames, keys]; 0 is silent, 255 the loudest. */
  readonly values: Uint8Array;
}

const stored = z.object({
  framesPerSecond: z.number().positive(),
  firstKey: z.int().min(0).max(87),
  keys: z.int().min(1).max(88),
  values: z.base64(),
});

/** Reads a roll file: JSON with `framesPerSecond`, `firstKey`, `keys` and `values` [frames, keys] as bytes in base64. undefined if it is none. */
export function readRoll(bytes: Uint8Array): Roll | undefined {
  const { data } = stored.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  const values = Buffer.from(data?.values ?? '', 'base64');
  return data === undefined || values.length === 0 || values.length % data.keys !== 0 ? undefined : { ...data, values };
}

/** Lowest and highest key that sound in any of the rolls, with some room; two octaves in the middle if none does. */
export function keyRange(rolls: readonly Roll[]): readonly [lowest: number, highest: number] {
  const sounding = rolls.flatMap(({ values, keys, firstKey }) =>
    Array.from({ length: keys }, (_, k) => k).flatMap((k) =>
      values.some((value, i) => value > 0 && i % keys === k) ? [firstKey + k] : [],
    ),
  );
  return sounding.length === 0 ? [27, 51] : [Math.max(0, Math.min(...sounding) - 2), Math.min(87, Math.max(...sounding) + 2)];
}

const framesOf = ({ values, keys }: Roll): number => values.length / keys;
const at = ({ values, keys, firstKey }: Roll, frame: number, key: number): number =>
  key < firstKey || key >= firstKey + keys ? 0 : (values[frame * keys + key - firstKey] ?? 0);

/** Places in the palette: two grounds, three colours of a comparison, and the levels of a roll alone, which take none of those. */
const ground = { white: 0, black: 1 } as const;
const compared = { both: 2, here: 3, there: 4 } as const;
const softest = 96;
const colours = [
  [24, 27, 38],
  [14, 16, 24],
  [244, 238, 214],
  [240, 128, 62],
  [86, 126, 232],
];
const [quiet, loud] = [
  [26, 74, 74],
  [150, 240, 222],
];
const levels = Array.from({ length: 256 - colours.length }, (_, i) =>
  quiet.map((value, channel) => {
    const part = Math.max(0, i + colours.length - softest) / (255 - softest);
    return Math.round(value + part * ((loud[channel] ?? 0) - value));
  }),
);
const palette = Uint8Array.from([...colours, ...levels].flat());

const BLACK_KEYS = new Set([1, 4, 6, 9, 11]);

/**
 * A roll as PNG, a pixel a frame and key, high notes on top; brighter is louder. Beside another roll (of the same grid) notes are light where both sound, orange
 * where only this one does, blue where only the other one does.
 */
export function drawRoll(roll: Roll, [lowest, highest]: readonly [number, number], against?: Roll): Buffer {
  const [width, height] = [framesOf(roll), highest - lowest + 1];
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const key = highest - y;
    for (let frame = 0; frame < width; frame++) {
      const level = at(roll, frame, key);
      const other = against === undefined ? 0 : at(against, frame, key);
      const none = BLACK_KEYS.has(key % 12) ? ground.black : ground.white;
      const alone = against === undefined ? Math.round(softest + (level * (255 - softest)) / 255) : compared.here;
      pixels[y * width + frame] = level > 0 ? (other > 0 ? compared.both : alone) : other > 0 ? compared.there : none;
    }
  }
  return encodePng(pixels, width, height, palette);
}

const NAMES = ['A', 'A♯', 'B', 'C', 'C♯', 'D', 'D♯', 'E', 'F', 'F♯', 'G', 'G♯'];
const nameOf = (key: number): string => `${NAMES[key % 12]}${Math.floor((key + 9) / 12)}`;

/** What a roll shows, in words. */
export function tellRoll(roll: Roll, against?: Roll): string {
  const [frames, keys] = [framesOf(roll), Array.from({ length: roll.keys }, (_, k) => roll.firstKey + k)];
  let [notes, both, either] = [0, 0, 0];
  const used: number[] = [];
  for (const key of keys) {
    for (let frame = 0; frame < frames; frame++) {
      const [here, there] = [at(roll, frame, key) > 0, against !== undefined && at(against, frame, key) > 0];
      if (here && (frame === 0 || at(roll, frame - 1, key) === 0)) {
        notes++;
        used.push(key);
      }
      both += here && there ? 1 : 0;
      either += here || there ? 1 : 0;
    }
  }
  const range = used.length === 0 ? '' : ` from ${nameOf(Math.min(...used))} to ${nameOf(Math.max(...used))}`;
  const agreement = against === undefined || either === 0 ? '' : `; ${Math.round((100 * both) / either)} % agrees with what was played`;
  return `${counted(notes, 'note')}${range} in ${(frames / roll.framesPerSecond).toFixed(1)} s${agreement}`;
}
