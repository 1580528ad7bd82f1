import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { addRolls } from '../../../web/report/add-rolls.ts';
import type { ReportModel } from '../../../web/report/model.ts';
import { drawRoll, keyRange, type Roll, readRoll, tellRoll } from '../../../web/report/piano-roll.ts';
import { exampleModel, rollFile } from '../example.ts';

/** Notes [key, from, to, level] on all 88 keys, 75 frames. */
const roll = (...notes: [key: number, from: number, to: number, level: number][]): Roll => {
  const read = readRoll(rollFile(notes, 75));
  if (read === undefined) throw new Error('no roll');
  return read;
};
/** Palette entries of a PNG, row by row, without the filter bytes. */
function pixelsOf(png: Buffer): { width: number; height: number; rows: number[][] } {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const at = png.indexOf('IDAT');
  const raw = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  const rows: number[][] = [];
  for (let y = 0; y < height; y++) {
    rows.push(Array.from({ length: width }, (_, x) => ((raw[y * (width + 1) + 1 + x] ?? 0) + (rows[y - 1]?.[x] ?? 0)) % 256));
  }
  return { width, height, rows };
}

describe('the picture of a piano roll', () => {
  it('has a pixel for every frame and key, high notes on top, louder ones brighter', () => {
    const { width, height, rows } = pixelsOf(drawRoll(roll([40, 10, 20, 255], [38, 30, 40, 40]), [36, 41]));
    expect([width, height]).toEqual([75, 6]);
    expect(rows[1]?.[15]).toBe(255);
    expect(rows[3]?.[35]).toBeGreaterThan(90);
    expect(rows[3]?.[35]).toBeLessThan(140);
    expect(rows[1]?.[25]).toBeLessThan(2);
  });
  it('tells by colour what both have, what only one has, and what only the other has', () => {
    const { rows } = pixelsOf(drawRoll(roll([40, 0, 10, 255], [41, 0, 10, 255]), [39, 42], roll([40, 0, 10, 9], [42, 0, 10, 9])));
    expect(rows.map((row) => row[5])).toEqual([4, 3, 2, expect.toSatisfy((ground: number) => ground < 2)]);
  });
  it('covers the notes of all rolls of a group, with room', () => {
    expect(keyRange([roll([40, 0, 1, 1]), roll([51, 0, 1, 1])])).toEqual([38, 53]);
    expect(keyRange([roll([0, 0, 1, 1], [87, 0, 1, 1])])).toEqual([0, 87]);
    expect(keyRange([roll()])).toEqual([27, 51]);
  });
  it('is told in words', () => {
    expect(tellRoll(roll([39, 0, 10, 9], [39, 20, 30, 9], [51, 0, 75, 9]))).toBe('3 notes from C4 to C5 in 1.0 s');
    expect(tellRoll(roll([39, 0, 10, 9]), roll([39, 0, 30, 9]))).toBe('1 note from C4 to C4 in 1.0 s; 33 % agrees with what was played');
    expect(tellRoll(roll())).toBe('0 notes in 1.0 s');
  });
});

describe('rolls of a report', () => {
  it('are drawn on the keys of their group; one that cannot be read is left for the page to say', async () => {
    const files = new Map<string, Uint8Array>([
      ['a', rollFile([[40, 0, 10, 255]], 75)],
      ['b', rollFile([[60, 0, 10, 255]], 75)],
      ['broken', Buffer.from('{"keys": 3}')],
    ]);
    const media = {
      read: async (name: string) => files.get(name) ?? Promise.reject(new Error('ENOENT')),
      write: async (name: string, bytes: Uint8Array) => void files.set(name, bytes),
    };
    const items = [
      {
        title: 'one',
        rolls: [
          { title: 'played', roll: 'a' },
          { title: 'heard', roll: 'b', against: 'a' },
        ],
      },
      {
        title: 'two',
        rolls: [
          { title: 'heard', roll: 'broken' },
          { title: 'guide', roll: 'gone' },
        ],
      },
    ];
    const { exhibits } = await addRolls<ReportModel>(
      { ...exampleModel, exhibits: [{ node: 'n', title: 't', groups: [{ title: 'g', items }] }] },
      media,
    );
    const [first, second] = exhibits[0]?.groups[0]?.items ?? [];
    expect(first?.rolls?.map(({ picture }) => picture?.told)).toEqual([
      '1 note from C♯4 to C♯4 in 1.0 s',
      '1 note from A5 to A5 in 1.0 s; 0 % agrees with what was played',
    ]);
    expect(pixelsOf(Buffer.from(files.get('a.png') ?? [])).height).toBe(25);
    expect(second?.rolls).toEqual(items[1]?.rolls);
  });
});
