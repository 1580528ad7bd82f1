import { describe, expect, it } from 'vitest';
import { frameDifferences, soundAndMotion } from '../../../models/metrics/av-align.ts';
import { onsetEnvelope, pickOnsets } from '../../../models/metrics/onsets.ts';

describe('onsets', () => {
  it('are not found in silence', () => {
    expect(pickOnsets(onsetEnvelope(new Float32Array(22_050)))).toEqual([]);
  });
});

describe('peaks of motion', () => {
  it('come from differences of frames: none in a still picture, 1 from black to white', () => {
    expect(frameDifferences(new Uint8Array(30).fill(9), 10)).toEqual(new Float32Array(3));
    expect(frameDifferences(Uint8Array.of(0, 0, 255, 255, 255, 255), 2)).toEqual(Float32Array.of(1, 1, 0));
  });
});

describe('sound and motion', () => {
  const RATE = 24_000;
  const FPS = 25;
  const STRIKES = [0.4, 0.92, 1.2, 1.76];
  const struck = (times: readonly number[]) => {
    const out = new Float32Array(2 * RATE);
    for (const time of times)
      for (let i = 0; i < 1200; i++) out[Math.round(time * RATE) + i] = 0.5 * Math.exp(-i / 200) * Math.sin(i * 0.9) * (i % 2 ? 1 : -0.6);
    return out;
  };
  const motion = Float32Array.from({ length: 2 * FPS }, (_, frame) =>
    STRIKES.some((time) => Math.round(time * FPS) === frame) ? 1 : 0.02,
  );

  it('that belong together agree, and better than those that do not', () => {
    const right = soundAndMotion(struck(STRIKES), RATE, motion, FPS);
    const wrong = soundAndMotion(struck([0.16, 0.64, 1.48]), RATE, motion, FPS);
    expect(right.avAlign).toBeGreaterThan(0.5);
    expect(right.correlation).toBeGreaterThan(0.5);
    expect(wrong.avAlign).toBe(0);
    expect(wrong.correlation).toBeLessThan(0.3);
  });
  it('do not depend on the gain of either', () => {
    const quiet = struck(STRIKES).map((value) => value / 8);
    const [one, other] = [
      soundAndMotion(struck(STRIKES), RATE, motion, FPS),
      soundAndMotion(
        quiet,
        RATE,
        motion.map((value) => value / 8),
        FPS,
      ),
    ];
    expect(other.avAlign).toBe(one.avAlign);
    expect(other.correlation).toBeCloseTo(one.correlation, 6);
  });
  it('without any peak have no agreement, but a correlation of 0', () => {
    expect(soundAndMotion(new Float32Array(2 * RATE), RATE, new Float32Array(50), FPS)).toEqual({ avAlign: undefined, correlation: 0 });
  });
});
