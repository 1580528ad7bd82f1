/** Short scenes in which something visible sounds: what is seen and what is heard come from the same list of events. */
import { type Colour, createCanvas } from './canvas.ts';
import { drawsOf } from './draws.ts';
import { softLimit } from './piano.ts';
import { type SceneKind, scenes } from './scenes.ts';

export interface SceneEvent {
  /** Seconds at which it is seen and heard. */
  readonly time: number;
  /** 0 … 1 */
  readonly strength: number;
}
export interface SceneSpec {
  readonly kind: SceneKind;
  readonly caption: string;
  readonly seconds: number;
  readonly colour: Colour;
  readonly background: Colour;
  readonly parameters: Readonly<Record<string, number>>;
  readonly events: readonly SceneEvent[];
}

export const SCENE_SIZE = { width: 96, height: 96 } as const;
export const sceneKinds = Object.keys(scenes) as SceneKind[];

/** Draws a scene with its caption; the same arguments give the same scene. */
export function drawScene(seed: number, seconds: number, kind?: SceneKind): SceneSpec {
  const draws = drawsOf({ seed, purpose: 'scene' });
  const chosen = kind ?? draws.pick(sceneKinds);
  return { kind: chosen, seconds, ...scenes[chosen].draw(draws, seconds) };
}

/** Frames of a scene, [96, 96, 3] each; the buffer is used again for the next frame. */
export function* paintScene(spec: SceneSpec, framesPerSecond: number): Generator<Uint8Array> {
  const canvas = createCanvas(SCENE_SIZE.width, SCENE_SIZE.height);
  const count = Math.round(spec.seconds * framesPerSecond);
  for (let frame = 0; frame < count; frame++) {
    scenes[spec.kind].paint(canvas, spec, frame / framesPerSecond);
    yield canvas.pixels;
  }
}

/** The sound of a scene, Float32Array [seconds · sampleRate] in [−1, 1]. */
export function renderScene(spec: SceneSpec, options: { readonly sampleRate: number; readonly seed: number }): Float32Array {
  const out = new Float32Array(Math.round(spec.seconds * options.sampleRate));
  for (const event of spec.events) scenes[spec.kind].sound(out, spec, event, options);
  return softLimit(out);
}
