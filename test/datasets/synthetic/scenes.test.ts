import { describe, expect, it } from 'vitest';
import { drawScene, paintScene, renderScene, SCENE_SIZE, type SceneSpec, sceneKinds } from '../../../datasets/synthetic/events.ts';
import { keyDepths, paintView, pedalDepth, VIEW_SIZES, views } from '../../../datasets/synthetic/keyboard-video.ts';
import { onsets, peakOf, RATE } from './measure.ts';

const frames = (spec: SceneSpec, rate = 25) => [...paintScene(spec, rate)].length;
const seeds = [1, 2, 3, 4, 5, 6];

describe('scenes', () => {
  it.each(sceneKinds)('%s: has events in any clip, a frame for each tick, and sound', (kind) => {
    for (const seconds of [0.5, 2, 4]) {
      for (const seed of seeds) {
        const spec = drawScene(seed, seconds, kind);
        expect(spec.events.length).toBeGreaterThan(0);
        expect(spec.events.every(({ time }) => time >= 0 && time < seconds)).toBe(true);
        expect(frames(spec)).toBe(Math.round(25 * seconds));
        const samples = renderScene(spec, { sampleRate: RATE, seed });
        expect(samples.length).toBe(Math.round(seconds * RATE));
        expect(peakOf(samples)).toBeGreaterThan(0.2);
        expect(peakOf(samples)).toBeLessThan(0.99);
      }
    }
  });

  it.each(['lamp', 'pendulum', 'walls'] as const)('%s: is heard when it is seen', (kind) => {
    for (const seed of seeds) {
      const spec = drawScene(seed, 2, kind);
      const heard = onsets(renderScene(spec, { sampleRate: RATE, seed }));
      expect(heard.length).toBe(spec.events.length);
      heard.forEach((time, index) => {
        expect(Math.abs(time - (spec.events[index]?.time ?? 0))).toBeLessThan(0.02);
      });
    }
  });

  it('a ball is on the floor when it sounds, and in the air between', () => {
    for (const seed of seeds) {
      const spec = drawScene(seed, 2, 'ball');
      const rate = 200;
      const [red, green, blue] = spec.colour;
      const bottoms: number[] = [];
      for (const pixels of paintScene(spec, rate)) {
        let bottom = 0;
        for (let i = 0; i < pixels.length; i += 3) {
          if (pixels[i] === red && pixels[i + 1] === green && pixels[i + 2] === blue) bottom = Math.floor(i / 3 / SCENE_SIZE.width);
        }
        bottoms.push(bottom);
      }
      for (const [index, { time }] of spec.events.entries()) {
        expect(bottoms[Math.round(time * rate)]).toBeGreaterThanOrEqual(82);
        const next = spec.events[index + 1];
        if (next && next.time - time > 0.3) expect(bottoms[Math.round(((time + next.time) / 2) * rate)]).toBeLessThan(80);
      }
    }
  });
});

describe('camera views of a keyboard', () => {
  const performance = {
    notes: [
      { pitch: 60, velocity: 120, start: 0.4, end: 0.8 },
      { pitch: 72, velocity: 30, start: 0.4, end: 0.8 },
    ],
    pedal: [{ start: 0.5, end: 0.9 }],
    seconds: 1.2,
  };

  it('a key is down while it is held, deeper when struck harder', () => {
    expect(keyDepths(performance, 0.2).size).toBe(0);
    const depths = keyDepths(performance, 0.6);
    expect(depths.get(60)).toBeGreaterThan((depths.get(72) ?? 0) + 0.2);
    expect(keyDepths(performance, 0.9).size).toBe(0);
    expect([0.3, 0.6, 1.1].map((time) => pedalDepth(performance, time))).toEqual([0, 1, 0]);
  });

  it.each(views)('%s: changes when something moves and only then', (view) => {
    const painted = [...paintView(performance, view, 25)].length;
    expect(painted).toBe(30);
    const seen: string[] = [];
    for (const pixels of paintView(performance, view, 25)) {
      expect(pixels.length).toBe(VIEW_SIZES[view].width * VIEW_SIZES[view].height * 3);
      seen.push(Buffer.from(pixels).toString('base64'));
    }
    expect(seen[15]).not.toBe(seen[2]);
    expect(seen[29]).toBe(seen[2]);
    expect(seen[16]).toBe(seen[15]);
  });

  it('different keys change different places', () => {
    const one = (pitch: number) => {
      const held = { notes: [{ pitch, velocity: 100, start: 0, end: 1 }], pedal: [], seconds: 0.2 };
      return Uint8Array.from([...paintView(held, 'top', 25)].at(-1) ?? []);
    };
    const still = Uint8Array.from([...paintView({ notes: [], pedal: [], seconds: 0.1 }, 'top', 25)].at(-1) ?? []);
    const centre = (pixels: Uint8Array) => {
      let [sum, count] = [0, 0];
      pixels.forEach((value, i) => {
        if (value === still[i]) return;
        sum += Math.floor(i / 3) % VIEW_SIZES.top.width;
        count++;
      });
      return sum / count;
    };
    const centres = [36, 48, 61, 72, 86].map((pitch) => centre(one(pitch)));
    expect(centres).toEqual([...centres].sort((a, b) => a - b));
  });
});
