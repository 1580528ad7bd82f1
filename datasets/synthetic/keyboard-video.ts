/** Five cameras on a piano: four on the keys, one on the pedal. A key dips, and shades with its velocity, while it is held. */
import type { Performance } from '../midi/performance.ts';
import { type Camera, projector, type Vector } from './camera.ts';
import {
  type Canvas,
  type Colour,
  clear,
  createCanvas,
  drawLine,
  fillCircle,
  fillPolygon,
  fillRectangle,
  mix,
  type Point,
} from './canvas.ts';
import { HIGHEST_USED_PITCH, LOWEST_USED_PITCH } from './compose.ts';

export const views = ['front', 'top', 'left', 'right', 'pedal'] as const;
export type View = (typeof views)[number];
export const VIEW_SIZES: Readonly<Record<View, { readonly width: number; readonly height: number }>> = {
  front: { width: 240, height: 64 },
  top: { width: 240, height: 64 },
  left: { width: 96, height: 64 },
  right: { width: 96, height: 64 },
  pedal: { width: 64, height: 64 },
};

/** Unit: width of a white key. x along the keyboard, y from the player to the back, z up. */
const LENGTH = 6.3;
const BLACK_START = 2.3;
const BLACK_WIDTH = 0.58;
const BLACK_HEIGHT = 0.45;
const FRONT_HEIGHT = 1;
const DIP = 0.55;
const BLACK = new Set([1, 3, 6, 8, 10]);

interface Key {
  readonly pitch: number;
  readonly left: number;
  readonly right: number;
  readonly isBlack: boolean;
}
const keys: readonly Key[] = layOut();
const KEYBOARD_WIDTH = Math.max(...keys.map((key) => key.right));

function layOut(): Key[] {
  const laid: Key[] = [];
  let white = 0;
  for (let pitch = LOWEST_USED_PITCH; pitch <= HIGHEST_USED_PITCH; pitch++) {
    const isBlack = BLACK.has(pitch % 12);
    if (isBlack) laid.push({ pitch, left: white - BLACK_WIDTH / 2, right: white + BLACK_WIDTH / 2, isBlack });
    else laid.push({ pitch, left: white, right: ++white, isBlack });
  }
  return laid;
}

const middle: Vector = [KEYBOARD_WIDTH / 2, LENGTH / 2, 0];
const UP: Vector = [0, 0, 1];
const cameras: Readonly<Record<Exclude<View, 'pedal'>, Camera>> = {
  front: { eye: [KEYBOARD_WIDTH / 2, -24, 18], target: [KEYBOARD_WIDTH / 2, 2.2, 0], up: UP, focal: 1.0 },
  top: { eye: [KEYBOARD_WIDTH / 2, LENGTH / 2, 40], target: middle, up: [0, 1, 0], focal: 1.32 },
  left: { eye: [-7, -5, 9], target: [9, 2.5, 0], up: UP, focal: 0.95 },
  right: { eye: [KEYBOARD_WIDTH + 7, -5, 9], target: [KEYBOARD_WIDTH - 9, 2.5, 0], up: UP, focal: 0.95 },
};

/** How far a key is down, 0 … 1, and the force it was struck with, at a time. A strong stroke goes down faster and deeper. */
export function keyDepths(performance: Performance, seconds: number): Map<number, number> {
  const depths = new Map<number, number>();
  for (const note of performance.notes) {
    const force = note.velocity / 127;
    const travel = 0.02 + 0.05 * (1 - force);
    const depth = (0.45 + 0.55 * force) * Math.min(1, (seconds - (note.start - travel)) / travel, 1 - (seconds - note.end) / 0.05);
    if (depth > 0) depths.set(note.pitch, Math.max(depth, depths.get(note.pitch) ?? 0));
  }
  return depths;
}

/** How far the pedal is down, 0 … 1. */
export function pedalDepth(performance: Performance, seconds: number): number {
  let depth = 0;
  for (const span of performance.pedal) {
    depth = Math.max(depth, Math.min(1, (seconds - span.start) / 0.05 + 1, 1 - (seconds - span.end) / 0.06));
  }
  return Math.max(0, depth);
}

interface Face {
  readonly corners: readonly Vector[];
  readonly colour: Colour;
}

function facesOf(key: Key, depth: number): Face[] {
  const top = key.isBlack ? BLACK_HEIGHT : 0;
  const near = key.isBlack ? BLACK_START : 0;
  const gap = 0.08;
  const [left, right] = [key.left + gap, key.right - gap];
  // The key turns about its far end.
  const low = top - DIP * depth;
  const bottom = low - FRONT_HEIGHT;
  const surface: Colour = key.isBlack ? mix([28, 28, 34], [150, 120, 70], depth) : mix([236, 234, 226], [120, 92, 60], depth);
  const side = mix(surface, [0, 0, 0], 0.35);
  return [
    {
      corners: [
        [left, near, low],
        [right, near, low],
        [right, LENGTH, top],
        [left, LENGTH, top],
      ],
      colour: surface,
    },
    {
      corners: [
        [left, near, low],
        [right, near, low],
        [right, near, bottom],
        [left, near, bottom],
      ],
      colour: side,
    },
    {
      corners: [
        [left, near, low],
        [left, LENGTH, top],
        [left, LENGTH, top - 0.5],
        [left, near, bottom],
      ],
      colour: side,
    },
    {
      corners: [
        [right, near, low],
        [right, LENGTH, top],
        [right, LENGTH, top - 0.5],
        [right, near, bottom],
      ],
      colour: side,
    },
  ];
}

const CASE: Colour = [52, 30, 22];

/** Paints the keys far to near. */
function paintKeyboard(canvas: Canvas, camera: Camera, depths: ReadonlyMap<number, number>): void {
  clear(canvas, CASE);
  const project = projector(camera, canvas.width, canvas.height);
  const painted = keys.map((key) => {
    const centre = project([(key.left + key.right) / 2, key.isBlack ? 4.3 : 3.15, 0]).distance;
    return { key, centre: key.isBlack ? centre - 1.6 : centre };
  });
  painted.sort((a, b) => b.centre - a.centre);
  for (const { key } of painted) {
    const faces = facesOf(key, depths.get(key.pitch) ?? 0).map(({ corners, colour }) => {
      const projected = corners.map(project);
      return { points: projected.map(({ at }) => at), far: Math.max(...projected.map(({ distance }) => distance)), colour };
    });
    const [surface, ...sides] = faces;
    for (const face of sides) fillPolygon(canvas, face.points, face.colour);
    if (surface) fillPolygon(canvas, surface.points, surface.colour);
  }
}

/** A foot and a pedal from the side. */
function paintPedal(canvas: Canvas, depth: number): void {
  const { width, height } = canvas;
  clear(canvas, [70, 62, 58]);
  fillRectangle(canvas, 0, height * 0.82, width, height * 0.18, [110, 84, 60]);
  fillRectangle(canvas, width * 0.78, 0, width * 0.22, height * 0.82, CASE);
  const drop = 9 * depth;
  const pivot: Point = [width * 0.8, height * 0.6];
  const tip: Point = [width * 0.2, height * 0.62 + drop];
  drawLine(canvas, pivot, tip, 5, mix([196, 160, 70], [255, 214, 110], depth));
  fillCircle(canvas, tip[0], tip[1], 4, [212, 175, 80]);
  drawLine(canvas, [tip[0] - 8, tip[1] - 9], [tip[0] + 18, tip[1] - 7], 8, [24, 24, 28]);
  drawLine(canvas, [tip[0] - 6, tip[1] - 10], [tip[0] - 9, tip[1] - 30], 7, [40, 44, 66]);
}

/** Frames of one view of a performance, [height, width, 3] each; the buffer is used again for the next frame. */
export function* paintView(performance: Performance, view: View, framesPerSecond: number): Generator<Uint8Array> {
  const { width, height } = VIEW_SIZES[view];
  const canvas = createCanvas(width, height);
  const count = Math.round(performance.seconds * framesPerSecond);
  let painted = '';
  for (let frame = 0; frame < count; frame++) {
    const seconds = frame / framesPerSecond;
    const depths = view === 'pedal' ? new Map([[0, pedalDepth(performance, seconds)]]) : keyDepths(performance, seconds);
    // Most frames show what the one before showed.
    const shown = JSON.stringify([...depths]);
    if (shown !== painted) {
      if (view === 'pedal') paintPedal(canvas, depths.get(0) ?? 0);
      else paintKeyboard(canvas, cameras[view], depths);
      painted = shown;
    }
    yield canvas.pixels;
  }
}
