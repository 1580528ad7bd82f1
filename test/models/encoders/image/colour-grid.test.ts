import { describe, expect, it } from 'vitest';
import { colourGrid } from '../../../../models/encoders/image/colour-grid.ts';

/** Frames of 4 × 4 pixels. */
const frame = (colour: (x: number, y: number) => readonly number[]) =>
  Array.from({ length: 16 }, (_, i) => colour(i % 4, Math.floor(i / 4))).flat();
const grey = () => [110, 110, 110];

describe('the colour grid', () => {
  it('gives the mean of each colour of each tile, from left to right and top to bottom, and 0 for grey', () => {
    const redRight = frame((x, y) => (x >= 2 && y < 2 ? [x === 2 ? 110 : 230, 110, 110] : grey()));
    const features = colourGrid(4, 2).encode(Uint8Array.from([...frame(grey), ...redRight]));
    expect(features).toHaveLength(2 * 12);
    expect([...features.subarray(0, 12)].every((value) => value === 0)).toBe(true);
    expect([...features.subarray(12)].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
  it('sees where something is, but not what within a tile', () => {
    const encoder = colourGrid(4, 2);
    const dot = (px: number, py: number) =>
      encoder.encode(Uint8Array.from(frame((x, y) => (x === px && y === py ? [255, 255, 255] : grey()))));
    expect(dot(0, 0)).toEqual(dot(1, 1));
    expect(dot(0, 0)).not.toEqual(dot(2, 0));
  });
  it('refuses sides that its tiles do not divide', () => {
    expect(() => colourGrid(30, 8)).toThrow(/30 pixels/);
  });
});
