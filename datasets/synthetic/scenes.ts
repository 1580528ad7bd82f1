import { type Canvas, type Colour, clear, drawLine, fillCircle, fillRectangle, mix } from './canvas.ts';
import { phrase, times } from './captions.ts';
import type { Draws } from './draws.ts';
import type { SceneEvent, SceneSpec } from './events.ts';
import { addModes, addShaped, addTone, held, resonate, struck, whiteNoise } from './signals.ts';

export interface Scene {
  draw(draws: Draws, seconds: number): Omit<SceneSpec, 'kind' | 'seconds'>;
  paint(canvas: Canvas, spec: SceneSpec, seconds: number): void;
  sound(out: Float32Array, spec: SceneSpec, event: SceneEvent, options: { sampleRate: number; seed: number }): void;
}

const COLOURS: readonly (readonly [string, Colour])[] = [
  ['red', [222, 52, 44]],
  ['green', [52, 186, 84]],
  ['blue', [56, 104, 226]],
  ['yellow', [238, 208, 52]],
  ['white', [240, 240, 240]],
];
const BACKGROUNDS: readonly Colour[] = [
  [28, 32, 40],
  [60, 52, 44],
  [36, 52, 48],
  [70, 70, 84],
];
const FLOOR = 84;

const ball: Scene = {
  draw(draws, seconds) {
    const [name, colour] = draws.pick(COLOURS);
    const isBig = draws.chance(0.5);
    const radius = isBig ? draws.uniform(11, 14) : draws.uniform(5, 7);
    const height = draws.uniform(44, 60);
    // In a short clip it falls faster, so that it lands in any case.
    const gravity = Math.max(draws.uniform(190, 320), (2 * height) / (0.4 * seconds) ** 2);
    const restitution = draws.uniform(0.66, 0.82);
    const events: SceneEvent[] = [];
    let time = Math.sqrt((2 * height) / gravity);
    let speed = gravity * time;
    const full = speed;
    while (time < seconds - 0.05 && events.length < 10 && speed / full > 0.12) {
      events.push({ time, strength: speed / full });
      speed *= restitution;
      time += (2 * speed) / gravity;
    }
    return {
      caption: phrase(
        draws,
        ['a {size} {name} ball bounces on the floor', 'a {size} {name} ball is dropped and bounces {times}', '{size} {name} ball bouncing'],
        {
          size: isBig ? ['big', 'large'] : ['small', 'little'],
          name,
          times: times(draws, events.length),
        },
      ),
      colour,
      background: draws.pick(BACKGROUNDS),
      parameters: { radius, height, gravity, x: draws.uniform(30, 66), drift: draws.uniform(-8, 8) },
      events,
    };
  },
  paint(canvas, spec, seconds) {
    const { radius = 8, height = 50, gravity = 250, x = 48, drift = 0 } = spec.parameters;
    clear(canvas, spec.background);
    fillRectangle(canvas, 0, FLOOR, 96, 12, mix(spec.background, [200, 180, 150], 0.5));
    const last = spec.events.findLast((event) => event.time <= seconds);
    const first = spec.events[0]?.time ?? 0;
    // Between two bounces the ball flies with the speed it left the floor with.
    let above = height - 0.5 * gravity * seconds * seconds;
    if (last) {
      const t = seconds - last.time;
      const next = spec.events[spec.events.indexOf(last) + 1];
      const speed = next ? (gravity * (next.time - last.time)) / 2 : gravity * first * last.strength * 0.4;
      above = Math.max(0, speed * t - 0.5 * gravity * t * t);
    }
    const flat = last && seconds - last.time < 0.05 ? 1.5 * last.strength : 0;
    fillCircle(canvas, x + drift * seconds, FLOOR - radius - above + flat, radius, spec.colour);
    fillCircle(
      canvas,
      x + drift * seconds - radius * 0.35,
      FLOOR - radius * 1.4 - above + flat,
      radius * 0.25,
      mix(spec.colour, [255, 255, 255], 0.6),
    );
  },
  sound(out, spec, { time, strength }, { sampleRate, seed }) {
    const pitch = 820 / (spec.parameters.radius ?? 8) + 60;
    addModes(
      out,
      time,
      [
        [pitch, 1, 0.07],
        [pitch * 1.9, 0.5, 0.04],
        [pitch * 3.3, 0.25, 0.02],
      ],
      0.55 * strength,
      sampleRate,
    );
    const slap = resonate(whiteNoise(Math.round(0.05 * sampleRate), seed, 'slap'), pitch * 5, pitch * 4, sampleRate);
    addShaped(out, slap, time, struck(0.001, 0.008), 0.8 * strength, sampleRate);
  },
};

const walls: Scene = {
  draw(draws, seconds) {
    const [name, colour] = draws.pick(COLOURS);
    const isFast = draws.chance(0.5);
    const period = Math.min(0.5 * seconds, isFast ? draws.uniform(0.26, 0.34) : draws.uniform(0.6, 0.8));
    const events: SceneEvent[] = [];
    for (let time = period * draws.uniform(0.3, 1); time < seconds - 0.05; time += period) events.push({ time, strength: 0.9 });
    return {
      caption: phrase(
        draws,
        [
          'a {name} ball {speed} hits one wall and then the other',
          'a {name} ball {flies} between two walls',
          '{name} ball knocking against the walls, {speed}',
        ],
        {
          name,
          speed: isFast ? ['quickly', 'fast'] : ['slowly', 'unhurriedly'],
          flies: isFast ? ['races', 'shoots'] : ['drifts', 'rolls slowly'],
        },
      ),
      colour,
      background: draws.pick(BACKGROUNDS),
      parameters: { period, radius: draws.uniform(6, 9), y: draws.uniform(34, 62), pitch: draws.uniform(380, 620) },
      events,
    };
  },
  paint(canvas, spec, seconds) {
    const { period = 0.5, radius = 7, y = 48 } = spec.parameters;
    clear(canvas, spec.background);
    const wall = mix(spec.background, [190, 190, 200], 0.6);
    fillRectangle(canvas, 0, 0, 8, 96, wall);
    fillRectangle(canvas, 88, 0, 8, 96, wall);
    const first = spec.events[0]?.time ?? 0;
    // One crossing a period, the first event at the left wall.
    const turns = (seconds - first) / period;
    const place = Math.abs((((turns % 2) + 2) % 2) - 1);
    fillCircle(canvas, 8 + radius + (80 - 2 * radius) * (1 - place), y, radius, spec.colour);
  },
  sound(out, spec, { time, strength }, { sampleRate, seed }) {
    const left = spec.events.findIndex((event) => event.time === time) % 2 === 0;
    const pitch = (spec.parameters.pitch ?? 500) * (left ? 1 : 1.26);
    addModes(
      out,
      time,
      [
        [pitch, 1, 0.05],
        [pitch * 2.4, 0.5, 0.03],
        [pitch * 4.3, 0.3, 0.015],
      ],
      0.5 * strength,
      sampleRate,
    );
    addShaped(out, whiteNoise(Math.round(0.02 * sampleRate), seed, 'wall'), time, struck(0.0005, 0.003), 0.15, sampleRate);
  },
};

const lamp: Scene = {
  draw(draws, seconds) {
    const [name, colour] = draws.pick(COLOURS.slice(0, 4));
    const isHigh = draws.chance(0.5);
    const fitting = Math.max(1, Math.min(4, Math.floor(seconds / 0.45)));
    const count = draws.integer(1, fitting);
    const gap = Math.min(draws.uniform(0.4, 0.6), (seconds * 0.9) / count);
    const events = Array.from({ length: count }, (_, index) => ({ time: 0.1 + index * gap, strength: 0.9 }));
    return {
      caption: phrase(
        draws,
        [
          'a {name} lamp flashes with a {height} beep, {times}',
          '{name} light and a {height} beep, {times}',
          'a {height} beep {times} as a {name} lamp lights up',
        ],
        {
          name,
          height: isHigh ? ['high', 'high-pitched'] : ['low', 'deep'],
          times: times(draws, count),
        },
      ),
      colour,
      background: draws.pick(BACKGROUNDS),
      parameters: {
        pitch: isHigh ? draws.uniform(1300, 1900) : draws.uniform(280, 420),
        duration: Math.min(0.2, gap * 0.6),
        radius: draws.uniform(14, 22),
      },
      events,
    };
  },
  paint(canvas, spec, seconds) {
    const { duration = 0.2, radius = 16 } = spec.parameters;
    const isLit = spec.events.some(({ time }) => seconds >= time && seconds < time + duration);
    clear(canvas, isLit ? mix(spec.background, spec.colour, 0.25) : spec.background);
    if (isLit) fillCircle(canvas, 48, 44, radius * 1.5, mix(spec.background, spec.colour, 0.55));
    fillCircle(canvas, 48, 44, radius, isLit ? mix(spec.colour, [255, 255, 255], 0.3) : mix(spec.background, spec.colour, 0.3));
    fillRectangle(canvas, 44, 44 + radius, 8, 90 - 44 - radius, [90, 90, 96]);
  },
  sound(out, spec, { time }, { sampleRate }) {
    const { duration = 0.2, pitch = 800 } = spec.parameters;
    addTone(
      out,
      time,
      duration,
      {
        frequency: () => pitch,
        envelope: held(duration, 0.008),
        partials: [
          [1, 1],
          [2, 0.3],
          [3, 0.2],
        ],
        gain: 0.45,
      },
      sampleRate,
    );
  },
};

const pendulum: Scene = {
  draw(draws, seconds) {
    const [name, colour] = draws.pick(COLOURS);
    const isFast = draws.chance(0.5);
    const half = isFast ? draws.uniform(0.24, 0.32) : draws.uniform(0.5, 0.65);
    const events: SceneEvent[] = [];
    for (let time = half / 2; time < seconds - 0.03; time += half) events.push({ time, strength: 0.9 });
    return {
      caption: phrase(
        draws,
        ['a pendulum with a {name} weight swings {speed} and ticks', 'the {tick} of a {name} pendulum', 'a {name} pendulum ticks {speed}'],
        {
          name,
          speed: isFast ? ['quickly', 'fast'] : ['slowly', 'in a slow rhythm'],
          tick: isFast ? ['fast tick', 'quick ticking'] : ['slow tick', 'slow ticking'],
        },
      ),
      colour,
      background: draws.pick(BACKGROUNDS),
      parameters: { half, swing: draws.uniform(0.45, 0.7), pitch: draws.uniform(1500, 2300) },
      events,
    };
  },
  paint(canvas, spec, seconds) {
    const { half = 0.5, swing = 0.5 } = spec.parameters;
    clear(canvas, spec.background);
    // The tick falls where the weight passes the middle.
    const angle = swing * Math.cos((Math.PI * seconds) / half);
    const end = [48 + 64 * Math.sin(angle), 12 + 64 * Math.cos(angle)] as const;
    fillRectangle(canvas, 40, 6, 16, 6, [120, 110, 100]);
    drawLine(canvas, [48, 12], end, 2.5, [190, 190, 190]);
    fillCircle(canvas, end[0], end[1], 9, spec.colour);
  },
  sound(out, spec, { time, strength }, { sampleRate }) {
    const isTick = spec.events.findIndex((event) => event.time === time) % 2 === 0;
    const pitch = (spec.parameters.pitch ?? 1800) * (isTick ? 1 : 0.8);
    addModes(
      out,
      time,
      [
        [pitch, 1, 0.012],
        [pitch * 1.6, 0.6, 0.008],
        [pitch * 0.35, 0.7, 0.02],
      ],
      0.4 * strength,
      sampleRate,
    );
  },
};

export const scenes = { ball, walls, lamp, pendulum } as const satisfies Record<string, Scene>;
export type SceneKind = keyof typeof scenes;
